package watch_test

import (
	"errors"
	"fmt"
	"net/http"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"gitlab-agent-portal/gitlabapi/gitlabtest"
	"gitlab-agent-portal/internal/budget"
	"gitlab-agent-portal/internal/database/databasetest"
	"gitlab-agent-portal/internal/history"
	"gitlab-agent-portal/internal/history/transitions"
	"gitlab-agent-portal/internal/watch"
)

func (w *world) wantTold(t *testing.T, when string, want ...string) {
	t.Helper()
	if diff := cmp.Diff(want, w.queue.take()); diff != "" {
		t.Errorf("%s (-want +got):\n%s", when, diff)
	}
}

func TestTheWatchTellsOfAClusterThatIsCutOffAndComesBack(t *testing.T) {
	t.Parallel()
	onEveryEngine(t, func(t *testing.T, w *world) {
		_, agents := w.agents("web", "prod", "staging")
		s := w.replica()
		w.reads(s, time.Hour)
		w.wantTold(t, "all is well")
		w.cut(agents[0])
		w.reads(s, time.Hour)
		w.wantTold(t, "cut off", "+disconnected prod")
		open, err := w.alerts.Open(t.Context())
		if err != nil || len(open) != 1 || open[0].ProjectPath != "shop/web" || !open[0].Since.Before(open[0].OpenedAt) {
			t.Errorf("open are %+v, %v", open, err)
		}
		w.KeepInUse(w.Tokens(agents[0])[0].ID, true)
		w.reads(s, time.Hour)
		w.wantTold(t, "back", "-disconnected prod")
		noted, err := transitions.New(w.db, retention, w.clock.Now).Of(t.Context(), agents[:1], w.clock.Now().Add(-day))
		var kinds []history.Kind
		for _, one := range noted {
			kinds = append(kinds, one.Kind)
		}
		if want := []history.Kind{history.Connected, history.NotConnected, history.Connected}; err != nil || !slices.Equal(kinds, want) {
			t.Errorf("what became of it is %v, %v, want %v", kinds, err, want)
		}
	})
}

func TestNothingIsWrittenWhereNothingChanges(t *testing.T) {
	t.Parallel()
	onEveryEngine(t, func(t *testing.T, w *world) {
		w.agents("web", "prod", "staging")
		s := w.replica()
		w.once(s)
		before, contents := w.rows("watched", "transitions", "alerts"), w.raw.Contents(t)
		w.reads(s, 50*time.Minute)
		if diff := cmp.Diff(before, w.rows("watched", "transitions", "alerts")); diff != "" {
			t.Errorf("rows (-before +after):\n%s", diff)
		}
		for _, table := range []string{"the table watched", "the table transitions"} {
			if after := w.raw.Contents(t)[table]; contents[table] != "" && after != contents[table] {
				t.Errorf("%s was written:\n%s\n%s", table, contents[table], after)
			}
		}
		if want := []int{2, 6, 0}; !slices.Equal(before, want) { // registered, token created and connected, of each
			t.Errorf("rows = %v, want %v", before, want)
		}
	})
}

func TestAProjectThatCannotBeReadKeepsItsState(t *testing.T) {
	t.Parallel()
	onEveryEngine(t, func(t *testing.T, w *world) {
		web, agents := w.agents("web", "prod")
		w.agents("app", "other")
		s := w.replica()
		w.once(s)
		before := w.rows("transitions")
		w.Inject(gitlabtest.OpGraphQL, gitlabtest.Status(500))
		w.Inject(gitlabtest.OpListAgents, gitlabtest.Status(500).ForProject(web))
		w.cut(agents[0])
		w.reads(s, 2*interval)
		if after := w.rows("transitions"); !slices.Equal(before, after) {
			t.Errorf("%v transitions, want the %v from before", after, before)
		}
		w.wantTold(t, "for two readings")
		if status := w.status(s); status.Failure != watch.Incomplete || status.FailingSince.IsZero() {
			t.Errorf("status = %+v, want it incomplete", status)
		}
		w.reads(s, 2*interval)
		w.wantTold(t, "for three intervals", "+watch_failing ")
		w.ClearFaults(gitlabtest.OpGraphQL)
		w.ClearFaults(gitlabtest.OpListAgents)
		w.once(s)
		w.wantTold(t, "read again", "-watch_failing ")
	})
}

func TestAnAgentThatWasDeletedIsGone(t *testing.T) {
	t.Parallel()
	onEveryEngine(t, func(t *testing.T, w *world) {
		web, agents := w.agents("web", "prod", "staging")
		s := w.replica()
		w.once(s)
		w.cut(agents[0])
		w.reads(s, time.Hour)
		w.wantTold(t, "cut off", "+disconnected prod")
		w.DeleteAgent(agents[0])
		w.once(s)
		w.wantTold(t, "missed once")
		w.once(s)
		w.wantTold(t, "missed twice", "-disconnected prod")
		w.DeleteProject(web)
		w.reads(s, 2*interval)
		if figures := s.Figures(); len(figures.Agents) != 0 {
			t.Errorf("figures of %+v, want none", figures.Agents)
		}
		w.clock.Advance(retention)
		if n, err := s.Sweep(t.Context()); n != 2 || err != nil {
			t.Errorf("swept %d, %v; want both", n, err)
		}
	})
}

func TestATokenThatGitLabRefusesIsTold(t *testing.T) {
	t.Parallel()
	onEveryEngine(t, func(t *testing.T, w *world) {
		w.agents("web", "prod")
		s := w.replica()
		w.once(s)
		w.RevokePersonalToken(w.token)
		w.once(s)
		w.wantTold(t, "refused once")
		w.once(s)
		w.wantTold(t, "refused twice", "+watch_failing ")
		status := w.status(s)
		if status.Failure != watch.Refused || !status.On || status.ReadAt.After(status.FailingSince) {
			t.Errorf("status = %+v, want the token refused", status)
		}
		if got := w.rows("watched"); got[0] != 1 || len(s.Figures().Agents) != 1 {
			t.Errorf("%v agents are known, want the one from before", got)
		}
	})
}

func TestATokenThatReadsNothingIsTold(t *testing.T) {
	t.Parallel()
	w := newWorld(t, databasetest.SQLite(t))
	s := w.replica(w.AddPersonalToken(gitlabtest.PersonalToken{User: w.bot, Scopes: []string{"read_user"}}))
	w.reads(s, 2*interval)
	w.wantTold(t, "its scope is too small", "+watch_failing ")
}

func TestTheEndOfATokenIsTold(t *testing.T) {
	t.Parallel()
	onEveryEngine(t, func(t *testing.T, w *world) {
		w.agents("web", "prod")
		ends := w.clock.Now().Truncate(day).Add(16 * day)
		ending := w.AddPersonalToken(gitlabtest.PersonalToken{User: w.bot, Scopes: []string{"read_api"}, ExpiresAt: ends})
		s := w.replica(w.token, ending)
		w.once(s)
		w.wantTold(t, "16 days before")
		w.clock.Advance(2 * day)
		w.once(s)
		w.wantTold(t, "14 days before", "+watch_token_due ")
		open, err := w.alerts.Open(t.Context())
		if err != nil || !open[0].Since.Equal(ends) {
			t.Errorf("open are %+v, %v; want it at the end of the token", open, err)
		}
		w.takeLease()
		w.once(w.replica())
		w.wantTold(t, "the operator took a new one", "-watch_token_due ")
	})
}

func TestSeveralTokensWatchTogether(t *testing.T) {
	t.Parallel()
	onEveryEngine(t, func(t *testing.T, w *world) {
		w.agents("web", "prod")
		other := w.AddUser(gitlabtest.User{Username: "project_2_bot"})
		project := w.AddProject(gitlabtest.Project{Path: "lake", Group: w.AddGroup(gitlabtest.Group{Path: "data"})})
		w.AddMember(project, other, gitlabtest.Developer)
		w.agent(project, "lake", gitlabtest.Token{Live: true})
		second := w.AddPersonalToken(gitlabtest.PersonalToken{User: other, Scopes: []string{"read_api"}})
		s := w.replica(w.token, second)
		w.once(s)
		if n := len(s.Figures().Agents); n != 2 {
			t.Errorf("%d agents are watched, want those of both tokens", n)
		}
		w.RevokePersonalToken(second)
		w.reads(s, time.Hour)
		w.wantTold(t, "one is refused", "+watch_failing ")
		if n := len(s.Figures().Agents); n != 2 {
			t.Errorf("%d agents are known, want those of both tokens", n)
		}
	})
}

func TestOneReplicaWatches(t *testing.T) {
	t.Parallel()
	onEveryEngine(t, func(t *testing.T, w *world) {
		_, agents := w.agents("web", "prod")
		first, second := w.replica(), w.replica()
		w.once(first)
		w.cut(agents[0])
		w.reads(first, 25*time.Minute)
		w.ResetCounters()
		if err := second.Once(t.Context()); !errors.Is(err, watch.ErrHeld) {
			t.Errorf("the second: %v, want ErrHeld", err)
		}
		if n := len(w.Requests()); n != 0 || second.Figures() != nil {
			t.Errorf("the second asked GitLab %d times and has figures %v, want neither", n, second.Figures())
		}
		w.takeLease()
		w.reads(second, 20*time.Minute)
		w.wantTold(t, "the second goes on where the first was", "+disconnected prod")
		if err := first.Once(t.Context()); !errors.Is(err, watch.ErrHeld) || first.Figures() != nil {
			t.Errorf("the first: %v, want ErrHeld and no figures", err)
		}
		w.takeLease()
		w.KeepInUse(w.Tokens(agents[0])[0].ID, true)
		w.reads(first, 20*time.Minute)
		w.wantTold(t, "and the first where the second was", "-disconnected prod")
	})
}

func TestAReadingThatWasOvertakenIsNotKept(t *testing.T) {
	t.Parallel()
	onEveryEngine(t, func(t *testing.T, w *world) {
		w.agents("web", "prod")
		first, second := w.replica(), w.replica()
		gate := gitlabtest.NewGate()
		w.Inject(gitlabtest.OpListProjects, gitlabtest.Hold(gate).Times(1))
		result := make(chan error, 1)
		go func() { result <- first.Once(t.Context()) }()
		if err := gate.Await(t.Context(), 1); err != nil {
			t.Fatal(err)
		}
		w.takeLease()
		w.once(second)
		gate.Open()
		if err := <-result; !errors.Is(err, watch.ErrHeld) {
			t.Errorf("the first: %v, want ErrHeld", err)
		}
		if got, want := w.rows("watched", "transitions"), []int{1, 3}; !slices.Equal(got, want) {
			t.Errorf("rows = %v, want %v", got, want)
		}
	})
}

func TestAQueueThatFailsKeepsTheReadingFromBeingKept(t *testing.T) {
	t.Parallel()
	onEveryEngine(t, func(t *testing.T, w *world) {
		_, agents := w.agents("web", "prod")
		s := w.replica()
		w.once(s)
		w.cut(agents[0])
		w.reads(s, 25*time.Minute)
		w.queue.fail = errQueue
		var err error
		for range 3 {
			w.clock.Advance(interval)
			err = s.Once(t.Context())
		}
		if !errors.Is(err, errQueue) || w.rows("alerts")[0] != 0 {
			t.Errorf("%v, with %v alerts; want the queue's error and none", err, w.rows("alerts"))
		}
		w.queue.fail = nil
		w.queue.take()
		w.once(s)
		w.wantTold(t, "the next time", "+disconnected prod")
	})
}

func TestAWatchThatIsSwitchedOffSaysSo(t *testing.T) {
	t.Parallel()
	var s *watch.Service
	if status, err := s.Status(t.Context()); err != nil || status.On {
		t.Errorf("status = %+v, %v; want it off", status, err)
	}
}

func TestAWatchThatBeginsWithManyAgentsTakesThemInAFewAtATime(t *testing.T) {
	t.Parallel()
	onEveryEngine(t, func(t *testing.T, w *world) {
		web, _ := w.agents("web")
		for i := range 1200 {
			w.agent(web, fmt.Sprintf("store-%04d", i), gitlabtest.Token{Live: true})
		}
		w.once(w.replica())
		if got, want := w.rows("watched", "transitions"), []int{1200, 3600}; !slices.Equal(got, want) {
			t.Errorf("rows = %v, want %v", got, want)
		}
	})
}

func TestAReadingThatWasKeptInPartIsNotTakenInTwice(t *testing.T) {
	t.Parallel()
	onEveryEngine(t, func(t *testing.T, w *world) {
		web, agents := w.agents("web", "prod")
		s := w.replica()
		w.once(s)
		w.cut(agents[0])
		w.reads(s, 25*time.Minute)
		for i := range 1001 { // of which two batches are kept before the rest fails
			w.agent(web, fmt.Sprintf("store-%04d", i), gitlabtest.Token{Live: true})
		}
		w.queue.fail = errQueue
		w.clock.Advance(2 * interval)
		if err := s.Once(t.Context()); !errors.Is(err, errQueue) {
			t.Fatalf("Once = %v, want the queue's error", err)
		}
		if n := w.rows("watched")[0]; n != 1001 {
			t.Errorf("%d agents are kept, want those of two batches and the one from before", n)
		}
		w.queue.fail = nil
		w.once(s)
		if got, want := w.rows("watched", "transitions"), []int{1002, 1002*3 + 1}; !slices.Equal(got, want) {
			t.Errorf("rows = %v, want %v", got, want)
		}
	})
}

func TestTokensAreAskedOnceAnHourWhenTheyEnd(t *testing.T) {
	t.Parallel()
	w := newWorld(t, databasetest.SQLite(t))
	w.agents("web", "prod")
	s := w.replica()
	w.reads(s, time.Hour)
	if n := w.Calls(gitlabtest.OpGetOwnToken); n != 1 {
		t.Errorf("asked %d times within an hour, want once", n)
	}
	w.once(s)
	if n := w.Calls(gitlabtest.OpGetOwnToken); n != 2 {
		t.Errorf("asked %d times in more than an hour, want twice", n)
	}
}

func TestTheLastContactOfAConnectedAgentIsKeptEveryHour(t *testing.T) {
	t.Parallel()
	onEveryEngine(t, func(t *testing.T, w *world) {
		w.agents("web", "prod")
		s := w.replica()
		w.once(s)
		first := w.clock.Now()
		for _, tt := range []struct {
			after, want time.Duration
		}{{55 * time.Minute, 0}, {interval, time.Hour}, {30 * time.Minute, time.Hour}} {
			w.reads(s, tt.after)
			var contact int64
			if err := w.db.Read.QueryRowContext(t.Context(), `SELECT last_contact FROM watched`).Scan(&contact); err != nil {
				t.Fatal(err)
			}
			if got := time.UnixMicro(contact).Sub(first).Round(time.Minute); got != tt.want {
				t.Errorf("%v after the first reading the last contact is that of %v after it, want %v", w.clock.Now().Sub(first), got, tt.want)
			}
		}
	})
}

func TestTheWatchOnlyReadsAndNeverWithMoreThanItsOwnCalls(t *testing.T) {
	t.Parallel()
	w := newWorld(t, databasetest.SQLite(t))
	for i := range 60 {
		w.agents(fmt.Sprintf("service-%02d", i), "prod")
	}
	writer := w.AddPersonalToken(gitlabtest.PersonalToken{User: w.bot, Scopes: []string{"api"}})
	for _, isOff := range []bool{false, true} {
		w.Configure(func(s *gitlabtest.Settings) { s.GraphQLOff = isOff })
		w.once(w.replica(writer))
		w.takeLease()
	}
	for _, r := range w.Requests() {
		if r.Method != http.MethodGet && r.Op != gitlabtest.OpGraphQL {
			t.Errorf("the watch sent %s %s", r.Method, r.Op)
		}
	}
	if n := w.MaxInFlight(); n > budget.WatchAtOnce {
		t.Errorf("%d calls at once, want at most %d", n, budget.WatchAtOnce)
	}
}

func TestAConfigurationThatGitLabRefusesIsTold(t *testing.T) {
	t.Parallel()
	w := newWorld(t, databasetest.SQLite(t))
	web, _ := w.agents("web", "prod", "staging")
	w.AddFile(gitlabtest.File{Project: web, Path: ".gitlab/agents/prod/config.yaml", Content: "ci_access:\n  groups: shop\n"})
	s := w.replica()
	for range 100 { // what is in a file is read after a reading, for the next one
		if w.once(s); len(w.queue.told) > 0 {
			break
		}
	}
	w.wantTold(t, "refused", "+config_invalid prod")
}
