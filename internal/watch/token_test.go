package watch_test

import (
	"fmt"
	"net/http"
	"testing"
	"time"

	"gitlab-agent-portal/gitlabapi/gitlabtest"
	"gitlab-agent-portal/internal/budget"
	"gitlab-agent-portal/internal/database/databasetest"
	"gitlab-agent-portal/internal/watch"
)

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
		w.clock.Advance(14 * day)
		w.reads(s, 2*interval)
		w.wantTold(t, "it has ended", "+watch_failing ")
		w.takeLease()
		w.reads(w.replica(), 2*interval)
		w.wantTold(t, "the operator took it out", "-watch_failing ", "-watch_token_due ")
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
