package gitlabtest

import (
	"mime"
	"net/http"
	"path"
	"slices"
	"strconv"
	"strings"
)

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
	at := c.commitAt(p.ID, c.values.text("ref"))
	if at == nil {
		return Answer{}, errNotFound("Commit")
	}
	found, ok := at.files[name]
	if !ok {
		return Answer{}, errNotFound("File")
	}
	a := textAnswer(http.StatusOK, found.content)
	a.Header.Set("Content-Disposition", mime.FormatMediaType("inline", map[string]string{"filename": path.Base(name)}))
	a.Header.Set("X-Gitlab-File-Path", name)
	a.Header.Set("X-Gitlab-Size", strconv.Itoa(len(found.content)))
	return a, nil
}

// rawBlob is lib/api/repositories.rb: the content that git has under a name. Of the past of a branch
// nothing is kept here.
func rawBlob(c *call) (Answer, error) {
	p, _, err := c.readableCode("")
	if err != nil {
		return Answer{}, err
	}
	if r := c.repositories[p.ID]; r != nil {
		for _, b := range r.branches {
			for _, f := range b.files {
				if f.blobID() == c.values.text("sha") {
					return textAnswer(http.StatusOK, f.content), nil
				}
			}
		}
	}
	return Answer{}, errNotFound("Blob")
}
