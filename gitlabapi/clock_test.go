package gitlabapi_test

import (
	"net/http"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"gitlab-agent-portal/gitlabapi"
	"gitlab-agent-portal/gitlabapi/gitlabtest"
)

// clocks are a simulator with a clock of its own, and a client with another.
type clocks struct {
	*gitlabtest.Instance
	theirs, ours *gitlabtest.Clock
	client       *gitlabapi.Client
	told         []gitlabapi.ClockSkew
}

func newClocks(t *testing.T, ahead time.Duration) *clocks {
	t.Helper()
	c := &clocks{theirs: gitlabtest.NewClock(at.Add(ahead)), ours: gitlabtest.NewClock(at)}
	c.Instance = gitlabtest.Start(t, gitlabtest.WithNow(c.theirs.Now))
	opts := quick()
	opts.Now, opts.ObserveClock = c.ours.Now, func(skew gitlabapi.ClockSkew) { c.told = append(c.told, skew) }
	secret := c.AddPersonalToken(gitlabtest.PersonalToken{User: c.AddUser(gitlabtest.User{Username: "mara"})})
	c.client = client(t, c.URL, opts).WithToken(gitlabapi.NewSecret(secret))
	return c
}

const half = time.Second / 2

func TestTheDateOfAnswersTellsGitLabsClock(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		ahead    time.Duration
		want     gitlabapi.ClockSkew
		isExceed bool
	}{
		"the same":                   {0, gitlabapi.ClockSkew{Ahead: half, Error: half}, false},
		"ahead":                      {90 * time.Second, gitlabapi.ClockSkew{Ahead: 90*time.Second + half, Error: half}, true},
		"behind":                     {-90 * time.Second, gitlabapi.ClockSkew{Ahead: -90*time.Second + half, Error: half}, true},
		"ahead by exactly a minute":  {time.Minute, gitlabapi.ClockSkew{Ahead: time.Minute + half, Error: half}, false},
		"another time zone as UTC":   {8 * time.Hour, gitlabapi.ClockSkew{Ahead: 8*time.Hour + half, Error: half}, true},
		"a part of a second is lost": {700 * time.Millisecond, gitlabapi.ClockSkew{Ahead: half, Error: half}, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := newClocks(t, tt.ahead)
			if got := c.client.ClockSkew(); got != (gitlabapi.ClockSkew{}) {
				t.Errorf("before any call the skew is %+v", got)
			}
			for range 2 {
				if _, err := c.client.CurrentUser(t.Context()); err != nil {
					t.Fatal(err)
				}
			}
			got := c.client.WithToken(gitlabapi.NewSecret("another")).ClockSkew()
			if got != tt.want || got.Exceeds(time.Minute) != tt.isExceed {
				t.Errorf("skew %+v, want %+v, beyond a minute: %v", got, tt.want, tt.isExceed)
			}
			if diff := cmp.Diff([]gitlabapi.ClockSkew{tt.want}, c.told); diff != "" {
				t.Errorf("told (-want +got):\n%s", diff)
			}
		})
	}
}

func TestTheMostExactComparisonStaysUntilOneContradictsIt(t *testing.T) {
	t.Parallel()
	c := newClocks(t, 10*time.Second)
	ask := func(took, later time.Duration) {
		t.Helper()
		gate := gitlabtest.NewGate()
		c.Inject(gitlabtest.OpCurrentUser, gitlabtest.Hold(gate).Times(1))
		done := make(chan error, 1)
		go func() { _, err := c.client.CurrentUser(t.Context()); done <- err }()
		if err := gate.Await(t.Context(), 1); err != nil {
			t.Error(err)
		}
		c.ours.Advance(took)
		c.theirs.Advance(took + later)
		gate.Open()
		if err := <-done; err != nil {
			t.Error(err)
		}
	}
	want := func(ahead, within time.Duration) {
		t.Helper()
		if got := c.client.ClockSkew(); got.Ahead != ahead || got.Error != within {
			t.Errorf("skew %+v, want %v within %v", got, ahead, within)
		}
	}
	ask(4*time.Second, 0) // GitLab dates the end of it
	want(12*time.Second+half, 2*time.Second+half)
	ask(8*time.Second, 0)
	want(12*time.Second+half, 2*time.Second+half)
	ask(0, 0)
	want(10*time.Second+half, half)
	ask(14*time.Second, time.Second) // could be
	want(10*time.Second+half, half)
	ask(2*time.Second, 5*time.Minute) // cannot be: somebody set a clock
	want(5*time.Minute+12*time.Second+half, time.Second+half)
}

func TestWhatSaysNothingOfGitLabsClock(t *testing.T) {
	t.Parallel()
	stale := at.Add(-time.Hour).Format(http.TimeFormat)
	for name, fault := range map[string]gitlabtest.Fault{
		"a cached answer":      gitlabtest.Edit(func(a *gitlabtest.Answer) { a.Header.Set("Date", stale); a.Header.Set("Age", "3600") }),
		"no date":              gitlabtest.Edit(func(a *gitlabtest.Answer) { a.Header["Date"] = nil }),
		"something in between": gitlabtest.BadGateway(),
		"a sign-in page":       gitlabtest.SignInPage(),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := newClocks(t, 5*time.Minute)
			c.Inject(gitlabtest.OpCurrentUser, fault)
			_, _ = c.client.CurrentUser(t.Context())
			if got := c.client.ClockSkew(); got != (gitlabapi.ClockSkew{}) || len(c.told) != 0 {
				t.Errorf("skew %+v", got)
			}
		})
	}
}
