package portal

import (
	"net/http"
	"testing"
)

func TestProfilesAreServedBesideTheMetricsWhenAskedFor(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name     string
		settings []string
		status   int
	}{
		{"asked for", []string{"PPROF=true"}, http.StatusOK},
		{"not asked for", nil, http.StatusNotFound},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			portal := startPortal(t, newOrganisation(t), nil, append(tt.settings, "METRICS_ADDR=127.0.0.1:0")...)
			b := newBrowser(t)
			for _, name := range []string{"", "heap", "goroutine", "symbol"} {
				got, err := b.send("http://"+portal.metrics(t)+"/debug/pprof/"+name, nil)
				if err != nil || got.status != tt.status {
					t.Errorf("GET %q = %d, %v, want %d", name, got.status, err, tt.status)
				}
				if got, err := b.send(portal.url+"/debug/pprof/"+name, nil); err != nil || got.status != http.StatusNotFound {
					t.Errorf("GET %q from everybody's listener = %d, %v, want 404", name, got.status, err)
				}
			}
		})
	}
}
