package portal

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"gitlab-agent-portal/gitlabapi/gitlabtest"
	"gitlab-agent-portal/internal/fleet/scan"
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

// TestH11AFleetWithoutGraphQLIsCountedAndLoggedOnce reads one fleet, whatever GraphQL does.
func TestH11AFleetWithoutGraphQLIsCountedAndLoggedOnce(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name   string
		change func(gitlab organisation)
		counts string
		logged int
	}{
		{"GraphQL answers", func(organisation) {}, `portal_fleet_scans_total{reason="none",source="graphql"} 1`, 0},
		{"GraphQL is off", func(gitlab organisation) {
			gitlab.Configure(func(s *gitlabtest.Settings) { s.GraphQLOff = true })
		}, `portal_fleet_scans_total{reason="unsupported",source="rest"} 1`, 1},
		{"GraphQL refuses the cost", func(gitlab organisation) {
			gitlab.Configure(func(s *gitlabtest.Settings) { s.ComplexityLimit = 1 })
		}, `portal_fleet_scans_total{reason="too_complex",source="rest"} 1`, 1},
		{"GitLab lists no projects", func(gitlab organisation) {
			gitlab.Inject(gitlabtest.OpListProjects, gitlabtest.BadGateway())
		}, `portal_fleet_scans_total{reason="failed",source="none"} 1`, 1},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			gitlab := newOrganisation(t)
			portal := startPortal(t, gitlab, nil, "METRICS_ADDR=127.0.0.1:0")
			b := newBrowser(t)
			b.signIn(portal.url, "lead")
			tt.change(gitlab)
			b.get(portal.url + "/fleet/progress")
			metrics := newBrowser(t).get("http://" + portal.metrics(t) + "/metrics").body
			if !strings.Contains(metrics, tt.counts+"\n") {
				t.Errorf("the metrics lack %s", tt.counts)
			}
			if n := strings.Count(portal.output.String(), "the fleet was not read in full"); n != tt.logged {
				t.Errorf("the log says it %d times, want %d", n, tt.logged)
			}
		})
	}
}

func TestTheFleetsCacheAndItsQueueAreMeasured(t *testing.T) {
	t.Parallel()
	gitlab := newOrganisation(t)
	portal := startPortal(t, gitlab, nil, "METRICS_ADDR=127.0.0.1:0", "FLEET_CACHE_SIZE=3MB")
	lacks := func(when string, want ...string) {
		t.Helper()
		metrics := newBrowser(t).get("http://" + portal.metrics(t) + "/metrics").body
		for _, line := range want {
			if !strings.Contains(metrics, "\n"+line) {
				t.Errorf("%s the metrics lack %s", when, line)
			}
		}
	}
	lacks("before anything was read", "portal_fleet_cache_bytes 0\n", "portal_fleet_cache_limit_bytes 3e+06\n", "portal_fleet_cache_entries 0\n", "portal_fleet_cache_evictions_total 0\n",
		"portal_fleet_cache_refusals_total 0\n", "portal_fleet_scans_waiting 0\n", "portal_fleet_scan_wait_seconds_count 0\n")
	b := newBrowser(t)
	b.signIn(portal.url, "lead")
	b.get(portal.url + "/fleet/progress")
	lacks("afterwards", "portal_fleet_cache_entries 1\n", "portal_fleet_scan_wait_seconds_count 1\n", `portal_fleet_scan_wait_seconds_bucket{le="60"} 1`+"\n")
}

func TestAReadingThatIsStoppedIsNoFailure(t *testing.T) {
	t.Parallel()
	m := newMetrics()
	m.scanned(scan.Outcome{Err: fmt.Errorf("list the projects: %w", context.Canceled)})
	families, err := m.registry.Gather()
	if err != nil {
		t.Fatal(err)
	}
	for _, family := range families {
		if family.GetName() == "portal_fleet_scans_total" && !strings.Contains(family.String(), `"stopped"`) {
			t.Errorf("the reading is counted as %s, want it stopped", family)
		}
	}
}
