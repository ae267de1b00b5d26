//go:build e2e && screenshots

package e2e

import (
	"strings"
	"testing"

	"gitlab-agent-portal/gitlabapi/gitlabtest"
	"gitlab-agent-portal/internal/alert"
)

// alerts are the list in all its states, the form, and an agent's page.
func (a *album) alerts(t *testing.T) {
	t.Helper()
	w := newWatched(t)
	p := w.as("lead", a.change...)
	p.expect("status of 4(04|22)")
	a.visits(p, "alerts-none", w.url+"/alerts?wait=1")
	w.findsMuch()
	for _, state := range w.alertStates() {
		state.open(p)
		a.shows(p, "alerts-"+strings.ReplaceAll(state.name, " ", "-"))
		// Photographs leave an empty attribute behind, which htmx would carry over to the new form.
		p.eval(`() => document.querySelectorAll("[style='']").forEach((one) => one.removeAttribute("style"))`)
	}
	w.status.Store(&alert.Status{})
	a.visits(w.as("dev", a.change...), "alerts-reader", w.url+"/alerts?wait=1")
	a.visits(p, "alerts-refused", w.url+"/alerts/4711/acknowledge")

	gate := gitlabtest.NewGate()
	t.Cleanup(gate.Open)
	w.gitlab.Inject(gitlabtest.OpListProjects, gitlabtest.Hold(gate))
	late := w.open(a.change...)
	if err := late.Context().AddCookies(w.sessionOf("dev")); err != nil {
		t.Fatal(err)
	}
	a.visits(late, "alerts-reading", w.url+"/alerts")

	off := playDemo(t)
	a.visits(off.as("mara", a.change...), "alerts-off", off.url+"/alerts")
}
