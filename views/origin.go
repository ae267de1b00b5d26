package views

import "gitlab-agent-portal/internal/agent"

// Origin is what a form was opened from and leads back to.
type Origin struct {
	// Rotation says that it is the page of the agent's rotation, and not the agent's own.
	Rotation bool
	// Place is where the person chose to install the agent.
	Place agent.Place
}

// The names and values that an Origin has in an address and in a form.
const (
	OriginParam    = "from"
	FromRotation   = "rotation"
	NamespaceParam = "namespace"
	ReleaseParam   = "release"
	SecretParam    = "secret_name"
)

// page is what the origin's page is called; empty for the agent's own.
func (o Origin) page() string {
	if o.Rotation {
		return FromRotation
	}
	return ""
}

// pairs are the names and values of the origin; an empty value stands for none.
func (o Origin) pairs() []string {
	return append([]string{OriginParam, o.page()}, placePairs(o.Place)...)
}

func placePairs(place agent.Place) []string {
	return []string{NamespaceParam, place.Namespace, ReleaseParam, place.Release, SecretParam, place.Secret}
}

// atPlace adds what was chosen of a place to an address.
func atPlace(address string, place agent.Place) string {
	return withQuery(address, placePairs(place)...)
}

// On adds the origin to a form's address.
func (o Origin) On(address string) string { return withQuery(address, o.pairs()...) }

// Back is where a form that was opened from o leads back to.
func (o Origin) Back(u URLs, project, agent int64) string {
	if o.Rotation {
		return atPlace(u.Rotation(project, agent, 0), o.Place)
	}
	return atPlace(u.Agent(project, agent, ""), o.Place)
}

// Stored is where a person goes on who has stored a new token: to the steps that install it, which stay
// in sight until the agent connects.
func (o Origin) Stored(u URLs, project, agent int64) string {
	if o.Rotation {
		return o.Back(u, project, agent)
	}
	return atPlace(u.Agent(project, agent, TabConnect), o.Place)
}

// hidden are the inputs that keep the origin in a form.
func (o Origin) hidden() [][2]string {
	var inputs [][2]string
	for pairs := o.pairs(); len(pairs) > 1; pairs = pairs[2:] {
		if pairs[1] != "" {
			inputs = append(inputs, [2]string{pairs[0], pairs[1]})
		}
	}
	return inputs
}
