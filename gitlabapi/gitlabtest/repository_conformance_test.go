package gitlabtest_test

import (
	"encoding/base64"
	"errors"
	"slices"
	"strings"
	"testing"

	gitlab "gitlab.com/gitlab-org/api/client-go/v2"

	"gitlab-agent-portal/gitlabapi"
	"gitlab-agent-portal/gitlabapi/gitlabtest"
)

// repositoryDriver makes the calls about what is in git, and about groups, of one client library.
type repositoryDriver interface {
	driver
	// fileWithCommit is a file, and git's names for it.
	fileWithCommit(path, ref string) (gitlabapi.File, error)
	branch(name string) (gitlabapi.Branch, error)
	folder(path string) ([]gitlabapi.TreeEntry, error)
	blob(id string) (string, error)
	commit(gitlabapi.NewCommit) (id string, err error)
	mergeRequest(source, target string) (iid int64, err error)
	mergeRequestOf(source string) (iid int64, err error)
	groupsBelow(group, search string) ([]string, error)
	projectsBelow(group, search string) ([]string, error)
}

func repositoryDrivers(t *testing.T, at target) map[string]repositoryDriver {
	t.Helper()
	return map[string]repositoryDriver{"the official client": newOfficialDriver(t, at), "our client": newOwnDriver(t, at)}
}

// TestConformanceOfRepositories changes the repository, which only the simulator's may be.
func TestConformanceOfRepositories(t *testing.T) {
	t.Parallel()
	for _, which := range []string{"the official client", "our client"} {
		t.Run(which, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			as := func(who string) repositoryDriver {
				return repositoryDrivers(t, target{w.URL, w.secrets[who], "shop/web/api"})[which]
			}
			emptyRepositoryConforms(t, as("maintainer"), as("developer"))
			changesConform(t, as("maintainer"), as("developer"))
			mergeRequestsConform(t, as("developer"))
			protectionConforms(t, w, as)
		})
	}
}

func emptyRepositoryConforms(t *testing.T, maintainer, developer repositoryDriver) {
	t.Helper()
	_, err := maintainer.branch("main")
	wantStatus(t, maintainer, "the branch of an empty repository", err, 404)
	_, err = maintainer.folder(".gitlab/agents")
	wantStatus(t, maintainer, "a folder of an empty repository", err, 404)
	first := gitlabapi.NewCommit{Branch: "main", Message: "Begin", Path: configPath, Content: []byte("a: 1\n")}
	_, err = developer.commit(first)
	wantStatus(t, developer, "a developer's first commit", err, 403)
	_, err = maintainer.commit(first)
	wantDone(t, "a maintainer's first commit", err)
	_, err = maintainer.commit(first)
	wantStatus(t, maintainer, "creating a file that is there", err, 400)
}

// gitsName is git's name for the content "a: 1\n".
const gitsName = "a8926a52d8dcba5c4386945476ab6a2ad008afd4"

func changesConform(t *testing.T, maintainer, developer repositoryDriver) {
	t.Helper()
	was, err := developer.fileWithCommit(configPath, "HEAD")
	if err != nil || string(was.Content) != "a: 1\n" || was.BlobID != gitsName {
		t.Errorf("the file is %+v, %v", was, err)
	}
	change := gitlabapi.NewCommit{Branch: "main", Message: "Change", Path: configPath, Content: []byte("ä: 2\n"), LastCommitID: was.LastCommitID}
	id, err := maintainer.commit(change)
	wantDone(t, "a change", err)
	_, err = maintainer.commit(change)
	wantStatus(t, maintainer, "a change of what was changed meanwhile", err, 400)
	if now, err := developer.fileWithCommit(configPath, "main"); err != nil || string(now.Content) != "ä: 2\n" || now.LastCommitID != id || now.BlobID == was.BlobID {
		t.Errorf("the file is %+v, %v after commit %s", now, err, id)
	}
	now, err := developer.fileWithCommit(configPath, "HEAD")
	wantDone(t, "reading", err)
	if content, err := developer.blob(now.BlobID); err != nil || content != "ä: 2\n" {
		t.Errorf("the blob is %q, %v", content, err)
	}
	_, err = developer.blob(strings.Repeat("0", 40))
	wantStatus(t, developer, "a blob that is not there", err, 404)
	_, err = maintainer.fileWithCommit("README.md", "HEAD")
	wantStatus(t, maintainer, "a file that is not there", err, 404)
	_, err = maintainer.commit(gitlabapi.NewCommit{Branch: "main", Message: "Change", Path: "README.md", Content: []byte("x"), LastCommitID: id})
	wantStatus(t, maintainer, "changing a file that is not there", err, 400)
	got, err := developer.folder(".gitlab/agents")
	if want := []gitlabapi.TreeEntry{{Name: "prod", Folder: true}}; err != nil || !slices.Equal(got, want) {
		t.Errorf("the folder has %+v, %v, want %+v", got, err, want)
	}
	_, err = developer.folder("docs")
	wantStatus(t, developer, "a folder that is not there", err, 404)
}

func mergeRequestsConform(t *testing.T, developer repositoryDriver) {
	t.Helper()
	was, err := developer.fileWithCommit(configPath, "HEAD")
	wantDone(t, "reading", err)
	change := gitlabapi.NewCommit{Branch: "agents/x", StartBranch: "main", Message: "Change", Path: configPath, Content: []byte("b: 3\n"), LastCommitID: was.LastCommitID}
	_, err = developer.commit(change)
	wantDone(t, "a commit on a new branch", err)
	_, err = developer.commit(change)
	wantStatus(t, developer, "the same once more", err, 400)
	if on, err := developer.fileWithCommit(configPath, "agents/x"); err != nil || string(on.Content) != "b: 3\n" {
		t.Errorf("on the branch the file is %+v, %v", on, err)
	}
	if on, err := developer.fileWithCommit(configPath, "HEAD"); err != nil || on.LastCommitID != was.LastCommitID || !slices.Equal(on.Content, was.Content) {
		t.Errorf("on the default branch the file became %+v, %v", on, err)
	}
	if none, err := developer.mergeRequestOf("agents/x"); err == nil {
		t.Errorf("there is a merge request %d already", none)
	}
	iid, err := developer.mergeRequest("agents/x", "main")
	if err != nil || iid != 1 {
		t.Errorf("the merge request is %d, %v, want 1", iid, err)
	}
	_, err = developer.mergeRequest("agents/x", "main")
	wantStatus(t, developer, "a second merge request", err, 409)
	_, err = developer.mergeRequest("agents/y", "main")
	wantStatus(t, developer, "a merge request of no branch", err, 400)
	if found, err := developer.mergeRequestOf("agents/x"); err != nil || found != iid {
		t.Errorf("the branch has merge request %d, %v, want %d", found, err, iid)
	}
}

func protectionConforms(t *testing.T, w *world, as func(string) repositoryDriver) {
	t.Helper()
	want := func(who string, protected, canPush bool) {
		t.Helper()
		if got, err := as(who).branch("main"); err != nil || got.Protected != protected || got.CanPush != canPush || got.CommitID == "" {
			t.Errorf("a %s sees %+v, %v, want protected %t, pushing %t", who, got, err, protected, canPush)
		}
	}
	want("developer", true, false)
	want("maintainer", true, true)
	want("reporter", true, false)
	w.ProtectBranch(apiProject, "main", gitlabtest.NoAccess)
	want("owner", true, false)
	w.ProtectBranch(apiProject, "main", gitlabtest.Developer)
	want("developer", false, true)
	_, err := as("guest").branch("main")
	wantStatus(t, as("guest"), "a guest's look at a branch", err, 403)
	_, err = as("guest").blob(gitsName)
	wantStatus(t, as("guest"), "a guest's look at a blob", err, 403)
	_, err = as("stranger").branch("main")
	wantStatus(t, as("stranger"), "a stranger's look at a branch", err, 404)
}

// TestConformanceOfGroupLists needs groups below each other, which only the simulator is given.
func TestConformanceOfGroupLists(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	hidden := w.AddGroup(gitlabtest.Group{Path: "hidden", Parent: 1})
	w.AddProject(gitlabtest.Project{Path: "secret", Group: hidden})
	w.AddGroupMember(1, w.ids["developer"], gitlabtest.Developer)
	for which, d := range repositoryDrivers(t, target{w.URL, w.secrets["developer"], "shop/web/api"}) {
		for search, want := range map[string][]string{"": {"shop/hidden", "shop/web"}, "we": {"shop/web"}, "nothing": nil} {
			got, err := d.groupsBelow("shop", search)
			if slices.Sort(got); err != nil || !slices.Equal(got, want) {
				t.Errorf("%s finds groups %q for %q, %v, want %q", which, got, search, err, want)
			}
		}
		got, err := d.projectsBelow("shop/web", "")
		if want := []string{"shop/web/api", "shop/web/old"}; err != nil || !slices.Equal(got, want) {
			t.Errorf("%s finds projects %q, %v, want %q", which, got, err, want)
		}
		if got, err := d.projectsBelow("shop", "secret"); err != nil || len(got) != 1 || got[0] != "shop/hidden/secret" {
			t.Errorf("%s finds projects %q, %v", which, got, err)
		}
		_, err = d.groupsBelow("nowhere", "")
		wantStatus(t, d, "groups of no group", err, 404)
	}
	stranger := repositoryDrivers(t, target{w.URL, w.secrets["stranger"], "shop/web/api"})["our client"]
	_, err := stranger.projectsBelow("shop", "")
	wantStatus(t, stranger, "a stranger's look at a group", err, 404)
}

func (d officialDriver) fileWithCommit(path, ref string) (gitlabapi.File, error) {
	f, _, err := d.client.RepositoryFiles.GetFile(d.project, path, &gitlab.GetFileOptions{Ref: &ref})
	if err != nil {
		return gitlabapi.File{}, err
	}
	content, err := base64.StdEncoding.DecodeString(f.Content)
	return gitlabapi.File{Content: content, BlobID: f.BlobID, LastCommitID: f.LastCommitID}, err
}

func (d officialDriver) branch(name string) (gitlabapi.Branch, error) {
	b, _, err := d.client.Branches.GetBranch(d.project, name)
	if err != nil {
		return gitlabapi.Branch{}, err
	}
	return gitlabapi.Branch{Name: b.Name, Protected: b.Protected, CanPush: b.CanPush, CommitID: b.Commit.ID}, nil
}

func (d officialDriver) folder(path string) ([]gitlabapi.TreeEntry, error) {
	nodes, _, err := d.client.Repositories.ListTree(d.project, &gitlab.ListTreeOptions{Path: &path})
	var entries []gitlabapi.TreeEntry
	for _, node := range nodes {
		entries = append(entries, gitlabapi.TreeEntry{Name: node.Name, Folder: node.Type == "tree"})
	}
	return entries, err
}

func (d officialDriver) blob(id string) (string, error) {
	content, _, err := d.client.Repositories.RawBlobContent(d.project, id)
	return string(content), err
}

func (d officialDriver) commit(wanted gitlabapi.NewCommit) (string, error) {
	kind, content := gitlab.FileCreate, string(wanted.Content)
	action := &gitlab.CommitActionOptions{Action: &kind, FilePath: &wanted.Path, Content: &content}
	if wanted.LastCommitID != "" {
		kind, action.LastCommitID = gitlab.FileUpdate, &wanted.LastCommitID
	}
	options := &gitlab.CreateCommitOptions{Branch: &wanted.Branch, CommitMessage: &wanted.Message, Actions: []*gitlab.CommitActionOptions{action}}
	if wanted.StartBranch != "" {
		options.StartBranch = &wanted.StartBranch
	}
	made, _, err := d.client.Commits.CreateCommit(d.project, options)
	if err != nil {
		return "", err
	}
	return made.ID, nil
}

func (d officialDriver) mergeRequest(source, target string) (int64, error) {
	title := "Change"
	made, _, err := d.client.MergeRequests.CreateMergeRequest(d.project, &gitlab.CreateMergeRequestOptions{SourceBranch: &source, TargetBranch: &target, Title: &title})
	if err != nil {
		return 0, err
	}
	return made.IID, nil
}

func (d officialDriver) mergeRequestOf(source string) (int64, error) {
	state := "opened"
	found, _, err := d.client.MergeRequests.ListProjectMergeRequests(d.project, &gitlab.ListProjectMergeRequestsOptions{SourceBranch: &source, State: &state})
	if err == nil && len(found) == 0 {
		err = errors.New("none")
	}
	if err != nil {
		return 0, err
	}
	return found[0].IID, nil
}

func (d officialDriver) groupsBelow(group, search string) ([]string, error) {
	found, _, err := d.client.Groups.ListDescendantGroups(group, &gitlab.ListDescendantGroupsOptions{Search: &search})
	var paths []string
	for _, g := range found {
		paths = append(paths, g.FullPath)
	}
	return paths, err
}

func (d officialDriver) projectsBelow(group, search string) ([]string, error) {
	deep := true
	found, _, err := d.client.Groups.ListGroupProjects(group, &gitlab.ListGroupProjectsOptions{Search: &search, IncludeSubGroups: &deep, OrderBy: new("id"), Sort: new("asc")})
	var paths []string
	for _, p := range found {
		paths = append(paths, p.PathWithNamespace)
	}
	return paths, err
}

func (d ownDriver) fileWithCommit(path, ref string) (gitlabapi.File, error) {
	return d.client.File(d.t.Context(), d.project, path, ref)
}

func (d ownDriver) branch(name string) (gitlabapi.Branch, error) {
	return d.client.Branch(d.t.Context(), d.project, name)
}

func (d ownDriver) folder(path string) ([]gitlabapi.TreeEntry, error) {
	entries, _, err := d.client.Tree(d.t.Context(), d.project, path)
	return entries, err
}

func (d ownDriver) blob(id string) (string, error) {
	content, err := d.client.RawBlob(d.t.Context(), d.project, id)
	return string(content), err
}

func (d ownDriver) commit(wanted gitlabapi.NewCommit) (string, error) {
	made, err := d.client.CreateCommit(d.t.Context(), d.project, wanted)
	return made.ID, err
}

func (d ownDriver) mergeRequest(source, target string) (int64, error) {
	made, err := d.client.CreateMergeRequest(d.t.Context(), d.project, gitlabapi.NewMergeRequest{Source: source, Target: target, Title: "Change"})
	return made.IID, err
}

func (d ownDriver) mergeRequestOf(source string) (int64, error) {
	found, err := d.client.MergeRequestOf(d.t.Context(), d.project, source)
	return found.IID, err
}

func (d ownDriver) groupsBelow(group, search string) ([]string, error) {
	return d.client.DescendantGroups(d.t.Context(), group, search)
}

func (d ownDriver) projectsBelow(group, search string) ([]string, error) {
	page, err := d.client.GroupProjectsPage(d.t.Context(), group, gitlabapi.GroupProjectQuery{Search: search}, 1)
	var paths []string
	for _, p := range page.Items {
		paths = append(paths, p.PathWithNamespace)
	}
	return paths, err
}
