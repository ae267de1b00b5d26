package handlers

import (
	"net/url"
	"slices"

	"gitlab-agent-portal/internal/agent"
	"gitlab-agent-portal/internal/agentread"
	"gitlab-agent-portal/internal/fleet"
	"gitlab-agent-portal/internal/i18n"
	"gitlab-agent-portal/views"
)

// maxOnPaper is how many rows the page for paper has at most.
const maxOnPaper = 2000

// forPaper puts all rows that match onto one page.
func forPaper(chosen fleet.Result) fleet.Result {
	chosen.Rows, chosen.Page, chosen.Pages = chosen.All[:min(len(chosen.All), maxOnPaper)], 1, 1
	return chosen
}

// isForPaper reports whether the address asks for the page with all rows.
func isForPaper(values url.Values) bool { return values.Has(paramAll) }

// addOffers adds what the person may do with the list as a whole.
func (h *Handlers) addOffers(l *i18n.Printer, model *views.FleetModel, query fleet.Query, chosen fleet.Result, projects []*agent.Project) {
	if !h.ReadOnly && slices.ContainsFunc(projects, func(p *agent.Project) bool { return p.Access.CanManage() }) {
		model.RegisterURL = h.urls.ProjectsToRegister("", 1)
	}
	var refs []string
	for _, row := range chosen.All {
		if row.Project.Access.CanManage() {
			refs = append(refs, refString(agentread.Ref{Project: row.Project.ID, Agent: row.ID}))
		}
	}
	model.Selectable = len(refs)
	model.Cleanup = h.cleanup(l, query.Attention, refs[:min(len(refs), maxSelected)])
}

// cleanup leads from a filter to what puts an end to all that it shows; nil where there is no such thing.
func (h *Handlers) cleanup(l *i18n.Printer, rule agent.Rule, refs []string) *views.Action {
	switch {
	case len(refs) == 0:
		return nil
	case rule == agent.NeverUsed:
		return &views.Action{Text: l.N("fleet.cleanup.unused", len(refs)), URL: h.urls.Unused(refs, 0)}
	case rule == agent.Stale:
		return &views.Action{Text: l.N("fleet.cleanup.stale", len(refs)), URL: h.urls.Stale(refs)}
	default:
		return nil
	}
}
