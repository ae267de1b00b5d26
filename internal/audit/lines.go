package audit

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"sync"
	"time"

	"gitlab-agent-portal/internal/activity"
)

// line is a row as AUDIT_LOG has it. README.md documents the names, on which others rely.
type line struct {
	Type    string           `json:"type"` // always "audit": standard output has the log as well
	Time    time.Time        `json:"time"`
	ID      int64            `json:"id"`
	Action  activity.Action  `json:"action"`
	Outcome activity.Outcome `json:"outcome"`

	ActorID              int64     `json:"actor_id,omitempty"`
	Actor                string    `json:"actor,omitempty"`
	ProjectID            int64     `json:"project_id,omitempty"`
	Project              string    `json:"project,omitempty"`
	AgentID              int64     `json:"agent_id,omitempty"`
	Agent                string    `json:"agent,omitempty"`
	TokenID              int64     `json:"token_id,omitempty"`
	Token                string    `json:"token,omitempty"`
	UnconfirmedProjectID int64     `json:"unconfirmed_project_id,omitempty"`
	UnconfirmedAgentID   int64     `json:"unconfirmed_agent_id,omitempty"`
	UnconfirmedTokenID   int64     `json:"unconfirmed_token_id,omitempty"`
	IP                   string    `json:"ip,omitempty"`
	RequestID            string    `json:"request_id,omitempty"`
	RefersTo             int64     `json:"refers_to,omitempty"`
	Count                int64     `json:"count"`
	LastTime             time.Time `json:"last_time,omitzero"`
}

func lineOf(e Event) line {
	return line{
		Type: "audit", Time: e.At, ID: e.ID, Action: e.Action, Outcome: e.Outcome, ActorID: e.ActorID, Actor: e.ActorName,
		ProjectID: e.Target.ProjectID, Project: e.Target.ProjectPath, AgentID: e.Target.AgentID, Agent: e.Target.AgentName,
		TokenID: e.Target.TokenID, Token: e.Target.TokenName,
		UnconfirmedProjectID: e.Claim.ProjectID, UnconfirmedAgentID: e.Claim.AgentID, UnconfirmedTokenID: e.Claim.TokenID,
		IP: e.ClientIP, RequestID: e.RequestID, RefersTo: e.RefersTo, Count: e.Times, LastTime: e.LastAt,
	}
}

// Lines writes rows as JSON, one a line, for whatever collects logs. It is safe for concurrent use.
type Lines struct {
	mu  sync.Mutex
	out io.Writer
	// torn says that the last line may lack its end.
	torn bool
}

// NewLines returns Lines that are written to out.
func NewLines(out io.Writer) *Lines { return &Lines{out: out} }

// Write writes a row. A row that cannot be written is left out; it is in the database.
func (l *Lines) Write(e Event) error {
	text, err := json.Marshal(lineOf(e))
	if err != nil {
		return fmt.Errorf("write a row of the audit as JSON: %w", err)
	}
	text = append(text, '\n')
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.torn {
		text = append([]byte{'\n'}, text...)
	}
	n, err := l.out.Write(text)
	l.torn = err != nil && (n > 0 || l.torn)
	if err != nil {
		return fmt.Errorf("write a line of the audit: %w", err)
	}
	return nil
}

// File is a file that grows at its end and can be moved away at any time, as by logrotate: what is
// written after that goes to a new file of its name. It is for one writer at a time.
type File struct {
	name string
	file *os.File
}

// OpenFile opens the file, and creates it, for its owner alone, if it is not there. The error does
// not contain its name.
func OpenFile(name string) (*File, error) {
	f := &File{name: filepath.Clean(name)}
	return f, f.open()
}

func (f *File) open() error {
	file, err := os.OpenFile(f.name, os.O_WRONLY|os.O_APPEND|os.O_CREATE, 0o600)
	if failed := (*os.PathError)(nil); errors.As(err, &failed) {
		return fmt.Errorf("open the file: %w", failed.Err)
	}
	f.file = file
	return err
}

// Write appends text to the file that has the name now.
func (f *File) Write(text []byte) (int, error) {
	if f.isMoved() {
		moved := f.file
		if err := f.open(); err != nil {
			return 0, err
		}
		_ = moved.Close() // every line in it was written
	}
	return f.file.Write(text)
}

// isMoved reports whether the name stands for another file, or none, by now.
func (f *File) isMoved() bool {
	named, err := os.Stat(f.name)
	if err != nil {
		return errors.Is(err, os.ErrNotExist)
	}
	open, err := f.file.Stat()
	return err == nil && !os.SameFile(named, open)
}

// Close closes the file.
func (f *File) Close() error { return f.file.Close() }
