package gitlabtest

import (
	"crypto/sha1" //nolint:gosec // git's own name for what it holds
	"encoding/hex"
	"fmt"
	"maps"
	"slices"
)

// defaultBranch is every project's.
const defaultBranch = "main"

// repository is what a project keeps in git: the newest state of each branch.
type repository struct {
	branches map[string]*branch
}

// branch is the newest state of a branch.
type branch struct {
	head  string // its newest commit
	files map[string]file
}

// file is a file with the commit that changed it last.
type file struct{ content, lastCommit string }

// blobID is git's name for the content.
func (f file) blobID() string {
	sum := sha1.Sum(fmt.Appendf(nil, "blob %d\x00%s", len(f.content), f.content)) //nolint:gosec // git's own name for it
	return hex.EncodeToString(sum[:])
}

// File is a file on the default branch of a project. A project without files has an empty repository.
type File struct {
	Project       int64
	Path, Content string
}

// AddFile puts a file into the repository of a project that is there, in place of the one that had
// its path, as a commit of its own.
func (s *Server) AddFile(f File) {
	s.mu.Lock()
	defer s.mu.Unlock()
	must(s.projects, f.Project, "project")
	s.commit(f.Project, defaultBranch, "", map[string]*string{f.Path: &f.Content})
}

// FileOn is the content of a file on a branch, and whether it is there.
func (s *Server) FileOn(project int64, branch, path string) (content string, ok bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	b := s.branch(project, branch)
	if b == nil {
		return "", false
	}
	f, ok := b.files[path]
	return f.content, ok
}

// Branches are the names of a project's branches, in their order.
func (s *Server) Branches(project int64) []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.repositories[project] == nil {
		return nil
	}
	return slices.Sorted(maps.Keys(s.repositories[project].branches))
}

// ProtectBranch lets only people of a role or above push to a branch; NoAccess lets nobody, and
// Developer everybody who may push at all. The default branch is a Maintainer's from the start, and
// all others are everybody's.
func (s *Server) ProtectBranch(project int64, branch string, from AccessLevel) {
	s.mu.Lock()
	defer s.mu.Unlock()
	must(s.projects, project, "project")
	s.protected[protection{project, branch}] = from
}

// protection names a branch that is, or is not, protected.
type protection struct {
	project int64
	branch  string
}

// canPushTo is Gitlab::UserAccess#can_push_to_branch?.
func (st *store) canPushTo(u *User, p *Project, branch string) bool {
	if !st.canPush(u, p) {
		return false
	}
	from := st.pushLevel(p.ID, branch)
	return from != NoAccess && (u.Admin || st.memberLevel(u, p) >= from)
}

func (st *store) pushLevel(project int64, branch string) AccessLevel {
	if from, set := st.protected[protection{project, branch}]; set {
		return from
	}
	if branch == defaultBranch {
		return Maintainer
	}
	return Developer
}

func (st *store) branch(project int64, name string) *branch {
	if r := st.repositories[project]; r != nil {
		return r.branches[name]
	}
	return nil
}

// commitAt is the state that a ref of the API names, nil for none.
func (st *store) commitAt(project int64, ref string) *branch {
	if ref == "" || ref == "HEAD" {
		ref = defaultBranch
	}
	return st.branch(project, ref)
}

// commit changes files of a branch, which begins where another one is, or empty; nil removes one.
// It returns the name of the commit.
func (st *store) commit(project int64, name, from string, changes map[string]*string) string {
	if st.repositories[project] == nil {
		st.repositories[project] = &repository{branches: map[string]*branch{}}
	}
	b := st.branch(project, name)
	if b == nil {
		b = &branch{files: map[string]file{}}
		if start := st.branch(project, from); start != nil {
			b.files = maps.Clone(start.files)
		}
		st.repositories[project].branches[name] = b
	}
	b.head = hex.EncodeToString(derive("commit", st.nextID("commit", 0))[:20])
	for path, content := range changes {
		if content == nil {
			delete(b.files, path)
			continue
		}
		b.files[path] = file{*content, b.head}
	}
	return b.head
}
