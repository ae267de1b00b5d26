package portal

import (
	"net/http"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestAVariableThatLooksLikeASettingIsFound(t *testing.T) {
	t.Parallel()
	tests := []struct{ name, meant string }{
		{"DATABASE_URI", "DATABASE_URL"},
		{"database_url", "DATABASE_URL"},
		{"SESSION_KEY", "SESSION_KEYS"},
		{"TRUSTED_PROXY_", "TRUSTED_PROXIES"},
		{"TRUSTED_PROXIE", "TRUSTED_PROXIES"},
		{"LOGLEVEL", "LOG_LEVEL"},
		{"LISTEN_ADDRESS", "LISTEN_ADDR"},
		{"GITLAB_CLIENTID", "GITLAB_CLIENT_ID"},
		{"GITLAB_CLIENT_ID_FILE", "GITLAB_CLIENT_ID"},
		{"PUBLICURL", "PUBLIC_URL"},
		{"DATABASE_URL", ""},
		{"https_proxy", ""},
		{"FTP_PROXY", ""},
		{"ALL_PROXY", ""},
		{"GITLAB_CI", ""},
		{"GITLAB_PORT", ""},
		{"GITLAB_USER_ID", ""},
		{"KUBERNETES_SERVICE_HOST", ""},
		{"PATH", ""},
		{"HOME", ""},
		{"LANG", ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			var want []stray
			if tt.meant != "" {
				want = []stray{{tt.name, tt.meant}}
			}
			if diff := cmp.Diff(want, straysIn([]string{tt.name + "=value"}), cmp.AllowUnexported(stray{})); diff != "" {
				t.Error(diff)
			}
			if got := straysIn([]string{tt.name + "="}); got != nil {
				t.Errorf("without a value: %v, want nothing", got)
			}
		})
	}
}

func TestThePortalWarnsOfAVariableThatItDoesNotRead(t *testing.T) {
	t.Parallel()
	portal := startPortal(t, newOrganisation(t), nil, "DATABASE_URI=canary")
	if log := portal.output.String(); !strings.Contains(log, `"variable":"DATABASE_URI","meant":"DATABASE_URL"`) || strings.Contains(log, "canary") {
		t.Errorf("the log does not name the variable, or shows its value: %s", log)
	}
}

func TestAHangupChangesNothing(t *testing.T) {
	t.Parallel()
	portal := startProcesses(t, newOrganisation(t), 1, "DATABASE_URL=sqlite:"+t.TempDir()+"/portal.db")[0]
	if err := portal.cmd.Process.Signal(syscall.SIGHUP); err != nil {
		t.Fatal(err)
	}
	b := newBrowser(t)
	for deadline := time.Now().Add(20 * time.Second); !strings.Contains(portal.output.String(), "SIGHUP changes nothing"); {
		if got := b.get(portal.url + "/healthz").status; got != http.StatusOK || time.Now().After(deadline) {
			t.Fatalf("GET /healthz after SIGHUP = %d, and the log says nothing of it", got)
		}
	}
}
