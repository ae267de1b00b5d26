package portal

import (
	"strings"
	"testing"
)

func TestTheLoadIsMeasured(t *testing.T) {
	t.Parallel()
	portal := startPortal(t, newOrganisation(t), nil, "METRICS_ADDR=127.0.0.1:0")
	has := func(want ...string) {
		t.Helper()
		metrics := newBrowser(t).get("http://" + portal.metrics(t) + "/metrics").body
		for _, line := range want {
			if !strings.Contains(metrics, "\n"+line+"\n") {
				t.Errorf("the metrics lack %s", line)
			}
		}
	}
	has("portal_sessions 0", `portal_gitlab_slot_wait_seconds_count{lane="read"} 0`, `portal_gitlab_slot_wait_seconds_count{lane="change"} 0`,
		`portal_gitlab_slot_wait_seconds_count{lane="renewal"} 0`, `portal_gitlab_slot_wait_seconds_count{lane="sign_in"} 0`)
	newBrowser(t).signIn(portal.url, "lead")
	has(`portal_gitlab_slot_wait_seconds_count{lane="sign_in"} 1`, `portal_gitlab_slot_wait_seconds_count{lane="read"} 1`)
}
