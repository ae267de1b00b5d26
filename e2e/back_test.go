//go:build e2e

package e2e

import "testing"

// TestBackShowsNothingToWhoSignedOutWhateverTheBrowserKeeps goes back in a browser that makes pages anew
// from what it has stored, and that wipes nothing of it when somebody signs out.
func TestBackShowsNothingToWhoSignedOutWhateverTheBrowserKeeps(t *testing.T) {
	s := newStage(t)
	s.history = true
	p := s.as("lead")
	p.visit(s.agent(s.idle))
	p.visit(s.agents())
	if err := p.goesBack(); err != nil {
		t.Fatal(err)
	}
	p.sees(p.heading("idle"))
	if err := p.goesForward(); err != nil {
		t.Fatal(err)
	}
	p.sees(p.link("prod"))
	if err := p.Context().ClearCookies(); err != nil {
		t.Fatal(err)
	}
	if err := p.goesBack(); err != nil {
		t.Fatal(err)
	}
	p.lacks(p.heading("idle"))
}
