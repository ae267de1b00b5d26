package audit

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"gitlab-agent-portal/internal/activity"
)

// maxText is more than any name of GitLab's, in bytes.
const maxText = 1024

// storable is text as both engines take it: PostgreSQL refuses what is not UTF-8, and zero
// bytes. A name that cannot be written must not keep an action from being noted.
func storable(text string) string {
	text = strings.ReplaceAll(strings.ToValidUTF8(text, "�"), "\x00", "�")
	if len(text) > maxText {
		text = strings.ToValidUTF8(text[:maxText], "")
	}
	return text
}

// Filter selects rows of the audit. Zero values do not filter, except for Projects.
type Filter struct {
	// Projects are the projects whose rows are wanted, any number of them. Without any there is nothing: a person
	// sees rows by their rights in projects, and an empty list of rights must not show all.
	Projects []int64
	// AgentID and AgentName name an agent; its name is that of the time.
	AgentID   int64
	AgentName string
	// Actor is a username.
	Actor  string
	Action activity.Action
	// From and Until bound the time; Until itself is left out.
	From, Until time.Time
}

// Page returns at most limit rows, newest first. before is the ID of the last row of the page
// before this one, 0 for the first page: rows that are added meanwhile shift nothing. ErrSlow if
// the database takes too long.
func (l *Log) Page(ctx context.Context, filter Filter, before int64, limit int) ([]Event, error) {
	return l.page(ctx, filter, span{below: before}, newestFirst, limit)
}

// PageAfter returns the at most limit rows that come right after the one with the ID after,
// newest first like every page. ErrSlow if the database takes too long.
func (l *Log) PageAfter(ctx context.Context, filter Filter, after int64, limit int) ([]Event, error) {
	rows, err := l.page(ctx, filter, span{above: after}, oldestFirst, limit)
	slices.Reverse(rows)
	return rows, err
}

// page reads a page in the order.
func (l *Log) page(ctx context.Context, filter Filter, ids span, order order, limit int) ([]Event, error) {
	if len(filter.Projects) == 0 {
		return nil, nil
	}
	ctx, cancel := context.WithTimeoutCause(ctx, queryTimeout, ErrSlow)
	defer cancel()
	ids, err := l.between(ctx, ids, filter.From, filter.Until)
	if err != nil {
		return nil, slow(ctx, err)
	}
	query, args, err := l.pageQuery(filter, ids, order, limit)
	if err != nil {
		return nil, err
	}
	events, err := l.events(l.db.Reports.QueryContext(ctx, query, args...))
	if err != nil {
		return nil, slow(ctx, fmt.Errorf("read the audit: %w", err))
	}
	return events, nil
}

// slow says so of an error that came when the time for a query was up.
func slow(ctx context.Context, err error) error {
	if cause := context.Cause(ctx); errors.Is(cause, ErrSlow) {
		return errors.Join(cause, err)
	}
	return err
}

// events reads the rows of a query of columns.
func (l *Log) events(rows *sql.Rows, err error) ([]Event, error) {
	if err != nil {
		return nil, err
	}
	defer func() { _ = rows.Close() }()
	var events []Event
	for rows.Next() {
		event, err := l.scan(rows)
		if err != nil {
			return nil, err
		}
		events = append(events, event)
	}
	return events, rows.Err()
}

// CreatedBy returns the row of the create that made the target's token, if the person with that
// number did it through the portal, and whether there is one.
func (l *Log) CreatedBy(ctx context.Context, actor int64, token Claim) (Event, bool, error) {
	ctx, cancel := context.WithTimeoutCause(ctx, queryTimeout, ErrSlow)
	defer cancel()
	event, err := l.scan(l.db.Reports.QueryRowContext(ctx, createdQuery, token.TokenID, activity.TokenCreate, token.AgentID, token.ProjectID, actor, l.db.Instance.Number))
	switch {
	case errors.Is(err, sql.ErrNoRows):
		return Event{}, false, nil
	case err != nil:
		return Event{}, false, slow(ctx, fmt.Errorf("look for a create in the audit: %w", err))
	}
	return event, true, nil
}

const createdQuery = `SELECT ` + columns + ` FROM audit
	WHERE token_id = $1 AND action = $2 AND agent_id = $3 AND project_id = $4 AND actor_id = $5 AND instance = $6 LIMIT 1`
