package handlers

import (
	"net/http"
	"slices"
	"strings"

	"gitlab-agent-portal/internal/agent"
	"gitlab-agent-portal/internal/fleet"
	"gitlab-agent-portal/internal/i18n"
	"gitlab-agent-portal/views"
)

const (
	// maxFound is how many agents, and how many projects, the palette lists.
	maxFound = 6
	// maxProposed is how many agents it proposes before anything is typed: those that are down.
	maxProposed = 3
)

// find answers the palette: agents and projects that match what was typed, and what can be done. Agents
// are those of the last reading of the fleet, so that every letter is answered at once; GitLab is asked
// only for projects that are not among them.
func (h *Handlers) find(w http.ResponseWriter, r *http.Request, s *session) error {
	query := textParam(r, "q")
	words := strings.Fields(strings.ToLower(query))
	known := h.Fleet.Known(viewerOf(s))
	model := views.PaletteModel{Query: query, Unread: known == nil}
	if known != nil {
		model.Agents = h.findAgents(known.Agents, words)
	}
	var err error
	if model.Projects, err = h.findProjects(r, s, known, query); err != nil {
		return err
	}
	model.Actions = h.findActions(printer(r), words)
	p := h.page(w, r, printer(r).T("palette.heading"))
	fragment := views.Palette(p, model)
	if _, target, _ := strings.Cut(r.Header.Get("HX-Target"), "#"); target == "picker-list" {
		fragment = views.PaletteOptions(p, model)
	}
	return h.render(w, r, http.StatusOK, views.PalettePage(p, model), fragment)
}

// findAgents are agents with the words in their names, at least one of them in their own; those that
// begin so come first, then what needs attention. Without words they are what is down.
func (h *Handlers) findAgents(agents []fleet.Agent, words []string) []fleet.Row {
	rows := fleet.Rows(agents, func(int64) bool { return false }, nil, h.Limits, h.Now())
	if len(words) == 0 {
		down := fleet.Filter(rows, fleet.Query{Status: fleet.DownToday})
		return down[:min(len(down), maxProposed)]
	}
	found := fleet.Filter(rows, fleet.Query{Search: strings.Join(words, " ")})
	named := func(row fleet.Row) bool {
		return slices.ContainsFunc(words, func(word string) bool { return strings.Contains(row.Name, word) })
	}
	found = slices.DeleteFunc(found, func(row fleet.Row) bool { return !named(row) })
	slices.SortStableFunc(found, func(a, b fleet.Row) int {
		return startsWith(b.Name, words[0]) - startsWith(a.Name, words[0])
	})
	return found[:min(len(found), maxFound)]
}

func startsWith(name, word string) int {
	if strings.HasPrefix(name, word) {
		return 1
	}
	return 0
}

// findProjects are projects that match: of those that were read with the fleet, or else of all that GitLab
// shows.
func (h *Handlers) findProjects(r *http.Request, s *session, known *fleet.Snapshot, query string) ([]agent.Project, error) {
	var found []agent.Project
	if known != nil {
		for _, project := range known.Projects {
			if len(found) < maxFound && holdsAll(project.Name+" "+project.Path, strings.Fields(strings.ToLower(query))) {
				found = append(found, *project)
			}
		}
	}
	if len(found) > 0 {
		return found, nil
	}
	page, err := s.read.Projects(r.Context(), query, 1)
	if err != nil {
		return nil, err
	}
	return page.Items[:min(len(page.Items), maxFound)], nil
}

// findActions are what can be done from anywhere, as far as their words match.
func (h *Handlers) findActions(l *i18n.Printer, words []string) []views.PaletteAction {
	all := []views.PaletteAction{
		{Text: l.T("fleet.heading"), URL: h.urls.Home(), Icon: views.IconAgent},
		{Text: l.T("palette.down"), URL: h.fleetURL(fleet.Query{Status: fleet.DownToday}), Icon: views.IconNotConnected},
		{Text: l.T("palette.attention"), URL: h.fleetURL(fleet.Query{Attention: fleet.AnyAttention}), Icon: views.IconWarning},
		{Text: l.T("palette.register"), URL: h.urls.ProjectsToRegister("", 1), Icon: views.IconPlus},
		{Text: l.T("common.projects"), URL: h.urls.Projects("", 1), Icon: views.IconProject},
		{Text: l.T("activity.heading"), URL: h.urls.Activity(views.ActivityQuery{}, 0, 0), Icon: views.IconHistory},
		{Text: l.T("sessions.heading"), URL: h.urls.Sessions(), Icon: views.IconUser},
		{Text: l.T("keys.heading"), URL: h.urls.KeysHelp(), Icon: views.IconKeyboard},
		{Text: l.T("status.help.link"), URL: h.urls.StatusHelp(), Icon: views.IconInfo},
	}
	if h.ReadOnly {
		all = slices.DeleteFunc(all, func(a views.PaletteAction) bool { return a.Icon == views.IconPlus })
	}
	return slices.DeleteFunc(all, func(a views.PaletteAction) bool { return !holdsAll(a.Text, words) })
}

// holdsAll reports whether each of the words, which are in lower case, is in text.
func holdsAll(text string, words []string) bool {
	text = strings.ToLower(text)
	return !slices.ContainsFunc(words, func(word string) bool { return !strings.Contains(text, word) })
}
