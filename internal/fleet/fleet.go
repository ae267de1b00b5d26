// Package fleet reads all agents of all projects that a person may see: many
// calls, a few at a time, of which any may fail without taking the others with
// it. What was read is kept for a short while for that person and that grant
// alone, and a scan is shared by all tabs that wait for it.
package fleet

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"gitlab-agent-portal/gitlabapi"
)

// ErrClosed is the error of a scan that was ended by Close or by signing out.
var ErrClosed = errors.New("the scan was stopped")

// Config is what a Service depends on. A zero number means its default.
type Config struct {
	Now func() time.Time // required
	Log *slog.Logger     // required
	// Observe is told of every scan that came to an end, for metrics; nil: nobody.
	Observe func(Scan)

	PerPerson int // calls to GitLab in flight for one person; 16
	// InFlight caps them over all people; 48. It should stay below the client's own
	// MaxInFlight, so that fleets never keep somebody from revoking a token.
	InFlight int
	Fresh    time.Duration // how long what was read is shown as it is; 30 s
	// Stale is how long it may be shown with its age while a new scan runs; 5 min.
	Stale time.Duration
	// Linger is how long a scan goes on with nobody waiting for it: a page is
	// reloaded, a stream not yet opened; 10 s.
	Linger   time.Duration
	Capacity int64 // estimated bytes of everything kept; 16 MB
}

// Scan is what Observe is told.
type Scan struct {
	Projects, Agents, Warnings int
	Fallback                   Fallback
	Took                       time.Duration
	Err                        error // nil unless there is no snapshot
}

// Viewer is on whose behalf the fleet is read. Nothing that was read for one
// Viewer is ever shown to another.
type Viewer struct {
	Person int64  // GitLab's numeric id
	Grant  string // what the person's token belongs to: the session, or a hash of its id
	Admin  bool   // may manage every project
}

// Source gives a client bound to the person's present token. A scan calls it once
// with nil, and again with the error whenever GitLab has refused that client's
// token (errors.Is gitlabapi.ErrUnauthorized): the Source then returns a client
// with a newer token, or an error, with which the scan ends. Calls of one scan
// never overlap. A scan outlives the request that began it, and so must a Source.
type Source func(ctx context.Context, refused error) (*gitlabapi.Client, error)

// View is what can be shown at once.
type View struct {
	// Snapshot is nil when nothing was read yet, or too long ago.
	Snapshot *Snapshot
	// Fresh says that Snapshot is no older than Config.Fresh; a view older than
	// that is to be shown with its age.
	Fresh bool
	// Scanning says that a scan is under way, for Read to wait for: of everything,
	// or only of the projects in Snapshot.Warnings.
	Scanning bool
}

// Service reads fleets. It is safe for concurrent use.
type Service struct {
	cfg Config
}

// New returns a Service. Call Close when it is no longer needed.
func New(cfg Config) *Service {
	return &Service{cfg: cfg}
}

// Cached returns what is kept for the viewer and starts nothing.
func (s *Service) Cached(v Viewer) View {
	return View{}
}

// Look returns what is kept for the viewer, and starts a scan unless that is
// fresh and whole: failures are not kept, so the projects of Warnings are read
// again. It does not wait.
func (s *Service) Look(ctx context.Context, v Viewer, source Source) (View, error) {
	return View{}, ErrClosed
}

// Read returns a snapshot that is fresh: what is kept, or the result of the scan
// under way, which is joined or begun. report, unless nil, is told of the
// progress, in the calling goroutine and only of the latest. When ctx ends, Read
// returns; the scan goes on for those who still wait.
//
// The error is one of gitlabapi's (errors.Is ErrUnauthorized when the Source gave
// no client that GitLab accepts), the Source's own, or ErrClosed. A project that
// fails is a Warning and no error.
func (s *Service) Read(ctx context.Context, v Viewer, source Source, report func(Progress)) (*Snapshot, error) {
	return nil, ErrClosed
}

// RetryProject reads one project of the snapshot again and returns the snapshot
// with it, or what Read returns where there is none. The project is unchanged in
// it where it is not one of the viewer's.
func (s *Service) RetryProject(ctx context.Context, v Viewer, source Source, project int64) (*Snapshot, error) {
	return nil, ErrClosed
}

// Refresh makes the next view read everything again. What is kept stays to be
// shown meanwhile.
func (s *Service) Refresh(v Viewer) {}

// Drop forgets everything kept for the person, whatever the grant, and makes
// their scans under way begin anew: what these have read may be from before the
// change that the person has just made.
func (s *Service) Drop(person int64) {}

// DropSession forgets everything kept for the grant and stops its scans, which
// end with ErrClosed: the person has signed out.
func (s *Service) DropSession(grant string) {}

// Enrich returns the rows, in their order, with the tokens of those whose tokens
// are not known, as far as GitLab tells of them within 2 s, token by token. It is
// for the rows on screen: of more than 50 the others stay as they are. Its only
// errors are those of a refused token.
func (s *Service) Enrich(ctx context.Context, v Viewer, source Source, rows []Agent) ([]Agent, error) {
	return rows, nil
}

// Versions returns the distinct versions, without a leading v, of the agentk pods
// that are connected for each of the rows: one per agent unless an upgrade is
// under way, none when no pod is connected. An agent is missing from the map
// where GitLab does not tell: the person is less than Maintainer, or there is no
// GraphQL or no agent server. Of more than 50 rows the others are left out. Its
// only errors are those of a refused token.
func (s *Service) Versions(ctx context.Context, v Viewer, source Source, rows []Agent) (map[int64][]string, error) {
	return nil, nil
}

// Close stops all scans, whose readers get ErrClosed, and waits for them until
// ctx ends. Nothing can be read afterwards.
func (s *Service) Close(ctx context.Context) error { return nil }
