package database

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"path/filepath"
	"time"

	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"
)

// checkTimeout bounds the look for damage at the start, which reads the whole file: what a large one
// has at its end is found when it is used.
const checkTimeout = 5 * time.Second

// checkSQLite refuses a damaged file, with which the portal would fail here and there later on.
func checkSQLite(ctx context.Context, db *sql.DB, path string) error {
	bounded, cancel := within(ctx, checkTimeout)
	defer cancel()
	var found string
	err := db.QueryRowContext(bounded, `PRAGMA quick_check(1)`).Scan(&found)
	switch failed, ok := errors.AsType[*sqlite.Error](err); {
	case errors.Is(bounded.Err(), errSlow):
		return nil
	case ok && (failed.Code()&0xff == sqlite3.SQLITE_CORRUPT || failed.Code()&0xff == sqlite3.SQLITE_NOTADB):
		return fmt.Errorf("%w: %w", damaged(path), err)
	case err != nil:
		return fmt.Errorf("sqlite: look for damage: %w", err)
	case found != "ok":
		return fmt.Errorf("%w: %s", damaged(path), found)
	}
	return nil
}

func damaged(path string) error {
	return fmt.Errorf("the database file %s %w: restore a backup of it, or move it and the "+
		"files beside it away to begin anew", filepath.Base(path), ErrDamaged)
}
