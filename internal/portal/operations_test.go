package portal

import (
	"os"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"gitlab-agent-portal/gitlabapi/gitlabtest"
)

// documented are the first cells of the rows of docs/operations.md that match pattern, in order.
func documented(t *testing.T, pattern string) []string {
	t.Helper()
	page, err := os.ReadFile("../../docs/operations.md")
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, row := range regexp.MustCompile("(?m)^\\| `("+pattern+")` \\|").FindAllStringSubmatch(string(page), -1) {
		names = append(names, row[1])
	}
	slices.Sort(names)
	return names
}

func TestOperationsNamesEverySetting(t *testing.T) {
	t.Parallel()
	var known []string
	for field := range reflect.TypeFor[config]().Fields() {
		if name := field.Tag.Get("env"); name != "" {
			known = append(known, name)
		}
	}
	slices.Sort(known)
	if diff := cmp.Diff(known, documented(t, "[A-Z_]+")); diff != "" {
		t.Errorf("settings of the program and of docs/operations.md (-program +page):\n%s", diff)
	}
}

func TestOperationsNamesEveryMetric(t *testing.T) {
	t.Parallel()
	gitlab := newOrganisation(t)
	gitlab.AddToken(gitlabtest.Token{Agent: gitlab.agent, Name: "t", Live: true})
	portal := startPortal(t, gitlab, nil, "METRICS_ADDR=127.0.0.1:0", "WATCH_TOKEN="+gitlab.watchToken(), "WATCH_AGENT_METRICS=true")
	b := newBrowser(t)
	b.signIn(portal.url, "lead") // some begin with what they count
	awaitMetrics(t, portal.metrics(t), "portal_agent_oldest_token_timestamp_seconds{")
	b.get(portal.url + "/readyz")
	var known []string
	for _, line := range regexp.MustCompile(`(?m)^# HELP (\w+)`).FindAllStringSubmatch(b.get("http://"+portal.metrics(t)+"/metrics").body, -1) {
		if strings.HasPrefix(line[1], "portal_") {
			known = append(known, line[1])
		}
	}
	slices.Sort(known)
	if diff := cmp.Diff(known, documented(t, "portal_[a-z_]+")); diff != "" {
		t.Errorf("metrics of the program and of docs/operations.md (-program +page):\n%s", diff)
	}
}
