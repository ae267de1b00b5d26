// Package tokens creates, registers, revokes and deletes at GitLab without ever doing a thing
// twice or losing what was done. GitLab's creates are not idempotent and a token's secret is
// told once: so a create is sent once, a second submit of the same form joins the first, and
// an unknown outcome is looked into instead of repeated. No other package knows these rules.
package tokens

import (
	"context"
	"errors"
	"log/slog"
	"runtime/debug"
	"sync"
	"time"

	"gitlab-agent-portal/gitlabapi"
	"gitlab-agent-portal/internal/activity"
	"gitlab-agent-portal/internal/agent"
	"gitlab-agent-portal/internal/agentread"
	"gitlab-agent-portal/internal/audit"
	"gitlab-agent-portal/internal/budget"
)

// Form identifies one rendering of a form: everything sent with the same nonce is the same act.
type Form struct {
	Nonce   string
	Expires time.Time
	// Actor is the person who sends it.
	Actor Actor
}

// Service performs the portal's changes. It is safe for concurrent use.
type Service struct {
	nonces  *Nonces
	audit   *audit.Log
	changes *budget.Changes
	log     *slog.Logger
	// created is told how each create of a token ended.
	created func(activity.Outcome)

	mu      sync.Mutex
	running map[string]*run
	work    sync.WaitGroup
}

// New returns a Service that remembers used nonces in nonces, keeps its rows of the audit in rows
// and takes what it does from people's changes.
func New(nonces *Nonces, rows *audit.Log, changes *budget.Changes, log *slog.Logger) *Service {
	return &Service{
		nonces: nonces, audit: rows, changes: changes, log: log, running: make(map[string]*run), created: func(activity.Outcome) {},
	}
}

// ObserveCreates makes observe hear how each create of a token that was sent to GitLab ended.
// It is called concurrently. Set it before the Service is used.
func (s *Service) ObserveCreates(observe func(outcome activity.Outcome)) { s.created = observe }

// run is one create in flight. Its result is readable once done is closed.
type run struct {
	done   chan struct{}
	result Result
	err    error
}

// How long a create may take: the reads before it, all of it with the create itself (which
// gitlabapi gives 45 s), and the look afterwards when the outcome is not known. Together they
// stay below the 60 s after which the script in the browser stops listening.
const (
	checkTimeout = 5 * time.Second
	runTimeout   = 52 * time.Second
	lookTimeout  = 6 * time.Second
)

// Result is what a create led to: an agent that was registered or has got a token, and the token
// with its secret, which is told this once; the zero Secret where none was created.
type Result struct {
	Project agent.Project
	Agent   agent.Agent
	Token   agent.Token
	Secret  gitlabapi.Secret
	// TokenErr says why a registered agent has no first token although one was asked for.
	TokenErr error
	// Configured is what Configure led to, alone.
	Configured Configured
}

// resultOf is what GitLab's answers come to. An agent names its project, but not the person's
// rights there.
func resultOf(one gitlabapi.Agent, created gitlabapi.CreatedToken) Result {
	return Result{
		Project: projectOf(one), Agent: agentread.AgentOf(one), Token: agentread.TokenOf(created.Token), Secret: created.Secret,
	}
}

func projectOf(one gitlabapi.Agent) agent.Project {
	project := one.ConfigProject
	return agent.Project{ID: project.ID, Name: project.Name, Path: project.PathWithNamespace}
}

// Wait returns when no create is running any more, or when ctx ends: a graceful stop must
// not cut a create whose secret nobody else will ever see.
func (s *Service) Wait(ctx context.Context) error {
	idle := make(chan struct{})
	go func() {
		s.work.Wait()
		close(idle)
	}()
	select {
	case <-idle:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// once runs act for the form's nonce, or joins the run that is under way for it. The act is
// cut loose from ctx: a browser that gives up must not leave a half-done create behind, and
// without JavaScript the answer to the first of two clicks is thrown away by the browser, so
// that only the second can show the secret.
func (s *Service) once(ctx context.Context, form Form, act func(context.Context) (Result, error)) (Result, error) {
	current := s.join(ctx, form, act)
	select {
	case <-current.done:
		return current.result, current.err
	case <-ctx.Done():
		return Result{}, ctx.Err()
	}
}

func (s *Service) join(ctx context.Context, form Form, act func(context.Context) (Result, error)) *run {
	s.mu.Lock()
	defer s.mu.Unlock()
	if current, ok := s.running[form.Nonce]; ok {
		return current
	}
	current := &run{done: make(chan struct{})}
	s.running[form.Nonce] = current
	detached := context.WithoutCancel(ctx)
	s.work.Go(func() {
		detached, cancel := context.WithTimeout(detached, runTimeout)
		defer cancel()
		current.result, current.err = s.guarded(detached, act)
		s.mu.Lock()
		delete(s.running, form.Nonce)
		s.mu.Unlock()
		close(current.done)
	})
	return current
}

// guarded runs act. It has a goroutine of its own, where a panic would end the process and
// with it everybody's sessions and creates: here it is an error of this one run.
func (s *Service) guarded(ctx context.Context, act func(context.Context) (Result, error)) (result Result, err error) {
	defer func() {
		if recover() != nil { // its value is not logged: it may quote a token
			s.log.ErrorContext(ctx, "a create panicked", "stack", string(debug.Stack()))
			err = errPanicked
		}
	}()
	return act(ctx)
}

var errPanicked = errors.New("a create panicked")

// claim uses the form's nonce up. It is called after everything that can refuse without
// GitLab having changed, and right before the one POST.
func (s *Service) claim(ctx context.Context, form Form) error {
	if err := s.changes.Take(ctx, form.Actor.ID, 1); err != nil {
		return err
	}
	first, err := s.nonces.Use(ctx, form.Nonce, form.Expires)
	if err != nil {
		return err
	}
	if first {
		return nil
	}
	result, _, err := s.nonces.Result(ctx, form.Nonce)
	if err != nil {
		return err
	}
	return &UsedError{Result: result}
}

// remember notes what a nonce led to, so that a later submit of the same form can name it.
// Failing to do so must not cost the person the secret: it is logged and passed over.
func (s *Service) remember(ctx context.Context, form Form, result NonceResult) {
	if err := s.nonces.SetResult(ctx, form.Nonce, result); err != nil {
		s.log.ErrorContext(ctx, "remembering what a form led to", "error", err)
	}
}
