package session

import (
	"context"
	"fmt"
)

// NoteChange counts a change that the person has made at GitLab in all their sessions: whoever loads one
// from then on, on any replica, finds more Changes than what was read before goes by. It goes on if the
// browser goes away.
func (s *Store) NoteChange(ctx context.Context, user int64) error {
	condition, args := s.ofPerson(user)
	_, err := s.db.Exec(context.WithoutCancel(ctx), `UPDATE sessions SET changes = changes + 1 WHERE id_hash IN (
		SELECT id_hash FROM sessions WHERE `+condition+` ORDER BY id_hash`+s.db.ForUpdate+`)`, args...)
	if err != nil {
		return fmt.Errorf("note a change of a person's: %w", err)
	}
	return nil
}
