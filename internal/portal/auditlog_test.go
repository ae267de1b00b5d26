package portal

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// auditLines are the actions, outcomes and actors of the lines of the audit in a text.
func auditLines(t *testing.T, text string) string {
	t.Helper()
	var found []string
	for line := range strings.Lines(text) {
		var row struct{ Type, Action, Outcome, Actor string }
		if err := json.Unmarshal([]byte(line), &row); err != nil {
			t.Fatalf("%q is no line of JSON: %v", line, err)
		}
		if row.Type == "audit" {
			found = append(found, row.Action+" "+row.Outcome+" "+row.Actor)
		}
	}
	return strings.Join(found, ", ")
}

// act signs in, and sends a form that is refused.
func act(t *testing.T, portal *running) {
	t.Helper()
	b := newBrowser(t)
	b.signIn(portal.url, "lead")
	if _, err := b.send(portal.url+"/projects/1/agents", map[string][]string{"name": {"x"}}); err != nil {
		t.Fatal(err)
	}
}

const acted = "sign_in ok lead, agent_register refused lead"

func TestTheAuditGoesToStandardOutput(t *testing.T) {
	t.Parallel()
	portal := startPortal(t, newOrganisation(t), nil, "AUDIT_LOG=stdout")
	act(t, portal)
	portal.stop()
	if err := <-portal.result; err != nil {
		t.Fatal(err)
	}
	if got := auditLines(t, portal.output.String()); got != acted {
		t.Errorf("standard output has %s, want %s", got, acted)
	}
}

func TestTheAuditGoesToAFile(t *testing.T) {
	t.Parallel()
	name := filepath.Join(t.TempDir(), "audit.log")
	portal := startPortal(t, newOrganisation(t), nil, "AUDIT_LOG="+name)
	act(t, portal)
	portal.stop()
	if err := <-portal.result; err != nil {
		t.Fatal(err)
	}
	content, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	if got := auditLines(t, string(content)); got != acted {
		t.Errorf("the file has %s, want %s", got, acted)
	}
	if log := portal.output.String(); auditLines(t, log) != "" {
		t.Errorf("standard output has the audit too: %s", log)
	}
}

func TestAnAuditLogThatFailsRefusesNothing(t *testing.T) {
	t.Parallel()
	portal := startPortal(t, newOrganisation(t), nil, "METRICS_ADDR=127.0.0.1:0", "AUDIT_LOG=/dev/full")
	act(t, portal)
	if got := newBrowser(t).get("http://" + portal.metrics(t) + "/metrics").body; !strings.Contains(got, "portal_audit_log_failures_total 2\n") {
		t.Error("the metrics do not count two lines that were not written")
	}
	if log := portal.output.String(); strings.Count(log, "writing to AUDIT_LOG") != 2 {
		t.Errorf("the log does not tell of them: %s", log)
	}
}
