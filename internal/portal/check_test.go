package portal

import (
	"encoding/pem"
	"errors"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"gitlab-agent-portal/gitlabapi/gitlabtest"
	"gitlab-agent-portal/internal/database"
	"gitlab-agent-portal/internal/database/databasetest"
	"gitlab-agent-portal/internal/database/pgtest"
)

func TestACheckSaysWhatIsWellAndWhatToDoAboutTheRest(t *testing.T) {
	t.Parallel()
	gitlab := newOrganisation(t)
	behindTLS := gitlabtest.New()
	secure := httptest.NewTLSServer(behindTLS)
	known := behindTLS.AddApplication(gitlabtest.Application{RedirectURIs: []string{"http://localhost/auth/callback"}})
	t.Cleanup(secure.Close)
	authority := writeFile(t, string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: secure.Certificate().Raw})))
	elsewhere := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html")
		_, _ = w.Write([]byte("<h1>It works!</h1>"))
	}))
	t.Cleanup(elsewhere.Close)
	other := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(http.StatusNotFound)
	}))
	t.Cleanup(other.Close)
	closed := listen(t)
	_ = closed.Close()
	postgres := pgtest.New(t).URL
	year := secure.Certificate().NotAfter.AddDate(-1, 0, 0)
	tests := []struct {
		name    string
		environ []string
		now     time.Time
		isWell  bool
		want    []string
	}{
		{"all is well", nil, year, true, []string{"ok    settings", "ok    database (sqlite)", "ok    GitLab at " + gitlab.URL, "ok    application"}},
		{"a variable that nobody reads", []string{"DATABASE_URI=canary"}, year, true, []string{"NOTE  the portal does not read DATABASE_URI: is DATABASE_URL meant?"}},
		{"PostgreSQL", []string{"DATABASE_URL=" + postgres}, year, true, []string{"ok    database (postgresql)"}},
		{"a private authority", []string{"GITLAB_URL=" + secure.URL, "GITLAB_CA_FILE=" + authority, "GITLAB_CLIENT_ID=" + known.ID, "GITLAB_CLIENT_SECRET=" + known.Secret}, year, true, []string{"ok    GITLAB_CA_FILE, ", "ok    GitLab at " + secure.URL}},
		{"an internal address", []string{"GITLAB_URL=https://gitlab.invalid", "GITLAB_INTERNAL_URL=" + gitlab.URL}, year, true, []string{"ok    GitLab at " + gitlab.URL}},
		{"an authority that ends soon", []string{"GITLAB_CA_FILE=" + authority}, secure.Certificate().NotAfter.Add(-time.Hour), false, []string{"WRONG GITLAB_CA_FILE", "expires on 20", "its new certificate"}},
		{"an authority that has ended", []string{"GITLAB_CA_FILE=" + authority}, secure.Certificate().NotAfter.Add(time.Hour), false, []string{"expired on 20"}},
		{"an unknown authority", []string{"GITLAB_URL=" + secure.URL}, year, false, []string{"WRONG GitLab", "name the file in GITLAB_CA_FILE"}},
		{"something else in GitLab's place", []string{"GITLAB_URL=" + elsewhere.URL}, year, false, []string{"WRONG GitLab", "something else answers there"}},
		{"a path that GitLab does not live at", []string{"GITLAB_URL=" + other.URL}, year, false, []string{"there is no GitLab below that address"}},
		{"TLS where there is none", []string{"GITLAB_URL=" + strings.Replace(gitlab.URL, "http:", "https:", 1)}, year, false, []string{"GitLab speaks plain http there"}},
		{"a GitLab that is not there", []string{"GITLAB_URL=http://" + closed.Addr().String()}, year, false, []string{"nobody listens there"}},
		{"a database that is not there", []string{"DATABASE_URL=postgres://u:canary@" + closed.Addr().String() + "/d"}, year, false, []string{"WRONG database (postgresql)", "see whether the database runs", "ok    GitLab"}},
		{"a replica", []string{"DATABASE_URL=" + withOption(postgres, "default_transaction_read_only=on")}, year, false, []string{"takes no changes", "name the primary"}},
		{"a user without rights", []string{"DATABASE_URL=" + withOption(postgres, "search_path=nowhere")}, year, false, []string{"may not create tables"}},
		{"a database that PostgreSQL does not have", []string{"DATABASE_URL=" + otherDatabase(t, postgres)}, year, false, []string{"create the database"}},
		{"an application that GitLab does not know", []string{"GITLAB_CLIENT_SECRET=canary"}, year, false, []string{"ok    GitLab", "WRONG application", "GITLAB_CLIENT_SECRET to those that GitLab shows"}},
		{"a file that is no database", []string{"DATABASE_URL=sqlite:" + writeFile(t, strings.Repeat("canary", 1000))}, year, false, []string{"WRONG database (sqlite)", "is damaged, or no database", "restore the newest backup"}},
		{"a newer version's file", []string{"DATABASE_URL=" + newer(t, "sqlite:"+filepath.Join(t.TempDir(), "portal.db"))}, year, false, []string{"was changed by a newer version", "start the version"}},
		{"a newer version's PostgreSQL", []string{"DATABASE_URL=" + newer(t, pgtest.New(t).URL)}, year, false, []string{"was changed by a newer version", "start the version"}},
		{"somebody to tell", []string{"NOTIFY_FILE=" + exampleOfRoutes(t), "ALERTMANAGER_URL=" + elsewhere.URL}, year, true, []string{"ok    NOTIFY_FILE (4 routes", "NOTE  without WATCH_TOKEN", "ok    Alertmanager at " + strings.TrimPrefix(elsewhere.URL, "http://")}},
		{"an Alertmanager that is not there", []string{"ALERTMANAGER_URL=http://u:canary@" + closed.Addr().String()}, year, false, []string{"WRONG Alertmanager at " + closed.Addr().String() + ": ask Alertmanager: dial tcp", "see whether ALERTMANAGER_URL"}},
		{"something else in Alertmanager's place", []string{"ALERTMANAGER_URL=" + other.URL}, year, false, []string{"WRONG Alertmanager", "status 404"}},
		{"a log of the audit without a folder", []string{"AUDIT_LOG=" + filepath.Join(t.TempDir(), "gone", "audit.log")}, year, false, []string{"WRONG AUDIT_LOG: its folder", "make the folder"}},
		{"a folder that is not there", []string{"DATABASE_URL=sqlite:" + filepath.Join(t.TempDir(), "gone", "portal.db")}, year, false, []string{"make the folder"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			file := filepath.Join(t.TempDir(), "portal.db")
			_, environ := settings(gitlab, listen(t), append([]string{"DATABASE_URL=sqlite:" + file}, tt.environ...)...)
			out := new(output)
			err := Program{Args: []string{"-check"}, Environ: environ, Stdout: out, Now: func() time.Time { return tt.now }}.Run(t.Context())
			if tt.isWell != (err == nil) || !tt.isWell && !errors.Is(err, errCheckFailed) {
				t.Errorf("Run -check = %v", err)
			}
			for _, want := range tt.want {
				if !strings.Contains(out.String(), want) {
					t.Errorf("the check does not say %q: %s", want, out)
				}
			}
			if strings.Contains(out.String(), "canary") || strings.Contains(out.String(), testKey) {
				t.Errorf("the check shows a secret: %s", out)
			}
			if found, _ := os.ReadDir(filepath.Dir(file)); len(found) != 0 {
				t.Errorf("the check left %v", found)
			}
		})
	}
}

// newer is the address of the database once a later version of the portal has changed it.
func newer(t *testing.T, address string) string {
	t.Helper()
	db, err := database.Open(t.Context(), address, databasetest.Instance)
	if err != nil {
		t.Fatal(err)
	}
	_, err = db.Write.ExecContext(t.Context(), `INSERT INTO goose_db_version (version_id, is_applied) VALUES (9999, true)`)
	if err := errors.Join(err, db.Close()); err != nil {
		t.Fatal(err)
	}
	return address
}

// withOption sets a parameter of PostgreSQL's for the connections of a URL.
func withOption(address, option string) string {
	separator := "?"
	if strings.Contains(address, "?") {
		separator = "&"
	}
	return address + separator + option
}

// otherDatabase is the URL of a database that its server does not have.
func otherDatabase(t *testing.T, address string) string {
	t.Helper()
	base, query, _ := strings.Cut(address, "?")
	i := strings.LastIndex(base, "/")
	return base[:i] + "/nowhere?" + query
}

func TestACheckRunsBesideThePortal(t *testing.T) {
	t.Parallel()
	gitlab, listener := newOrganisation(t), listen(t)
	public, environ := settings(gitlab, listener, "DATABASE_URL=sqlite:"+t.TempDir()+"/portal.db")
	start(t, Program{Listener: listener, Environ: environ})
	out := new(output)
	if err := Run(t.Context(), []string{"-check"}, environ, out); err != nil {
		t.Errorf("Run -check beside the portal = %v: %s", err, out)
	}
	if got := newBrowser(t).get(public + "/readyz").status; got != http.StatusOK {
		t.Errorf("GET /readyz after the check = %d, want 200", got)
	}
}

func TestACheckOfWrongSettingsNamesThem(t *testing.T) {
	t.Parallel()
	out := new(output)
	err := Run(t.Context(), []string{"-check"}, []string{"SESSION_KEYS=canary"}, out)
	if err == nil || !strings.Contains(err.Error(), "GITLAB_URL is not set") || !strings.Contains(err.Error(), "SESSION_KEYS is not") || strings.Contains(err.Error(), "canary") {
		t.Errorf("Run -check = %v, want what is wrong with each", err)
	}
}
