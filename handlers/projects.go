package handlers

import (
	"net/http"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"gitlab-agent-portal/gitlabapi"
	"gitlab-agent-portal/internal/parallel"
	"gitlab-agent-portal/views"
)

const (
	projectsPerPage = 30
	managedPerPage  = 100 // GitLab's largest page
	// maxParallelReads bounds the calls that one page makes at a time.
	maxParallelReads = 8
	// maxSearchLength is more than any path GitLab allows.
	maxSearchLength = 255
)

// projectList lists the projects whose agents the person may see, for the page of its own and
// for the picker in the header.
func (h *Handlers) projectList(w http.ResponseWriter, r *http.Request, s *session) error {
	query := searchParam(r)
	number := pageParam(r)
	model, err := h.loadProjects(r, s, query, number)
	if err != nil {
		return err
	}
	p := h.projectPage(w, r, printer(r).T("titles.projects"))
	fragment := views.ProjectsTable(p, model)
	switch _, target, _ := strings.Cut(r.Header.Get("HX-Target"), "#"); target {
	case "dialog-body":
		fragment = views.Picker(p, model)
	case "picker-list":
		fragment = views.PickerOptions(p, model)
	}
	return h.render(w, r, http.StatusOK, views.ProjectsPage(p, model), fragment)
}

// loadProjects asks in parallel for what may be seen and for which of it may be managed,
// since the permissions in GitLab's list leave out inherited and invited members.
func (h *Handlers) loadProjects(r *http.Request, s *session, query string, number int) (views.ProjectsModel, error) {
	var visible gitlabapi.Page[gitlabapi.Project]
	managed := make([]gitlabapi.Page[gitlabapi.Project], managedPages(number))
	group, ctx := parallel.WithContext(r.Context())
	group.SetLimit(maxParallelReads)
	group.Go(func() (err error) {
		visible, err = s.gitlab.ProjectsPage(ctx, gitlabapi.ProjectQuery{
			Search: query, MinAccessLevel: gitlabapi.Developer, Page: number, PerPage: projectsPerPage,
		})
		return err
	})
	for i := range managed {
		group.Go(func() (err error) {
			managed[i], err = s.gitlab.ProjectsPage(ctx, gitlabapi.ProjectQuery{
				Search: query, MinAccessLevel: gitlabapi.Maintainer, Page: i + 1, PerPage: managedPerPage,
			})
			return err
		})
	}
	if err := group.Wait(); err != nil {
		return views.ProjectsModel{}, err
	}
	return views.ProjectsModel{
		Query: query,
		Rows:  projectRows(visible.Items, managed, s.User.IsAdmin),
		Pager: pagerOf(visible, func(page int) string { return h.urls.Projects(query, page) }),
	}, nil
}

// managedPages is how many pages of managed projects cover the given page of visible ones.
// Both lists have the same order and the managed projects are among the visible ones, so the
// n-th visible project is, if managed, among the first n managed ones.
func managedPages(number int) int {
	return (number*projectsPerPage + managedPerPage - 1) / managedPerPage
}

// projectRows builds the rows of the list; what is in managed can be managed.
func projectRows(visible []gitlabapi.Project, managed []gitlabapi.Page[gitlabapi.Project], isAdmin bool) []views.ProjectRow {
	manages := make(map[int64]bool)
	for _, page := range managed {
		for _, project := range page.Items {
			manages[project.ID] = true
		}
	}
	rows := make([]views.ProjectRow, 0, len(visible))
	for _, project := range visible {
		rows = append(rows, views.ProjectRow{
			ID: project.ID, Name: project.Name, Path: project.PathWithNamespace, Description: project.Description,
			CanManage: (manages[project.ID] || isAdmin) && !project.Archived, Archived: project.Archived,
		})
	}
	return rows
}

// projectGo leads from a full path, as runbooks know it, to the numeric page, which survives
// a move of the project.
func (h *Handlers) projectGo(w http.ResponseWriter, r *http.Request, s *session) error {
	path := strings.Trim(r.PathValue("path"), "/")
	if !strings.Contains(path, "/") || len(path) > maxSearchLength {
		return errNotVisible
	}
	project, err := s.gitlab.Project(r.Context(), gitlabapi.ProjectPath(path))
	if err != nil {
		return err
	}
	http.Redirect(w, r, h.urls.Agents(project.ID, 1), http.StatusSeeOther)
	return nil
}

// searchParam is what to search for.
func searchParam(r *http.Request) string { return textParam(r, "q") }

// textParam is a text in the query, bounded in length and without what GitLab answers with a
// bare 400: invalid UTF-8 and control characters.
func textParam(r *http.Request, name string) string {
	typed := strings.Map(func(c rune) rune {
		if unicode.IsControl(c) {
			return -1
		}
		return c
	}, strings.ToValidUTF8(r.URL.Query().Get(name), ""))
	query := strings.TrimSpace(typed)
	for len(query) > maxSearchLength {
		_, size := utf8.DecodeLastRuneInString(query)
		query = query[:len(query)-size]
	}
	return query
}

// pageParam is the number of the page asked for, 1 when it makes no sense.
func pageParam(r *http.Request) int {
	number, err := strconv.Atoi(r.URL.Query().Get("page"))
	if err != nil || number < 1 || number > maxPage {
		return 1
	}
	return number
}

// maxPage keeps the offset within what GitLab accepts (50,000 rows).
const maxPage = 1000

// pagerOf links the neighbours of a page.
func pagerOf[T any](page gitlabapi.Page[T], address func(int) string) views.Pager {
	pager := views.Pager{Page: page.Number, Pages: page.TotalPages, Total: max(page.Total, 0)}
	if page.PrevPage > 0 {
		pager.Prev = address(page.PrevPage)
	}
	if page.NextPage > 0 {
		pager.Next = address(page.NextPage)
	}
	return pager
}
