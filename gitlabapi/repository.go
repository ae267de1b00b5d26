package gitlabapi

import (
	"context"
	"net/http"
	"net/url"
	"strings"
)

// File is a file of a repository with git's names for it.
type File struct {
	Content []byte
	// BlobID names the content: equal contents have equal names, wherever they are.
	BlobID string
	// LastCommitID is the commit that changed the file last. A commit that names it is refused when
	// there is a later one.
	LastCommitID string
}

// File returns a file of a project's repository as it is on a ref, "HEAD" for the default branch
// (https://docs.gitlab.com/api/repository_files/#get-file-from-repository). The errors are RawFile's.
func (c *Client) File(ctx context.Context, project ProjectRef, path, ref string) (File, error) {
	r := request{op: "get file with its commit", path: project.path("/repository/files/" + segment(path)), query: url.Values{"ref": {ref}}}
	return one(ctx, c, r, func(f fileJSON) (File, bool) {
		return File{Content: f.Content, BlobID: f.BlobID, LastCommitID: f.LastCommitID}, f.BlobID != "" && f.Encoding == "base64"
	})
}

// segment is a text as one segment of a path. Dots are escaped too: some proxies resolve what they
// take for "." and "..".
func segment(text string) string { return strings.ReplaceAll(url.PathEscape(text), ".", "%2E") }

// fileJSON is the file entity on the wire, whose content is base64.
type fileJSON struct {
	Encoding     string `json:"encoding"`
	Content      []byte `json:"content"`
	BlobID       string `json:"blob_id"`
	LastCommitID string `json:"last_commit_id"`
}

// Branch is a branch of a repository.
type Branch struct {
	Name string
	// Protected says that not everybody with the Developer's role may push to it, CanPush that the
	// person may.
	Protected, CanPush bool
	// CommitID is its newest commit.
	CommitID string
}

// Branch returns a branch (https://docs.gitlab.com/api/branches/#get-single-repository-branch).
// ErrNotFound when there is none of that name, as in an empty repository.
func (c *Client) Branch(ctx context.Context, project ProjectRef, name string) (Branch, error) {
	r := request{op: "get branch", path: project.path("/repository/branches/" + segment(name))}
	return one(ctx, c, r, func(b branchJSON) (Branch, bool) {
		return Branch{Name: b.Name, Protected: b.Protected, CanPush: b.CanPush, CommitID: b.Commit.ID}, b.Name != ""
	})
}

type branchJSON struct {
	Name      string     `json:"name"`
	Protected bool       `json:"protected"`
	CanPush   bool       `json:"can_push"`
	Commit    commitJSON `json:"commit"`
}

// TreeEntry is a file or a folder in a folder of a repository.
type TreeEntry struct {
	Name   string
	Folder bool
}

// Tree returns the first hundred entries of a folder on the default branch, by name, folders first
// (https://docs.gitlab.com/api/repositories/#list-all-repository-trees-in-a-project), and whether there
// are more. ErrNotFound when there is no such folder.
func (c *Client) Tree(ctx context.Context, project ProjectRef, folder string) (entries []TreeEntry, more bool, err error) {
	query := paging(url.Values{"path": {folder}, "ref": {"HEAD"}}, 1, maxPerPage)
	page, err := list(ctx, c, request{op: "list folder", path: project.path("/repository/tree"), query: query}, func(e treeJSON) (TreeEntry, bool) {
		return TreeEntry{Name: e.Name, Folder: e.Type == "tree"}, e.Name != ""
	})
	return page.Items, page.NextPage != 0, err
}

type treeJSON struct {
	Name string `json:"name"`
	Type string `json:"type"`
}

// NewCommit is a change of one file.
type NewCommit struct {
	Branch string
	// StartBranch is where a new Branch begins; empty for a Branch that is there, or that will be the
	// first one of an empty repository.
	StartBranch string
	Message     string
	Path        string
	Content     []byte
	// LastCommitID is the commit that changed the file last; empty to create the file.
	LastCommitID string
}

// Commit is a commit that was made.
type Commit struct{ ID string }

// CreateCommit changes one file (https://docs.gitlab.com/api/commits/#create-a-commit); one POST,
// never repeated. ErrInvalid when the file was changed or created meanwhile, or a new branch is there
// already; ErrForbidden when the person may not push to the branch. Ask OutcomeUnknown of every other
// error.
func (c *Client) CreateCommit(ctx context.Context, project ProjectRef, commit NewCommit) (Commit, error) {
	action := commitAction{Action: "create", FilePath: commit.Path, Content: commit.Content, Encoding: "base64"}
	if commit.LastCommitID != "" {
		action.Action, action.LastCommitID = "update", commit.LastCommitID
	}
	r := request{op: "create commit", method: http.MethodPost, path: project.path("/repository/commits"), json: newCommitJSON{
		Branch: commit.Branch, StartBranch: commit.StartBranch, Message: commit.Message, Actions: []commitAction{action},
	}}
	return one(ctx, c, r, func(made commitJSON) (Commit, bool) { return Commit(made), made.ID != "" })
}

type newCommitJSON struct {
	Branch      string         `json:"branch"`
	StartBranch string         `json:"start_branch,omitempty"`
	Message     string         `json:"commit_message"`
	Actions     []commitAction `json:"actions"`
}

// commitAction is a change of a file; its content is base64 on the wire.
type commitAction struct {
	Action       string `json:"action"`
	FilePath     string `json:"file_path"`
	Content      []byte `json:"content"`
	Encoding     string `json:"encoding"`
	LastCommitID string `json:"last_commit_id,omitempty"`
}

type commitJSON struct {
	ID string `json:"id"`
}
