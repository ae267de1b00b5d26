package databasetest

import (
	"database/sql"
	"strings"
	"testing"
)

func TestContentsHoldWhatWasDeleted(t *testing.T) {
	t.Parallel()
	for name, fresh := range Engines() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := fresh(t)
			d.Exec(t, `CREATE TABLE canaries (value TEXT)`)
			d.Exec(t, `INSERT INTO canaries VALUES ('a-canary-that-stays'), ('a-canary-that-flew')`)
			d.Exec(t, `DELETE FROM canaries WHERE value LIKE '%flew'`)
			var all strings.Builder
			for _, content := range d.Contents(t) {
				all.WriteString(content)
			}
			for _, canary := range []string{"a-canary-that-stays", "a-canary-that-flew"} {
				if !strings.Contains(all.String(), canary) {
					t.Errorf("the contents do not hold %q", canary)
				}
			}
			d.Exec(t, `DROP TABLE canaries`)
		})
	}
}

func TestEveryTableIsEmptiedForTheNextTest(t *testing.T) {
	t.Parallel()
	Postgres(t).use(t, func(db *sql.DB) {
		for _, table := range column(t, db, `SELECT tablename FROM pg_tables WHERE schemaname = 'public'`) {
			if table != "goose_db_version" && !strings.Contains(empty, table) {
				t.Errorf("the table %s is not emptied", table)
			}
		}
	})
}
