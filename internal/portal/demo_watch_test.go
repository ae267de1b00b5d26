package portal

import (
	"database/sql"
	"net/url"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	_ "modernc.org/sqlite" // the driver

	"gitlab-agent-portal/internal/database/databasetest"
)

// demoDatabase opens the database of the demo that keeps its things in the folder.
func demoDatabase(t *testing.T, folder string) *sql.DB {
	t.Helper()
	found, err := filepath.Glob(filepath.Join(folder, "*", "portal.db"))
	if err != nil || len(found) != 1 {
		t.Fatalf("the demo's database: %v, %v", found, err)
	}
	db, err := sql.Open("sqlite", "file:"+found[0]+"?mode=ro")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	return db
}

// count is what a query counts.
func count(t *testing.T, db *sql.DB, query string) (n int) {
	t.Helper()
	if err := db.QueryRowContext(t.Context(), query).Scan(&n); err != nil {
		t.Fatal(err)
	}
	return n
}

func TestTheDemoHasAPastAndSeesAClusterThatIsCutOff(t *testing.T) {
	folder := t.TempDir()
	t.Setenv("TMPDIR", folder) // where the demo's database lives
	demo := start(t, Program{Args: []string{"--demo"}, Listener: listen(t), Environ: []string{"PATH=/bin"}})
	sandbox := regexp.MustCompile(`(?m)^ +Sandbox +(http\S+)`).FindStringSubmatch(demo.output.String())[1]
	db := demoDatabase(t, folder)
	databasetest.Await(t, db, `SELECT COUNT(*) FROM watches WHERE read_at > 0`)
	for what, query := range map[string]string{
		"alerts that are over":        `SELECT COUNT(*) FROM alerts WHERE resolved_at > 0`,
		"connections that were lost":  `SELECT COUNT(*) FROM transitions WHERE kind = 2`,
		"times of which nobody knows": `SELECT COUNT(*) FROM transitions WHERE kind = 7`,
	} {
		if n := count(t, db, query); n < 20 {
			t.Errorf("the demo's past has %d %s, want some more", n, what)
		}
	}
	const open = `SELECT COUNT(*) FROM alerts WHERE resolved_at = 0 AND kind = 'disconnected'`
	before := count(t, db, open)

	const ofOne = ` AND project_path = 'shop/storefront/images' AND agent_name = 'cdn-origin'`
	b := newBrowser(t)
	token := regexp.MustCompile(`(?s)<strong>cdn-origin</strong>.*?name="token" value="(\d+)"`).FindStringSubmatch(b.get(sandbox).body)[1]
	if got, err := b.send(sandbox, url.Values{"token": {token}, "do": {"cut"}}); err != nil || got.status >= 400 {
		t.Fatalf("cutting the cluster off = %d, %v", got.status, err)
	}
	databasetest.Await(t, db, open+ofOne)
	if now := count(t, db, open); now != before+1 {
		t.Errorf("%d alerts are open, want the %d from before and the new one", now, before)
	}
	if got, err := b.send(sandbox, url.Values{"token": {token}, "do": {"use"}, "keep": {"1"}}); err != nil || got.status >= 400 {
		t.Fatalf("connecting it again = %d, %v", got.status, err)
	}
	databasetest.Await(t, db, `SELECT COUNT(*) FROM alerts WHERE resolved_at > 0 AND kind = 'disconnected'`+ofOne)
	if said := b.get(sandbox).body; !strings.Contains(said, "Cut off 40 min ago") {
		t.Error("the sandbox does not offer to cut a cluster off")
	}
}
