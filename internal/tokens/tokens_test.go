package tokens_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"gitlab-agent-portal/gitlabapi"
	"gitlab-agent-portal/gitlabapi/gitlabtest"
	"gitlab-agent-portal/internal/audit"
	"gitlab-agent-portal/internal/budget"
	"gitlab-agent-portal/internal/database/databasetest"
	"gitlab-agent-portal/internal/tokens"
)

// bench is the service over a simulator and a real database, with one Maintainer and one agent.
type bench struct {
	t        *testing.T
	sim      *gitlabtest.Instance
	gitlab   *gitlabapi.Client
	database *databasetest.Database
	nonces   *tokens.Nonces
	audit    *audit.Log
	service  *tokens.Service
	clock    *gitlabtest.Clock
	lead     int64
	project  int64
	agent    int64
	forms    int
}

func newBench(t *testing.T) *bench {
	t.Helper()
	b := &bench{t: t, clock: gitlabtest.NewClock(time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC))}
	b.sim = gitlabtest.Start(t, gitlabtest.WithNow(b.clock.Now))
	b.lead = b.sim.AddUser(gitlabtest.User{Username: "lead"})
	b.project = b.sim.AddProject(gitlabtest.Project{Path: "shop", Group: b.sim.AddGroup(gitlabtest.Group{Path: "group"})})
	b.sim.AddMember(b.project, b.lead, gitlabtest.Maintainer)
	b.agent = b.sim.AddAgent(gitlabtest.Agent{Project: b.project, Name: "prod", CreatedBy: b.lead})

	client, err := gitlabapi.New(b.sim.URL, gitlabapi.Options{Now: b.clock.Now})
	if err != nil {
		t.Fatal(err)
	}
	token := b.sim.AddPersonalToken(gitlabtest.PersonalToken{User: b.lead, Scopes: []string{"api"}})
	b.gitlab = client.WithToken(gitlabapi.NewSecret(token))
	b.database = databasetest.New(t)
	db := b.database.Open(t)
	b.nonces, b.audit = tokens.NewNonces(db, b.clock.Now), audit.New(db, 9600*time.Hour, b.clock.Now)
	b.service = tokens.New(b.nonces, b.audit, budget.NewChanges(db, b.clock.Now), slog.New(slog.DiscardHandler))
	return b
}

// form is a new rendering of a form.
func (b *bench) form() tokens.Form {
	b.forms++
	return tokens.Form{Nonce: fmt.Sprint("nonce ", b.forms), Expires: b.clock.Now().Add(time.Hour), Actor: b.actor()}
}

func (b *bench) create(form tokens.Form, name string) (tokens.Result, error) {
	return b.service.Create(b.t.Context(), b.gitlab, tokens.CreateRequest{
		Form: form, Project: b.project, Agent: b.agent, Token: gitlabapi.NewToken{Name: name},
	})
}

func (b *bench) register(form tokens.Form, name string) (tokens.Result, error) {
	return b.service.Register(b.t.Context(), b.gitlab, tokens.RegisterRequest{
		Form: form, Project: b.project, Name: name, FirstToken: true,
	})
}

// active lists the names of the agent's active tokens.
func (b *bench) active(agent int64) []string {
	b.t.Helper()
	list, err := b.gitlab.Tokens(b.t.Context(), gitlabapi.ProjectID(b.project), agent)
	if err != nil {
		b.t.Fatal(err)
	}
	names := []string{}
	for _, token := range list {
		names = append(names, token.Name)
	}
	return names
}

// failures are the ways in which a create can fail without telling whether it happened.
func failures() map[string]gitlabtest.Fault {
	return map[string]gitlabtest.Fault{
		"cut before the headers": gitlabtest.Cut(), "reset": gitlabtest.Reset(), "502 in HTML": gitlabtest.BadGateway(),
		"504": gitlabtest.Status(http.StatusGatewayTimeout), "a sign-in page": gitlabtest.SignInPage(),
	}
}

// lostAnswers are the ways in which the answer to a create that happened gets lost.
func lostAnswers() map[string]gitlabtest.Fault {
	lost := map[string]gitlabtest.Fault{"cut within the body": gitlabtest.CutAfterHeaders(), "half a JSON": gitlabtest.Truncated()}
	for name, fault := range failures() {
		lost[name] = fault.AfterCommit()
	}
	return lost
}

func TestH1ALostAnswerNeverMakesASecondToken(t *testing.T) {
	t.Parallel()
	for name, fault := range lostAnswers() {
		t.Run(name+" after the token was made", func(t *testing.T) {
			t.Parallel()
			b := newBench(t)
			b.sim.Inject(gitlabtest.OpCreateToken, fault)
			_, err := b.create(b.form(), "second")
			var unknown *tokens.UnknownTokenError
			if !errors.As(err, &unknown) || !unknown.Checked || len(unknown.Candidates) != 1 || unknown.Candidates[0].Name != "second" {
				t.Errorf("Create = %v, want an unknown outcome with the token as its candidate", err)
			}
			if diff := cmp.Diff([]string{"second"}, b.active(b.agent)); diff != "" || b.sim.Calls(gitlabtest.OpCreateToken) != 1 {
				t.Errorf("GitLab saw %d creates; tokens (-want +got):\n%s", b.sim.Calls(gitlabtest.OpCreateToken), diff)
			}
		})
	}
	for name, fault := range failures() {
		t.Run(name+" before the token was made", func(t *testing.T) {
			t.Parallel()
			b := newBench(t)
			b.sim.Inject(gitlabtest.OpCreateToken, fault)
			_, err := b.create(b.form(), "second")
			var unknown *tokens.UnknownTokenError
			if !errors.As(err, &unknown) || !unknown.Checked || len(unknown.Candidates) != 0 {
				t.Errorf("Create = %v, want an unknown outcome without a candidate", err)
			}
			if b.sim.Calls(gitlabtest.OpCreateToken) != 1 || len(b.active(b.agent)) != 0 {
				t.Errorf("GitLab saw %d creates and has %v", b.sim.Calls(gitlabtest.OpCreateToken), b.active(b.agent))
			}
		})
	}
}

func TestCandidatesAreOnlyWhatTheCreateCanHaveMade(t *testing.T) {
	t.Parallel()
	other := func(b *bench) int64 { return b.sim.AddUser(gitlabtest.User{Username: "other"}) }
	tests := []struct {
		name string
		// meanwhile happens at GitLab while the create is on its way.
		meanwhile func(b *bench)
		want      int
	}{
		{"somebody else's token of the same name", func(b *bench) {
			b.sim.AddToken(gitlabtest.Token{Agent: b.agent, Name: "second", CreatedBy: other(b)})
		}, 0},
		{"a token of another name", func(b *bench) {
			b.sim.AddToken(gitlabtest.Token{Agent: b.agent, Name: "else", CreatedBy: b.lead})
		}, 0},
		{"a token that is in use already", func(b *bench) {
			b.sim.AddToken(gitlabtest.Token{Agent: b.agent, Name: "second", CreatedBy: b.lead, LastUsedAt: b.clock.Now()})
		}, 0},
		{"a token with a GitLab clock a year behind", func(b *bench) {
			b.sim.AddToken(gitlabtest.Token{Agent: b.agent, Name: "second", CreatedBy: b.lead, CreatedAt: b.clock.Now().AddDate(-1, 0, 0)})
		}, 1},
		{"two tokens that both fit", func(b *bench) {
			b.sim.AddToken(gitlabtest.Token{Agent: b.agent, Name: "second", CreatedBy: b.lead})
			b.sim.AddToken(gitlabtest.Token{Agent: b.agent, Name: "second", CreatedBy: b.lead})
		}, 2},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			b := newBench(t)
			b.sim.AddToken(gitlabtest.Token{Agent: b.agent, Name: "second", CreatedBy: b.lead})
			gate := gitlabtest.NewGate()
			b.sim.Inject(gitlabtest.OpCreateToken, gitlabtest.Hold(gate))
			b.sim.Inject(gitlabtest.OpCreateToken, gitlabtest.Cut())
			done := make(chan error, 1)
			go func() {
				_, err := b.create(b.form(), "second")
				done <- err
			}()
			if err := gate.Await(t.Context(), 1); err != nil {
				t.Fatal(err)
			}
			tt.meanwhile(b)
			gate.Open()
			var unknown *tokens.UnknownTokenError
			if err := <-done; !errors.As(err, &unknown) || len(unknown.Candidates) != tt.want {
				t.Errorf("Create = %v with candidates %+v, want %d", err, unknown, tt.want)
			}
		})
	}
}

func TestAnUnknownOutcomeThatCannotBeLookedIntoSaysSo(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	gate := gitlabtest.NewGate()
	b.sim.Inject(gitlabtest.OpCreateToken, gitlabtest.Hold(gate))
	b.sim.Inject(gitlabtest.OpCreateToken, gitlabtest.Cut().AfterCommit())
	done := make(chan error, 1)
	go func() {
		_, err := b.create(b.form(), "second")
		done <- err
	}()
	if err := gate.Await(t.Context(), 1); err != nil {
		t.Fatal(err)
	}
	b.sim.Inject(gitlabtest.OpListTokens, gitlabtest.Status(http.StatusForbidden))
	gate.Open()
	var unknown *tokens.UnknownTokenError
	if err := <-done; !errors.As(err, &unknown) || unknown.Checked {
		t.Errorf("Create = %v, want an unknown outcome that was not checked", err)
	}
}

func TestRefusalsAreNotUnknown(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name  string
		fault gitlabtest.Fault
		want  error
	}{
		{"403", gitlabtest.Status(http.StatusForbidden), gitlabapi.ErrForbidden},
		{"400", gitlabtest.Message(http.StatusBadRequest, "400 Bad request - no"), gitlabapi.ErrInvalid},
		{"429", gitlabtest.ThrottledBare(), gitlabapi.ErrRateLimited},
		{"401", gitlabtest.TokenExpired(), gitlabapi.ErrTokenExpired},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			b := newBench(t)
			b.sim.Inject(gitlabtest.OpCreateToken, tt.fault)
			_, err := b.create(b.form(), "second")
			var unknown *tokens.UnknownTokenError
			if !errors.Is(err, tt.want) || errors.As(err, &unknown) {
				t.Errorf("Create = %v, want %v", err, tt.want)
			}
			if n := b.sim.Calls(gitlabtest.OpCreateToken); n != 1 {
				t.Errorf("GitLab saw %d creates, want 1", n)
			}
		})
	}
}

func TestT3ASecondSubmitJoinsTheFirst(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	gate := gitlabtest.NewGate()
	b.sim.Inject(gitlabtest.OpCreateToken, gitlabtest.Hold(gate))
	form := b.form()
	type outcome struct {
		result tokens.Result
		err    error
	}
	outcomes := make(chan outcome, 2)
	submit := func(ctx context.Context) {
		result, err := b.service.Create(ctx, b.gitlab, tokens.CreateRequest{
			Form: form, Project: b.project, Agent: b.agent, Token: gitlabapi.NewToken{Name: "second"},
		})
		outcomes <- outcome{result, err}
	}
	first, leave := context.WithCancel(t.Context())
	go submit(first)
	if err := gate.Await(t.Context(), 1); err != nil {
		t.Fatal(err)
	}
	leave() // as a browser does with the first of two clicks
	if got := <-outcomes; !errors.Is(got.err, context.Canceled) {
		t.Errorf("the first submit = %v, want to have left", got.err)
	}
	go submit(t.Context())
	gate.Open()
	got := <-outcomes
	// The second may have come a moment after the first was done, and then is told what it led to.
	var used *tokens.UsedError
	joined := got.err == nil && !got.result.Secret.IsZero()
	told := errors.As(got.err, &used) && used.Result.TokenName == "second"
	if !joined && !told {
		t.Errorf("the second submit = %v", got.err)
	}
	if n := b.sim.Calls(gitlabtest.OpCreateToken); n != 1 {
		t.Errorf("GitLab saw %d creates, want 1", n)
	}
}

func TestAUsedFormTellsWhatItLedTo(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	form := b.form()
	created, err := b.create(form, "second")
	if err != nil {
		t.Fatal(err)
	}
	b.sim.AddToken(gitlabtest.Token{Agent: b.agent, Name: "third"}) // the limit must not hide it
	_, err = b.create(form, "second")
	var used *tokens.UsedError
	if !errors.As(err, &used) || used.Result.TokenID != created.Token.ID {
		t.Errorf("Create with a used form = %v, want the token it created", err)
	}
}

func TestTheLimitIsFoundBeforeAnythingIsSent(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	for _, name := range []string{"one", "two"} {
		b.sim.AddToken(gitlabtest.Token{Agent: b.agent, Name: name})
	}
	form := b.form()
	_, err := b.create(form, "three")
	var limit *tokens.LimitError
	if !errors.As(err, &limit) || limit.Active != 2 || b.sim.Calls(gitlabtest.OpCreateToken) != 0 {
		t.Fatalf("Create at the limit = %v after %d calls", err, b.sim.Calls(gitlabtest.OpCreateToken))
	}
	if err := b.revoke(b.sim.Tokens(b.agent)[0].ID); err != nil {
		t.Fatal(err)
	}
	if _, err := b.create(form, "three"); err != nil {
		t.Errorf("the same form after making room: %v, want the token", err)
	}
}

func TestV12NobodyCreatesWithoutEnd(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.sim.Configure(func(s *gitlabtest.Settings) { s.NoTokenLimit = true })
	register := func(i int) error {
		_, err := b.service.Register(t.Context(), b.gitlab, tokens.RegisterRequest{Form: b.form(), Project: b.project, Name: fmt.Sprint("a", i)})
		return err
	}
	refused := 0
	for i := range 30 {
		if err := register(i); errors.As(err, new(*budget.SpentError)) {
			refused++
		} else if err != nil {
			t.Fatal(err)
		}
	}
	if refused != 10 {
		t.Errorf("%d of 30 creates at once were refused, want 10", refused)
	}
	b.clock.Advance(time.Minute)
	if err := register(31); err != nil {
		t.Errorf("a minute later: %v, want to be allowed", err)
	}
}

func TestH1ALostRegistrationIsFoundByItsName(t *testing.T) {
	t.Parallel()
	for name, fault := range lostAnswers() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := newBench(t)
			b.sim.Inject(gitlabtest.OpRegisterAgent, fault)
			result, err := b.register(b.form(), "staging")
			if err != nil || result.Agent.Name != "staging" || result.Secret.IsZero() {
				t.Errorf("Register = %+v, %v; want the agent and its token", result, err)
			}
			if n := b.sim.Calls(gitlabtest.OpRegisterAgent); n != 1 {
				t.Errorf("GitLab saw %d registrations, want 1", n)
			}
		})
	}
}

func TestALostRegistrationThatNeverHappenedIsUnknown(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.sim.Inject(gitlabtest.OpRegisterAgent, gitlabtest.Cut())
	_, err := b.register(b.form(), "staging")
	var unknown *tokens.UnknownAgentError
	if !errors.As(err, &unknown) || b.sim.Calls(gitlabtest.OpCreateToken) != 0 {
		t.Errorf("Register = %v after %d creates, want an unknown outcome", err, b.sim.Calls(gitlabtest.OpCreateToken))
	}
}

func TestATakenNameIsFoundBeforeAnythingIsSent(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	_, err := b.register(b.form(), "prod")
	var taken *tokens.NameTakenError
	if !errors.As(err, &taken) || taken.Name != "prod" || b.sim.Calls(gitlabtest.OpRegisterAgent) != 0 {
		t.Errorf("Register = %v after %d registrations, want the name to be taken", err, b.sim.Calls(gitlabtest.OpRegisterAgent))
	}
}

func TestARegistrationOutlivesItsFailedToken(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.sim.Inject(gitlabtest.OpCreateToken, gitlabtest.Status(http.StatusForbidden))
	result, err := b.register(b.form(), "staging")
	if err != nil || result.Agent.Name != "staging" || !errors.Is(result.TokenErr, gitlabapi.ErrForbidden) {
		t.Errorf("Register = %+v, %v; want the agent without a token", result, err)
	}
	b.sim.ClearFaults("")
	b.sim.Inject(gitlabtest.OpCreateToken, gitlabtest.Cut().AfterCommit())
	result, err = b.register(b.form(), "staging-2")
	var unknown *tokens.UnknownTokenError
	if err != nil || !errors.As(result.TokenErr, &unknown) || len(unknown.Candidates) != 1 {
		t.Errorf("Register = %+v, %v; want the agent and a candidate for its token", result, err)
	}
}

func TestH9RevokingEndsRevoked(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name  string
		setUp func(b *bench)
		want  error
	}{
		{"at once", func(*bench) {}, nil},
		{"by somebody else before", func(b *bench) { b.sim.Inject(gitlabtest.OpRevokeToken, gitlabtest.Status(http.StatusNotFound)) }, nil},
		{"after which the answer was lost", func(b *bench) { b.sim.Inject(gitlabtest.OpRevokeToken, gitlabtest.Cut().AfterCommit()) }, nil},
		{"not, because the answer was lost before", func(b *bench) { b.sim.Inject(gitlabtest.OpRevokeToken, gitlabtest.Cut()) }, gitlabapi.ErrUnavailable},
		{"not, because the role is missing", func(b *bench) { b.sim.AddMember(b.project, b.lead, gitlabtest.Developer) }, gitlabapi.ErrForbidden},
		{"not, because the project is not visible any more", func(b *bench) { b.sim.RemoveMember(b.project, b.lead) }, gitlabapi.ErrNotFound},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			b := newBench(t)
			token := b.sim.AddToken(gitlabtest.Token{Agent: b.agent, Name: "t"})
			tt.setUp(b)
			if err := b.revoke(token); !errors.Is(err, tt.want) {
				t.Errorf("Revoke = %v, want %v", err, tt.want)
			}
		})
	}
}

func TestDeletingIsConfirmedByLooking(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name  string
		setUp func(b *bench)
		want  error
	}{
		{"at once", func(*bench) {}, nil},
		{"by somebody else before", func(b *bench) { b.sim.Inject(gitlabtest.OpDeleteAgent, gitlabtest.Status(http.StatusNotFound)) }, nil},
		{"after which the answer was lost", func(b *bench) { b.sim.Inject(gitlabtest.OpDeleteAgent, gitlabtest.Cut().AfterCommit()) }, nil},
		{"not, although GitLab says 204", func(b *bench) { b.sim.Inject(gitlabtest.OpDeleteAgent, gitlabtest.Reply(http.StatusNoContent, "", "")) }, tokens.ErrStillThere},
		{"not, because the answer was lost before", func(b *bench) { b.sim.Inject(gitlabtest.OpDeleteAgent, gitlabtest.Cut()) }, gitlabapi.ErrUnavailable},
		{"not, because the role is missing", func(b *bench) { b.sim.AddMember(b.project, b.lead, gitlabtest.Developer) }, gitlabapi.ErrForbidden},
		{"not, because the project is not visible any more", func(b *bench) { b.sim.RemoveMember(b.project, b.lead) }, gitlabapi.ErrNotFound},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			b := newBench(t)
			tt.setUp(b)
			if err := b.remove(); !errors.Is(err, tt.want) {
				t.Errorf("Delete = %v, want %v", err, tt.want)
			}
		})
	}
}

func TestAStopWaitsForWhatRuns(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	gate := gitlabtest.NewGate()
	b.sim.Inject(gitlabtest.OpCreateToken, gitlabtest.Hold(gate))
	go func() { _, _ = b.create(b.form(), "second") }()
	if err := gate.Await(t.Context(), 1); err != nil {
		t.Fatal(err)
	}
	impatient, cancel := context.WithCancel(t.Context())
	cancel()
	if err := b.service.Wait(impatient); !errors.Is(err, context.Canceled) {
		t.Errorf("Wait while a create runs = %v, want to be cut short by its context", err)
	}
	gate.Open()
	if err := b.service.Wait(t.Context()); err != nil || len(b.active(b.agent)) != 1 {
		t.Errorf("Wait = %v with tokens %v, want the create to be done", err, b.active(b.agent))
	}
}
