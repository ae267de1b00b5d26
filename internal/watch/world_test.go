package watch_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"gitlab-agent-portal/gitlabapi"
	"gitlab-agent-portal/gitlabapi/gitlabtest"
	"gitlab-agent-portal/internal/agent"
	"gitlab-agent-portal/internal/agentread"
	"gitlab-agent-portal/internal/alert"
	"gitlab-agent-portal/internal/alert/alerts"
	"gitlab-agent-portal/internal/database"
	"gitlab-agent-portal/internal/database/databasetest"
	"gitlab-agent-portal/internal/history/transitions"
	"gitlab-agent-portal/internal/rotation/readings"
	"gitlab-agent-portal/internal/watch"
	"gitlab-agent-portal/internal/watch/rules"
)

const (
	day       = 24 * time.Hour
	interval  = 5 * time.Minute
	retention = 400 * day
)

// world is a GitLab with a group in which a watch sees everything, and the portal's database.
type world struct {
	*gitlabtest.Instance
	t      *testing.T
	clock  *gitlabtest.Clock
	db     *database.DB
	raw    *databasetest.Database
	group  int64
	bot    int64
	token  string
	alerts *alerts.Store
	log    lines
	queue  queue
}

// lines is a log.
type lines struct {
	mu   sync.Mutex
	text strings.Builder
}

func (l *lines) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(p)
}

func (l *lines) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}

// queue is told of changes, a word each, and fails when it is told to.
type queue struct {
	told []string
	fail error
}

func (q *queue) Enqueue(_ context.Context, _ *database.Tx, changes []alert.Change) error {
	for _, change := range changes {
		sign := "+"
		if !change.Open() {
			sign = "-"
		}
		q.told = append(q.told, fmt.Sprintf("%s%s %s", sign, change.Kind, change.AgentName))
	}
	return q.fail
}

// take is what was told since the last time.
func (q *queue) take() []string {
	told := q.told
	slices.Sort(told)
	q.told = nil
	return told
}

// onEveryEngine runs a test over each engine.
func onEveryEngine(t *testing.T, test func(*testing.T, *world)) {
	t.Helper()
	for name, fresh := range databasetest.Engines() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			test(t, newWorld(t, fresh(t)))
		})
	}
}

func newWorld(t *testing.T, raw *databasetest.Database) *world {
	t.Helper()
	w := &world{t: t, clock: gitlabtest.NewClock(time.Date(2026, 11, 24, 9, 0, 0, 0, time.UTC)), raw: raw, db: raw.Open(t)}
	w.Instance = gitlabtest.Start(t, gitlabtest.WithNow(w.clock.Now))
	w.group = w.AddGroup(gitlabtest.Group{Path: "shop"})
	w.bot = w.AddUser(gitlabtest.User{Username: "group_1_bot"})
	w.AddGroupMember(w.group, w.bot, gitlabtest.Maintainer)
	w.token = w.AddPersonalToken(gitlabtest.PersonalToken{User: w.bot, Scopes: []string{"read_api"}})
	w.alerts = alerts.New(w.db, retention, w.clock.Now)
	t.Cleanup(func() {
		for _, secret := range w.Secrets() {
			if strings.Contains(w.log.String(), secret.Value) {
				t.Errorf("the log holds a %s", secret.Kind)
			}
		}
	})
	return w
}

// replica is one that watches with tokens, those of the world unless others are named.
func (w *world) replica(tokens ...string) *watch.Service {
	w.t.Helper()
	client, err := gitlabapi.New(w.URL, gitlabapi.Options{Now: w.clock.Now, Backoff: func(int) time.Duration { return 0 }})
	if err != nil {
		w.t.Fatal(err)
	}
	if len(tokens) == 0 {
		tokens = []string{w.token}
	}
	secrets := make([]gitlabapi.Secret, len(tokens))
	for i, token := range tokens {
		secrets[i] = gitlabapi.NewSecret(token)
	}
	log := slog.New(slog.NewTextHandler(&w.log, nil))
	return watch.New(watch.Config{
		Tokens: secrets, GitLab: client, Read: agentread.New(agentread.Config{Log: log, Now: w.clock.Now}),
		RevokedUses: readings.New(w.db, w.clock.Now).RevokedUses,
		Database:    w.db, Transitions: transitions.New(w.db, retention, w.clock.Now), Alerts: w.alerts, Queues: []watch.Queue{&w.queue},
		Retention: retention, Limits: rules.NewLimits(agent.NewThresholds(90*day, 30*day, 90*day), interval), Now: w.clock.Now, Log: log,
	})
}

// agents adds a project with agents that are connected, and returns their numbers.
func (w *world) agents(project string, names ...string) (id int64, agents []int64) {
	id = w.AddProject(gitlabtest.Project{Path: project, Group: w.group})
	for _, name := range names {
		agents = append(agents, w.agent(id, name, gitlabtest.Token{Live: true}))
	}
	return id, agents
}

func (w *world) agent(project int64, name string, token gitlabtest.Token) int64 {
	id := w.AddAgent(gitlabtest.Agent{Project: project, Name: name, CreatedBy: w.bot, CreatedAt: w.clock.Now().Add(-20 * day)})
	token.Agent, token.Name, token.CreatedBy, token.CreatedAt = id, name, w.bot, w.clock.Now().Add(-20*day)
	w.AddToken(token)
	return id
}

// cut cuts an agent off.
func (w *world) cut(agent int64) {
	for _, token := range w.Tokens(agent) {
		w.KeepInUse(token.ID, false)
	}
}

// once reads once, an interval after the last time.
func (w *world) once(s *watch.Service) {
	w.t.Helper()
	w.clock.Advance(interval)
	if err := s.Once(database.Unhurried(w.t.Context())); err != nil {
		w.t.Fatalf("Once: %v", err)
	}
}

// reads reads for a while.
func (w *world) reads(s *watch.Service, how time.Duration) {
	w.t.Helper()
	for range int(how / interval) {
		w.once(s)
	}
}

// takeLease ends the lease of whoever has it.
func (w *world) takeLease() {
	w.t.Helper()
	w.raw.Exec(w.t, `UPDATE watches SET held_until = 0`)
}

// giveLeaseUp gives up the lease of whoever has it, as a replica does that stops.
func (w *world) giveLeaseUp() {
	w.t.Helper()
	w.raw.Exec(w.t, `UPDATE watches SET holder = '', held_until = 0`)
}

// rows counts the rows of tables.
func (w *world) rows(tables ...string) (counts []int) {
	w.t.Helper()
	for _, table := range tables {
		var n int
		if err := w.db.Read.QueryRowContext(w.t.Context(), `SELECT COUNT(*) FROM `+table).Scan(&n); err != nil {
			w.t.Fatal(err)
		}
		counts = append(counts, n)
	}
	return counts
}

// status is how the watch does.
func (w *world) status(s *watch.Service) watch.Status {
	w.t.Helper()
	status, err := s.Status(w.t.Context())
	if err != nil {
		w.t.Fatal(err)
	}
	return status
}

var errQueue = errors.New("the queue is broken")
