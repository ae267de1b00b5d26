package handlers

import (
	"net/http"
	"slices"

	"gitlab-agent-portal/internal/agent"
	"gitlab-agent-portal/internal/agentread"
	"gitlab-agent-portal/internal/fleet"
	"gitlab-agent-portal/internal/i18n"
	"gitlab-agent-portal/views"
)

// typedPlace is what the address or the form says about where an agent is installed.
func typedPlace(r *http.Request) agent.Place {
	return agent.Place{
		Namespace: textParam(r, views.NamespaceParam), Release: textParam(r, views.ReleaseParam), Secret: textParam(r, views.SecretParam),
	}
}

// proposal is where an agent is to be installed unless somebody chooses another place.
type proposal struct {
	place  agent.Place
	reason agent.PlaceReason
	// unchecked says that an agent with which it would share the place may not have been noticed.
	unchecked bool
}

// propose compares an agent with the others of the person's, as far as they were read a moment ago:
// nothing is read for it.
func (h *Handlers) propose(s *session, one agent.Agent) (p proposal) {
	known := h.Fleet.Known(viewerOf(s))
	taken := known != nil && slices.ContainsFunc(known.Agents, func(other fleet.Agent) bool { return one.SharesPlace(other.Agent) })
	p.place, p.reason = one.ProposePlace(taken)
	p.unchecked = p.reason == "" && (known == nil || known.Incomplete())
	return p
}

// keptPlace is what the addresses of an agent's pages go on saying of its place: what was chosen,
// and a proposal that was not GitLab's own, since the others it was compared with are soon forgotten.
func (h *Handlers) keptPlace(r *http.Request, s *session, one agent.Agent) agent.Place {
	chosen := typedPlace(r).Allowed()
	if proposed := h.propose(s, one); proposed.reason == agent.PlaceTaken {
		return chosen.Or(proposed.place)
	}
	return chosen
}

// placeForm is the form with what was typed, and the place itself: the proposal where nothing was
// typed.
func (h *Handlers) placeForm(r *http.Request, s *session, found agentread.ProjectAgent) (*views.PlaceForm, agent.Place) {
	proposed, gitLabs := h.propose(s, found.Agent), agent.GitLabPlace(found.Agent.Name)
	place := typedPlace(r).Or(proposed.place)
	l, here := printer(r), h.urls.Agent(found.Project.ID, found.Agent.ID, views.TabConnect)
	form := &views.PlaceForm{
		URL:       h.urls.Agent(found.Project.ID, found.Agent.ID, ""),
		Namespace: placeField(l, place.Namespace, agent.NamespaceRule(), l.T("form.agent_name.characters")),
		Release:   placeField(l, place.Release, agent.ReleaseRule(), l.T("connect.place.invalid")),
		Secret:    placeField(l, place.Secret, agent.SecretRule(), l.T("connect.place.invalid")),
		Unchecked: proposed.unchecked && typedPlace(r).Namespace == "", FleetURL: h.urls.Home(),
	}
	if proposed.reason != "" && place.Namespace != gitLabs.Namespace {
		form.Reason, form.GitLabs = proposed.reason, gitLabs
		form.GitLabURL = views.Origin{Place: gitLabs}.On(here)
	}
	return form, place
}

// placeField is a name with what is wrong with it; characters says that those are.
func placeField(l *i18n.Printer, name string, rule agent.NameRule, characters string) views.Field {
	field := views.Field{Value: name}
	switch {
	case len(name) > rule.Max:
		field.Error = l.T("form.agent_name.long", "Max", rule.Max)
	case !rule.Follows(name):
		field.Error = characters
	}
	return field
}
