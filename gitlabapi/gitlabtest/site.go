package gitlabtest

import (
	"cmp"
	"net/http"
	"slices"
	"strings"
)

// siteView is one of GitLab's own pages, of which this server has no more than a sign to say where
// a link led.
type siteView struct {
	Title   string
	Sandbox string
	Members []siteMember
}

type siteMember struct {
	Name, Username, Role string
}

// sitePage answers the addresses of GitLab's own site that a portal links to.
func sitePage(c *call) (Answer, error) {
	title, p := c.siteTitle(c.req.PathValue("path"))
	if title == "" {
		return noRoute(c)
	}
	view := siteView{Title: title, Sandbox: c.base() + "/sandbox"}
	if strings.HasSuffix(c.req.URL.Path, "/-/project_members") {
		view.Members = c.siteMembers(p)
	}
	return c.render(http.StatusOK, "site.gohtml", view), nil
}

// siteTitle names the page at an address below the server, empty where GitLab has none.
func (s *Server) siteTitle(path string) (title string, p *Project) {
	path = strings.Trim(path, "/")
	if path == "" {
		return "Home", nil
	}
	project, below, inside := strings.Cut(path, "/-/")
	if p := s.projectByPath(project); p != nil {
		if inside {
			return s.fullName(p) + ": " + below, p
		}
		return s.fullName(p), p
	}
	for _, u := range s.users {
		if u.Username == path {
			return u.Name, nil
		}
	}
	if g := s.groupByPath(path); g != nil {
		return g.Name, nil
	}
	if own, settings := strings.CutPrefix(path, "-/"); settings {
		return own, nil
	}
	return "", nil
}

// siteMembers are a project's members, the most powerful first.
func (c *call) siteMembers(p *Project) []siteMember {
	if p == nil {
		return nil
	}
	people := slices.DeleteFunc(c.people(), func(u *User) bool { return c.memberLevel(u, p) == NoAccess })
	slices.SortStableFunc(people, func(a, b *User) int {
		return cmp.Compare(c.memberLevel(b, p), c.memberLevel(a, p))
	})
	return mapSlice(people, func(u *User) siteMember {
		return siteMember{u.Name, u.Username, c.memberLevel(u, p).String()}
	})
}
