package alerts

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"

	"gitlab-agent-portal/internal/alert"
)

// PageQuery says which alerts a person looks at, a page at a time.
type PageQuery struct {
	// Projects are the numbers of those that the reader may see, by their own rights.
	Projects []int64
	// ProjectsOnly leaves out the alerts about the watch itself, which are everybody's otherwise.
	ProjectsOnly bool
	// Resolved asks for alerts that are over, the last resolved first. Else they are open: those that
	// nobody looks after come first, then the gravest, then the newest.
	Resolved bool
	// Kind, Severity and Agent, unless zero, ask for those of one kind, severity, and agent.
	Kind     alert.Kind
	Severity alert.Severity
	Agent    int64
	// After continues behind a place that Page told of; the zero value begins.
	After Place
	// Limit is how many are returned at most.
	Limit int
}

// Place is where a page of alerts ends, for the next one to begin behind it.
type Place struct {
	// Rank is what the list is ordered by first, and ID second.
	Rank, ID int64
}

// Page returns a page of alerts, and the place behind it: the zero Place where the list ends.
func (s *Store) Page(ctx context.Context, q PageQuery) ([]alert.Alert, Place, error) {
	list, err := s.db.NumbersArg(q.Projects)
	if err != nil {
		return nil, Place{}, fmt.Errorf("list the projects: %w", err)
	}
	now := s.now()
	open, rank := "resolved_at = 0", "CASE WHEN ack_until > $3 THEN 0 ELSE 10 END + "+weights()
	if q.Resolved { // $3 is named, since every parameter has to have a type
		open, rank = "resolved_at > 0", "resolved_at + 0 * CAST($3 AS BIGINT)"
	}
	whose := "(project_id = 0 OR project_id IN (" + s.db.Numbers + "))"
	if q.ProjectsOnly {
		whose = "project_id IN (" + s.db.Numbers + ")"
	}
	found, err := s.query(ctx, `instance = $2 AND `+open+` AND `+whose+` AND ($4 = '' OR kind = $4) AND (`+severityIs("$5")+`)
		AND (CAST($6 AS BIGINT) = 0 OR agent_id = $6) AND (CAST($8 AS BIGINT) = 0 OR (`+rank+`, id) < (CAST($7 AS BIGINT), $8)) ORDER BY `+rank+` DESC, id DESC LIMIT $9`,
		list, s.db.Instance.Number, now.UnixMicro(), string(q.Kind), string(q.Severity), q.Agent, q.After.Rank, q.After.ID, q.Limit+1)
	if err != nil || len(found) <= q.Limit {
		return found, Place{}, err
	}
	last := found[q.Limit-1]
	place := Place{Rank: last.ResolvedAt.UnixMicro(), ID: last.ID}
	if !q.Resolved {
		place.Rank = int64(weightOf(last.Kind.Severity()))
		if !last.Acknowledged(now) {
			place.Rank += 10
		}
	}
	return found[:q.Limit], place, nil
}

// weightOf makes graver severities greater.
func weightOf(severity alert.Severity) int {
	weight := 0
	for i, one := range alert.Severities() {
		if one == severity {
			weight = len(alert.Severities()) - i
		}
	}
	return weight
}

// weights is weightOf of a row's kind, in SQL. Only constants are in it.
func weights() string {
	var text strings.Builder
	text.WriteString("CASE kind")
	for _, kind := range alert.Kinds() {
		fmt.Fprintf(&text, " WHEN '%s' THEN %d", kind, weightOf(kind.Severity()))
	}
	text.WriteString(" ELSE 0 END")
	return text.String()
}

// severityIs is, in SQL, whether a row's kind has the severity of the parameter, of which the empty one
// is every severity.
func severityIs(parameter string) string {
	parts := []string{parameter + " = ''"}
	for _, severity := range alert.Severities() {
		var kinds []string
		for _, kind := range alert.Kinds() {
			if kind.Severity() == severity {
				kinds = append(kinds, "'"+string(kind)+"'")
			}
		}
		parts = append(parts, parameter+" = '"+string(severity)+"' AND kind IN ("+strings.Join(kinds, ", ")+")")
	}
	return strings.Join(parts, " OR ")
}

// Get returns the alert with the number, open or resolved. ErrGone if there is none.
func (s *Store) Get(ctx context.Context, id int64) (alert.Alert, error) {
	row := s.db.Read.QueryRowContext(ctx, `SELECT `+columns+` FROM alerts WHERE instance = $1 AND id = $2`, s.db.Instance.Number, id)
	found, err := scan(row)
	if errors.Is(err, sql.ErrNoRows) {
		return alert.Alert{}, ErrGone
	}
	if err != nil {
		return alert.Alert{}, fmt.Errorf("read an alert: %w", err)
	}
	return found, nil
}
