package handlers

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
	_ "time/tzdata" // zones are known wherever the program runs

	"gitlab-agent-portal/gitlabapi"
	"gitlab-agent-portal/internal/activity"
	"gitlab-agent-portal/internal/audit"
	"gitlab-agent-portal/internal/i18n"
	"gitlab-agent-portal/views"
)

const (
	activityPerPage = 50
	// maxSuggested is how many names a field suggests.
	maxSuggested = 100
	// maxMaintainedPages bounds how much of GitLab's list of projects one view asks for, a
	// hundred at a time and one after the other.
	maxMaintainedPages = 30
)

// activity lists what was done through the portal in the projects that the person maintains.
func (h *Handlers) activity(w http.ResponseWriter, r *http.Request, s *session) error {
	model, filter, err := h.activityFilter(r, s)
	if err != nil {
		return err
	}
	status := http.StatusOK
	if model.Wrong != (views.ActivityQuery{}) {
		status = http.StatusUnprocessableEntity
	} else if err := h.loadActivity(r, &model, filter); err != nil {
		return err
	}
	model.Presets = views.ActivityPresets(printer(r), model.Query, h.Now().In(model.Zone))
	h.suggest(s, &model)
	p := h.page(w, r, printer(r).T("activity.heading"))
	p.Section = "activity"
	return h.render(w, r, status, views.ActivityPage(p, model), views.ActivityList(p, model))
}

// activityFilter reads the query, and asks GitLab whose activity the person may see: that they
// once were Maintainer counts for nothing.
func (h *Handlers) activityFilter(r *http.Request, s *session) (views.ActivityModel, audit.Filter, error) {
	model := views.ActivityModel{Query: activityQuery(r)}
	filter := audit.Filter{
		AgentName: model.Query.Agent, Actor: model.Query.Actor, Action: activity.Action(model.Query.Action),
	}
	filter.From, filter.Until, model.Wrong = activityDays(printer(r), model.Query)
	model.Zone = zoneOf(model.Query.Zone)
	if model.Query.Project == "" {
		projects, complete, err := s.read.Maintained(r.Context(), maxMaintainedPages)
		if !complete {
			model.Limit = len(projects)
		}
		filter.Projects, model.NoProjects = projects, len(projects) == 0
		return model, filter, err
	}
	project, err := maintainedProject(r.Context(), s, model.Query.Project)
	switch {
	case errors.Is(err, gitlabapi.ErrNotFound):
		model.Wrong.Project = printer(r).T("activity.filter.no_project")
		return model, filter, nil
	case err != nil:
		return model, filter, err
	}
	filter.Projects = []int64{project}
	return model, filter, nil
}

// activityQuery reads what the list is to be narrowed down to.
func activityQuery(r *http.Request) views.ActivityQuery {
	query := views.ActivityQuery{
		Project: strings.Trim(textParam(r, "project"), "/"), Agent: textParam(r, "agent"),
		Actor: strings.TrimPrefix(textParam(r, "actor"), "@"), Action: textParam(r, "action"),
		From: textParam(r, "from"), Until: textParam(r, "until"), Zone: textParam(r, "tz"),
	}
	if zoneOf(query.Zone) == time.UTC {
		query.Zone = ""
	}
	if !slices.Contains(activity.OfAgents(), activity.Action(query.Action)) {
		query.Action = ""
	}
	return query
}

// zoneOf is the reader's zone by its name in the tz database, which their browser knows; UTC where it
// is none.
func zoneOf(name string) *time.Location {
	zone, err := time.LoadLocation(name)
	if err != nil || name == "" || name == "Local" {
		return time.UTC
	}
	return zone
}

// activityDays turns the two days, which are the reader's, into points in time: the second day is
// included.
func activityDays(l *i18n.Printer, query views.ActivityQuery) (from, until time.Time, wrong views.ActivityQuery) {
	zone := zoneOf(query.Zone)
	day := func(text string, problem *string) time.Time {
		t, err := time.ParseInLocation(time.DateOnly, text, zone)
		if err != nil && text != "" {
			*problem = l.T("activity.filter.no_day")
		}
		return t
	}
	from, until = day(query.From, &wrong.From), day(query.Until, &wrong.Until)
	if until.IsZero() {
		return from, until, wrong
	}
	if until.Before(from) {
		wrong.Until = l.T("activity.filter.backwards")
	}
	return from, until.AddDate(0, 0, 1), wrong
}

// suggest names what the fields can be filled with: the projects and agents that the person may manage,
// as far as the fleet was read a moment ago, and who is in the list.
func (h *Handlers) suggest(s *session, model *views.ActivityModel) {
	if known := h.Fleet.Known(viewerOf(s)); known != nil {
		for _, a := range known.Agents {
			if a.Project.Maintains {
				model.Projects, model.Agents = append(model.Projects, a.Project.Path), append(model.Agents, a.Name)
			}
		}
	}
	model.People = append(model.People, s.User.Username)
	for _, row := range model.Rows {
		if row.Actor != "" {
			model.People = append(model.People, row.Actor)
		}
	}
	for _, list := range []*[]string{&model.Projects, &model.Agents, &model.People} {
		slices.Sort(*list)
		*list = slices.Compact(*list)
		*list = (*list)[:min(len(*list), maxSuggested)]
	}
}

// maintainedProject finds a project by full path or number; gitlabapi.ErrNotFound also where
// the person is not Maintainer, so that nothing tells them apart.
func maintainedProject(ctx context.Context, s *session, name string) (int64, error) {
	id, err := strconv.ParseInt(name, 10, 64)
	if err != nil {
		found, err := s.read.ProjectByPath(ctx, name)
		if err != nil {
			return 0, err
		}
		id = found.ID
	}
	project, err := s.read.Project(ctx, id)
	if err == nil && !project.Maintains {
		err = gitlabapi.ErrNotFound
	}
	return project.ID, err
}

// loadActivity reads the page that the address asks for.
func (h *Handlers) loadActivity(r *http.Request, model *views.ActivityModel, filter audit.Filter) error {
	before, after := numberParam(r, "before"), numberParam(r, "after")
	rows, newer, older, err := h.activityPage(r.Context(), filter, before, after)
	if err != nil {
		return err
	}
	for _, row := range rows {
		model.Rows = append(model.Rows, h.activityRow(row))
	}
	address := func(before, after int64) string { return h.urls.Activity(model.Query, before, after) }
	switch {
	case newer && len(rows) == 0:
		model.Newer = address(0, 0)
	case newer:
		model.Newer = address(0, rows[0].ID)
	}
	if older {
		model.Older = address(rows[len(rows)-1].ID, 0)
	}
	return nil
}

// activityPage reads a page and whether there are rows on either side of it. The way back to
// newer rows ends on the newest page, full as it is.
func (h *Handlers) activityPage(ctx context.Context, filter audit.Filter, before, after int64) (rows []audit.Event, newer, older bool, err error) {
	if after > 0 {
		rows, err = h.Audit.PageAfter(ctx, filter, after, activityPerPage+1)
		if err != nil || len(rows) > activityPerPage {
			return rows[min(1, len(rows)):], true, true, err
		}
		before = 0
	}
	rows, err = h.Audit.Page(ctx, filter, before, activityPerPage+1)
	older = len(rows) > activityPerPage
	return rows[:min(len(rows), activityPerPage)], before > 0, older, err
}

// activityRow is a row of the audit as it is shown.
func (h *Handlers) activityRow(e audit.Event) views.ActivityRow {
	row := views.ActivityRow{
		Number: e.ID, At: e.At, Source: views.SourcePortal, Actor: e.ActorName,
		Action: e.Action, Outcome: e.Outcome,
		ProjectID: e.Target.ProjectID, ProjectPath: e.Target.ProjectPath,
		AgentID: e.Target.AgentID, AgentName: e.Target.AgentName,
		TokenID: e.Target.TokenID, TokenName: e.Target.TokenName,
		UnconfirmedAgentID: e.Claim.AgentID, UnconfirmedTokenID: e.Claim.TokenID,
		Times: e.Times, LastAt: e.LastAt,
	}
	if e.RefersTo != 0 {
		// The page that begins with that row has it on top, wherever it is by then.
		project := views.ActivityQuery{Project: strconv.FormatInt(e.Target.ProjectID, 10)}
		row.RefersTo = e.RefersTo
		row.RefersToURL = h.urls.Activity(project, e.RefersTo+1, 0) + "#" + row.RefersToAnchor()
	}
	return row
}
