package portal

import (
	"strings"
	"testing"

	"gitlab-agent-portal/gitlabapi/gitlabtest"
)

// A stream of progress has no end of its own while GitLab does not answer: stopping has to end it.
func TestV2StopEndsTheStreamsOfProgress(t *testing.T) {
	t.Parallel()
	gitlab := newOrganisation(t)
	portal := startPortal(t, gitlab, nil)
	b := newBrowser(t)
	b.signIn(portal.url, "lead")
	gate := gitlabtest.NewGate()
	t.Cleanup(gate.Open)
	gitlab.Inject(gitlabtest.OpListProjects, gitlabtest.Hold(gate))
	streamed := make(chan page, 1)
	go func() {
		got, err := b.send(portal.url+"/fleet/progress", nil)
		if err != nil {
			t.Errorf("the stream was cut: %v", err)
		}
		streamed <- got
	}()
	if err := gate.Await(t.Context(), 1); err != nil {
		t.Fatal(err)
	}
	portal.stop()
	if got := <-streamed; !strings.Contains(got.body, "The portal is restarting") || !strings.Contains(got.body, "event: done") {
		t.Errorf("the stream said %q, want that the portal restarts, and its end", got.body)
	}
	if err := <-portal.result; err != nil {
		t.Errorf("Run = %v, want no error", err)
	}
}
