package session

import (
	"cmp"
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Listed is a session as the person's other sessions see it: without anything that opens it.
type Listed struct {
	// Handle names the session to End. It is no credential.
	Handle                string
	CreatedAt, LastSeenAt time.Time
	Client                Client
}

// HandleOf names the session with this id in a list.
func HandleOf(id string) string { return hex.EncodeToString(hashID(id)) }

// List returns the person's sessions that have not ended, the one that was seen last first.
func (s *Store) List(ctx context.Context, user int64) ([]Listed, error) {
	condition, args := s.ofPerson(user)
	rows, err := s.db.Read.QueryContext(ctx, `SELECT id_hash, details FROM sessions WHERE `+condition, args...)
	if err != nil {
		return nil, fmt.Errorf("list a person's sessions: %w", err)
	}
	defer func() { _ = rows.Close() }()
	var listed []Listed
	for rows.Next() {
		var hash, sealed []byte
		if err := rows.Scan(&hash, &sealed); err != nil {
			return nil, fmt.Errorf("read a session of a person's: %w", err)
		}
		details, err := s.seals.openDetails(hash, sealed)
		if err != nil || s.isOver(details.CreatedAt, details.LastSeenAt) {
			continue // one that Load refuses as well
		}
		listed = append(listed, Listed{hex.EncodeToString(hash), details.CreatedAt, details.LastSeenAt, details.Client})
	}
	if err := rows.Err(); err != nil {
		return nil, fmt.Errorf("list a person's sessions: %w", err)
	}
	slices.SortFunc(listed, func(a, b Listed) int {
		return cmp.Or(b.LastSeenAt.Compare(a.LastSeenAt), b.CreatedAt.Compare(a.CreatedAt), cmp.Compare(a.Handle, b.Handle))
	})
	return listed, nil
}

// ErrNoHandle reports a handle that names nothing.
var ErrNoHandle = errors.New("session: not the handle of a session")

// EndListed ends the person's session with this handle, and reports whether there was one. Its
// tokens stay unread, and so their grant stays until GitLab ends it. A renewal that is under way finds
// no session to save its tokens to.
func (s *Store) EndListed(ctx context.Context, user int64, handle string) (bool, error) {
	hash, err := hex.DecodeString(handle)
	if err != nil {
		return false, ErrNoHandle
	}
	ended, err := s.endOf(ctx, user, ` AND id_hash = `, hash)
	return ended > 0, err
}

// EndOthers ends all the person's sessions but the one with this id, as EndListed does, and returns
// how many.
func (s *Store) EndOthers(ctx context.Context, user int64, id string) (int64, error) {
	return s.endOf(ctx, user, ` AND id_hash <> `, hashID(id))
}

// endOf ends those of the person's sessions whose hash compares so with hash. It goes on if the
// browser goes away.
func (s *Store) endOf(ctx context.Context, user int64, comparison string, hash []byte) (int64, error) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), removeTimeout)
	defer cancel()
	condition, args := s.ofPerson(user)
	args = append(args, hash)
	ended, err := s.db.Exec(ctx, `DELETE FROM sessions WHERE `+condition+comparison+`$`+strconv.Itoa(len(args)), args...)
	if err != nil {
		return 0, fmt.Errorf("end sessions of a person's: %w", err)
	}
	return ended, nil
}

// ofPerson is the condition that selects a person's sessions, with its arguments: they may be noted
// under any of the keys.
func (s *Store) ofPerson(user int64) (string, []any) {
	args := []any{s.instance()}
	var places []string
	for _, mac := range s.seals.persons(user) {
		args = append(args, mac)
		places = append(places, "$"+strconv.Itoa(len(args)))
	}
	return `instance = $1 AND person IN (` + strings.Join(places, ", ") + `)`, args
}
