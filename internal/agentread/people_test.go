package agentread_test

import (
	"log/slog"
	"slices"
	"testing"
	"time"

	"gitlab-agent-portal/gitlabapi"
	"gitlab-agent-portal/gitlabapi/gitlabtest"
	"gitlab-agent-portal/internal/agentread"
)

// nameWorld is a GitLab without GraphQL, where creators are looked up one by one.
type nameWorld struct {
	*world
	clock   *gitlabtest.Clock
	service *agentread.Service
	client  *gitlabapi.Client
}

func newNameWorld(t *testing.T) *nameWorld {
	t.Helper()
	w := &nameWorld{world: newWorld(t), clock: gitlabtest.NewClock(noon())}
	w.Configure(func(s *gitlabtest.Settings) { s.GraphQLOff = true })
	client, err := gitlabapi.New(w.URL, gitlabapi.Options{Now: noon, Backoff: func(int) time.Duration { return 0 }})
	if err != nil {
		t.Fatal(err)
	}
	w.client = client
	w.service = agentread.New(agentread.Config{Log: slog.New(slog.DiscardHandler), Now: w.clock.Now})
	return w
}

// looks reads the agents as somebody, with a new token as after each renewal, and returns the name
// of who created the first and how many people were looked up for it.
func (w *nameWorld) looks(who string) (name string, asked int) {
	w.t.Helper()
	secret := w.AddPersonalToken(gitlabtest.PersonalToken{User: w.people[who]})
	reader := w.service.For(w.client.WithToken(gitlabapi.NewSecret(secret)), w.people[who])
	w.ResetCounters()
	_, page, err := reader.Agents(w.t.Context(), w.project, 1)
	if err != nil || len(page.Items) == 0 {
		w.t.Fatalf("%d agents, %v", len(page.Items), err)
	}
	return page.Items[0].CreatedBy.Name, w.Calls(gitlabtest.OpGetUser)
}

func TestACreatorIsLookedUpOnceForEachPersonAndHour(t *testing.T) {
	t.Parallel()
	w := newNameWorld(t)
	w.agent("a", 1)
	want := func(when, who string, asked int) {
		t.Helper()
		if name, n := w.looks(who); name != "The lead" || n != asked {
			t.Errorf("%s %s reads %q after looking up %d people, want %d", when, who, name, n, asked)
		}
	}
	want("at first", "lead", 1)
	want("again", "lead", 0)
	want("for the first time", "dev", 1) // whom GitLab may tell something else
	w.clock.Advance(time.Hour - time.Second)
	want("within the hour", "lead", 0)
	w.clock.Advance(time.Second)
	want("after the hour", "lead", 1)
}

func TestWhatIsKnownLeavesRoomToLookUpOthers(t *testing.T) {
	t.Parallel()
	w := newNameWorld(t)
	for i := range 8 {
		by := w.AddUser(gitlabtest.User{Username: "creator-" + string(rune('a'+i))})
		w.AddAgent(gitlabtest.Agent{Project: w.project, Name: "agent-" + string(rune('a'+i)), CreatedBy: by})
	}
	var asked []int
	for range 3 {
		_, n := w.looks("lead")
		asked = append(asked, n)
	}
	if want := []int{5, 3, 0}; !slices.Equal(asked, want) {
		t.Errorf("people looked up by one page after the other: %v, want %v", asked, want)
	}
}

func TestAPersonWhoIsGoneIsNotLookedUpAgainAndAFailureIs(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		fault gitlabtest.Fault
		again int
	}{
		"gone":        {gitlabtest.Message(404, "404 User Not Found"), 0},
		"rate limit":  {gitlabtest.AppRateLimited(), 1},
		"unavailable": {gitlabtest.Message(500, "500 Internal Server Error"), 1},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newNameWorld(t)
			w.agent("a", 1)
			w.Inject(gitlabtest.OpGetUser, tt.fault)
			if name, _ := w.looks("lead"); name != "" {
				t.Errorf("the name is %q", name)
			}
			w.ClearFaults(gitlabtest.OpGetUser)
			if _, asked := w.looks("lead"); asked != tt.again {
				t.Errorf("looked up %d people again, want %d", asked, tt.again)
			}
		})
	}
}
