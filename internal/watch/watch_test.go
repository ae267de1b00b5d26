package watch_test

import (
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"gitlab-agent-portal/gitlabapi/gitlabtest"
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

func TestAWatchThatIsSwitchedOffSaysSo(t *testing.T) {
	t.Parallel()
	var s *watch.Service
	if status, err := s.Status(t.Context()); err != nil || status.On {
		t.Errorf("status = %+v, %v; want it off", status, err)
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
