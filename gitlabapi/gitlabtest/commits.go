package gitlabtest

import (
	"encoding/base64"
	"net/http"
	"path"
	"slices"
	"strings"
)

// readableCode is the project of the address with the state at a ref; nil for no such state.
func (c *call) readableCode(ref string) (*Project, *branch, error) {
	p, err := c.findProject()
	if err != nil {
		return nil, nil, err
	}
	if !c.canReadCode(c.user, p) {
		return nil, nil, refuseStatus(http.StatusForbidden)
	}
	return p, c.commitAt(p.ID, ref), nil
}

type fileBody struct {
	FileName     string `json:"file_name"`
	FilePath     string `json:"file_path"`
	Size         int    `json:"size"`
	Encoding     string `json:"encoding"`
	Content      string `json:"content"`
	Ref          string `json:"ref"`
	BlobID       string `json:"blob_id"`
	CommitID     string `json:"commit_id"`
	LastCommitID string `json:"last_commit_id"`
}

// getFile is lib/api/files.rb: a file with git's names for it.
func getFile(c *call) (Answer, error) {
	_, at, err := c.readableCode(c.values.text("ref"))
	if err != nil {
		return Answer{}, err
	}
	if at == nil {
		return Answer{}, errNotFound("Commit")
	}
	name := c.values.text("file_path")
	f, ok := at.files[name]
	if !ok {
		return Answer{}, errNotFound("File")
	}
	return jsonAnswer(http.StatusOK, fileBody{
		FileName: path.Base(name), FilePath: name, Size: len(f.content), Encoding: "base64",
		Content: base64.StdEncoding.EncodeToString([]byte(f.content)), Ref: c.values.text("ref"),
		BlobID: f.blobID(), CommitID: at.head, LastCommitID: f.lastCommit,
	}), nil
}

type treeBody struct {
	ID   string `json:"id"`
	Name string `json:"name"`
	Type string `json:"type"`
	Path string `json:"path"`
	Mode string `json:"mode"`
}

// listTree is lib/api/repositories.rb, without recursion: folders first, each by name.
func listTree(c *call) (Answer, error) {
	_, at, err := c.readableCode(c.values.text("ref"))
	if err != nil {
		return Answer{}, err
	}
	folder := strings.Trim(c.values.text("path"), "/")
	if at == nil {
		return Answer{}, errNotFound("Tree")
	}
	entries := at.below(folder)
	if len(entries) == 0 && folder != "" {
		return Answer{}, errNotFound("invalid revision or path")
	}
	return offsetPage(c, entries, func(e treeBody) treeBody { return e }), nil
}

// below are the entries of a folder.
func (b *branch) below(folder string) []treeBody {
	found := map[string]treeBody{}
	for name, f := range b.files {
		rest, inside := strings.CutPrefix(name, strings.TrimPrefix(folder+"/", "/"))
		if !inside {
			continue
		}
		first, _, deeper := strings.Cut(rest, "/")
		entry := treeBody{ID: f.blobID(), Name: first, Type: "blob", Path: path.Join(folder, first), Mode: "100644"}
		if deeper {
			entry.Type, entry.Mode, entry.ID = "tree", "040000", file{content: entry.Path}.blobID()
		}
		found[first] = entry
	}
	return sortedEntries(found)
}

func sortedEntries(found map[string]treeBody) []treeBody {
	var entries []treeBody
	for _, entry := range found {
		entries = append(entries, entry)
	}
	slices.SortFunc(entries, func(a, b treeBody) int {
		if a.Type != b.Type {
			return strings.Compare(b.Type, a.Type) // "tree" before "blob"
		}
		return strings.Compare(a.Name, b.Name)
	})
	return entries
}

type branchBody struct {
	Name               string     `json:"name"`
	Commit             commitBody `json:"commit"`
	Merged             bool       `json:"merged"`
	Protected          bool       `json:"protected"`
	DevelopersCanPush  bool       `json:"developers_can_push"`
	DevelopersCanMerge bool       `json:"developers_can_merge"`
	CanPush            bool       `json:"can_push"`
	Default            bool       `json:"default"`
	WebURL             string     `json:"web_url"`
}

type commitBody struct {
	ID      string `json:"id"`
	ShortID string `json:"short_id"`
	Title   string `json:"title,omitempty"`
	Message string `json:"message,omitempty"`
	WebURL  string `json:"web_url"`
}

// getBranch is lib/api/branches.rb. can_push is the caller's.
func getBranch(c *call) (Answer, error) {
	name := c.values.text("branch")
	p, _, err := c.readableCode("")
	if err != nil {
		return Answer{}, err
	}
	at := c.branch(p.ID, name)
	if at == nil {
		return Answer{}, errNotFound("Branch")
	}
	level := c.pushLevel(p.ID, name)
	return jsonAnswer(http.StatusOK, branchBody{
		Name: name, Commit: c.commitBody(p, at.head, ""), Protected: level != Developer, DevelopersCanPush: level == Developer,
		CanPush: c.canPushTo(c.user, p, name), Default: name == defaultBranch,
		WebURL: c.base() + "/" + c.fullPath(p) + "/-/tree/" + name,
	}), nil
}

func (c *call) commitBody(p *Project, id, message string) commitBody {
	title, _, _ := strings.Cut(message, "\n")
	return commitBody{ID: id, ShortID: id[:8], Title: title, Message: message, WebURL: c.base() + "/" + c.fullPath(p) + "/-/commit/" + id}
}

// createCommit is lib/api/commits.rb with app/services/files/multi_service.rb.
func createCommit(c *call) (Answer, error) {
	p, _, err := c.readableCode("")
	if err != nil {
		return Answer{}, err
	}
	name := c.values.text("branch")
	if !c.canPushTo(c.user, p, name) {
		return Answer{}, refuse(http.StatusForbidden, "403 Forbidden - You are not allowed to push into this branch")
	}
	from := orElse(c.values.text("start_branch"), name)
	changes, err := c.commitChanges(p, name, from)
	if err != nil {
		return Answer{}, err
	}
	id := c.commit(p.ID, name, from, changes)
	return jsonAnswer(http.StatusCreated, c.commitBody(p, id, c.values.text("commit_message"))), nil
}

// commitChanges reads the actions of a commit, each checked against the state it begins with.
func (c *call) commitChanges(p *Project, name, from string) (map[string]*string, error) {
	start := c.branch(p.ID, from)
	if c.repositories[p.ID] != nil {
		switch {
		case start == nil:
			return nil, refuse(http.StatusBadRequest, "You can only create or edit files when you are on a branch")
		case from != name && c.branch(p.ID, name) != nil:
			return nil, refuse(http.StatusBadRequest, "A branch called '"+name+"' already exists. Switch to that branch in order to make changes")
		}
	} else {
		start = &branch{}
	}
	changes := map[string]*string{}
	actions, _ := c.values["actions"].([]any)
	for _, action := range actions {
		fields, _ := action.(map[string]any)
		if err := start.checkAction(values(fields)); err != nil {
			return nil, err
		}
		changes[values(fields).text("file_path")] = values(fields).newContent()
	}
	if len(changes) == 0 {
		return nil, refuseParameters("actions is empty")
	}
	return changes, nil
}

// newContent is what a file becomes, nil for nothing.
func (v values) newContent() *string {
	text := v.textOrNull("content")
	if text == nil || v.text("encoding") != "base64" {
		return text
	}
	decoded, err := base64.StdEncoding.DecodeString(*text)
	if err != nil {
		return text // as GitLab's decoder, which does not complain, makes something of it
	}
	content := string(decoded)
	return &content
}

// checkAction refuses an action that does not fit the state.
func (b *branch) checkAction(action values) error {
	name := action.text("file_path")
	f, exists := b.files[name]
	switch kind := action.text("action"); {
	case kind != "create" && kind != "update" && kind != "delete":
		return refuseParameters("actions[0][action] does not have a valid value")
	case name == "":
		return refuse(http.StatusBadRequest, "You must provide a file path")
	case kind == "create" && exists:
		return refuse(http.StatusBadRequest, "A file with this name already exists")
	case kind != "create" && !exists:
		return refuse(http.StatusBadRequest, "A file with this name doesn't exist")
	case kind != "create" && action.text("last_commit_id") != "" && action.text("last_commit_id") != f.lastCommit:
		return refuse(http.StatusBadRequest, "The file has changed since you started editing it: "+name)
	}
	return nil
}
