package database

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
)

// Instance is the GitLab application that an open database serves. GitLab's numbers of people,
// projects, agents and tokens mean something at that one only.
type Instance struct {
	// Number is the application's in this database, from 1. It stands in rows.
	Number int64
	// Fingerprint tells the application from any other one, in any database.
	Fingerprint string
}

// claimAttempts is how often an application tries for the next number, which at a common start
// another one may get first.
const claimAttempts = 5

// claim finds the number of the application with the fingerprint, or gives it the next one. The
// first application that a database ever serves owns the rows that know of none.
func claim(ctx context.Context, db *DB, fingerprint string) error {
	db.Instance.Fingerprint = fingerprint
	err := sql.ErrNoRows
	for attempt := 0; attempt < claimAttempts && errors.Is(err, sql.ErrNoRows); attempt++ {
		_, err = db.Exec(ctx, `INSERT INTO instances (number, fingerprint)
			SELECT COALESCE(MAX(number), 0) + 1, CAST($1 AS TEXT) FROM instances WHERE true
			ON CONFLICT DO NOTHING`, fingerprint)
		if err == nil {
			row := db.Write.QueryRowContext(ctx, `SELECT number FROM instances WHERE fingerprint = $1`, fingerprint)
			err = row.Scan(&db.Instance.Number)
		}
	}
	if err != nil {
		return fmt.Errorf("number the GitLab application: %w", err)
	}
	return nil
}
