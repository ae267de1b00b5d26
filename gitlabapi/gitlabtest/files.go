package gitlabtest

import (
	"mime"
	"net/http"
	"path"
	"slices"
	"strconv"
	"strings"
)

// defaultBranch is every project's.
const defaultBranch = "main"

// File is a file on the default branch of a project. A project without files has an empty repository.
type File struct {
	Project       int64
	Path, Content string
}

// AddFile puts a file into the repository of a project that is there, in place of the one that had
// its path.
func (s *Server) AddFile(f File) {
	s.mu.Lock()
	defer s.mu.Unlock()
	must(s.projects, f.Project, "project")
	if s.files[f.Project] == nil {
		s.files[f.Project] = map[string]string{}
	}
	s.files[f.Project][f.Path] = f.Content
}

// canReadCode is the ability read_code, which nobody has where the repository is switched off.
func (st *store) canReadCode(u *User, p *Project) bool {
	switch {
	case p.RepositoryDisabled:
		return false
	case u.Admin, p.Visibility == Public, p.Visibility == Internal && !u.External:
		return true
	default:
		return st.memberLevel(u, p) >= Reporter
	}
}

// rawFile is lib/api/files.rb: the right to read code first, then the commit, then the file.
func rawFile(c *call) (Answer, error) {
	name, ref := c.values.text("file_path"), c.values.textOrNull("ref")
	switch {
	case slices.Contains(strings.Split(name, "/"), ".."):
		return Answer{}, refuseParameters("file_path should be a valid file path")
	case ref != nil && strings.TrimSpace(*ref) == "":
		return Answer{}, refuseParameters("ref is empty")
	}
	p, err := c.findProject()
	if err != nil {
		return Answer{}, err
	}
	if !c.canReadCode(c.user, p) {
		return Answer{}, refuseStatus(http.StatusForbidden)
	}
	files := c.files[p.ID]
	if known := ref == nil || *ref == "HEAD" || *ref == defaultBranch; !known || len(files) == 0 {
		return Answer{}, errNotFound("Commit")
	}
	content, ok := files[name]
	if !ok {
		return Answer{}, errNotFound("File")
	}
	a := textAnswer(http.StatusOK, content)
	a.Header.Set("Content-Disposition", mime.FormatMediaType("inline", map[string]string{"filename": path.Base(name)}))
	a.Header.Set("X-Gitlab-File-Path", name)
	a.Header.Set("X-Gitlab-Size", strconv.Itoa(len(content)))
	return a, nil
}
