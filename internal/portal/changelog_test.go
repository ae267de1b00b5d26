package portal

import (
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus"

	"gitlab-agent-portal/internal/fleet/scan"
	"gitlab-agent-portal/internal/watch"
)

// TestTheChangelogNamesWhatThereIs looks at what is to be released: older versions may name what is
// gone since.
func TestTheChangelogNamesWhatThereIs(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("../../CHANGELOG.md")
	if err != nil {
		t.Fatal(err)
	}
	_, added, _ := strings.Cut(string(text), "### Added")
	added, _, _ = strings.Cut(added, "\n### ")
	known := append(settingNames(), "DATABASE_URI") // the example of one that is none
	descriptions := make(chan *prometheus.Desc)
	metrics := newMetrics()
	newLoad(metrics.registry, clock)
	metrics.watchFleet(func() scan.Stats { return scan.Stats{} })
	metrics.registry.MustRegister(newWatchMetrics(func() *watch.Figures { return nil }, true))
	go func() {
		metrics.registry.Describe(descriptions)
		close(descriptions)
	}()
	for description := range descriptions {
		known = append(known, regexp.MustCompile(`fqName: "([a-z_]+)"`).FindStringSubmatch(description.String())[1])
	}
	names := regexp.MustCompile("`([A-Z]+_[A-Z_]+|portal_[a-z_]+)`").FindAllStringSubmatch(added, -1)
	if len(names) < 20 {
		t.Fatalf("the changelog names %d settings and metrics, want more", len(names))
	}
	for _, name := range names {
		if !slices.Contains(known, name[1]) {
			t.Errorf("the changelog names %s, which there is not", name[1])
		}
	}
}
