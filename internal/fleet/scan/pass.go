package scan

import (
	"context"
	"errors"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"gitlab-agent-portal/internal/agent"
	"gitlab-agent-portal/internal/agentread"
	"gitlab-agent-portal/internal/fleet"
	"gitlab-agent-portal/internal/parallel"
)

const (
	// projectTimeout is how long one project may take by REST, graphQLTimeout up to
	// 100 of them by GraphQL, and listTimeout a page of a list of projects.
	projectTimeout = 5 * time.Second
	graphQLTimeout = 10 * time.Second
	listTimeout    = 10 * time.Second

	// batchSize is how many projects are read together, as many as a page lists.
	batchSize = 100
	// limitPause is how long GitLab is left alone that limits the rate but does not
	// say for how long.
	limitPause = 10 * time.Second
)

// pass reads projects once. Its methods may be called concurrently.
type pass struct {
	*caller
	cfg    Config
	scope  agent.Scope
	report func(fleet.Progress)
	// verdicts are what is known of configuration files.
	verdicts *verdicts
	// graphQL is false once the instance has said that it will not answer.
	graphQL atomic.Bool
	// runningFailed is true once the versions of agents could not be had.
	runningFailed atomic.Bool
	// configsFailed is true once the configuration files of agents could not be had.
	configsFailed atomic.Bool
	// listRights has the lists read that tell the person's rights, once.
	listRights func()
	// maintained and archived are those lists; nil without them.
	maintained, archived map[int64]bool
	// own are the person's own projects, for ScopeEverything; nil while that is not known.
	own map[int64]bool

	mu     sync.Mutex // guards what is below
	found  fleet.Snapshot
	causes []error // the first few reasons for what is missing, for the log
	listed bool
	done   int
	// complete are the projects whose agents are in found.
	complete []*agent.Project
	// running is what runs as agents, by their numbers.
	running map[int64]agent.Running
	// configs are the configuration files of agents, by the agents' numbers.
	configs map[int64]agentread.ConfigBlob
}

func (s *Service) newPass(c *caller, scope agent.Scope, report func(fleet.Progress)) *pass {
	p := &pass{
		caller: c, cfg: s.cfg, scope: scope, report: report, verdicts: s.verdicts, found: fleet.Snapshot{ReadAt: s.cfg.Now()},
		running: map[int64]agent.Running{}, configs: map[int64]agentread.ConfigBlob{},
	}
	p.graphQL.Store(true)
	return p
}

// runPass reads some projects of a snapshot again, or with nil everything. The error
// is that of a list of projects that could not be had, of a token that was refused,
// or of ctx; there is a snapshot exactly if it is nil.
func (s *Service) runPass(ctx context.Context, v Viewer, p *pass, some []agent.Project) (*fleet.Snapshot, error) {
	p.listed = some != nil
	err := p.run(ctx, some)
	s.tell(ctx, v, p, err)
	if err != nil {
		return nil, err
	}
	if some == nil {
		p.beyond()
	}
	found := p.found // p is not to be kept with it
	found.Projects, found.Agents, found.Warnings = slices.Clip(found.Projects), p.inFull(found.Agents), slices.Clip(found.Warnings)
	found.Order()
	if some == nil {
		s.turns.learn(v.sized(), int(p.made.Load()))
	}
	return &found, nil
}

// soFar is what was read until now, nil for nothing.
func (p *pass) soFar() *fleet.Snapshot {
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.found.Agents) == 0 {
		return nil
	}
	s := &fleet.Snapshot{ReadAt: p.found.ReadAt, RetryAt: p.found.RetryAt, Fallback: p.found.Fallback}
	copies := make(map[*agent.Project]*agent.Project, len(p.complete)) // the pass goes on with its own
	for _, project := range p.complete {
		one := *project
		copies[project] = &one
		s.Projects = append(s.Projects, &one)
	}
	for _, a := range p.inFull(p.found.Agents) {
		s.Agents = append(s.Agents, fleet.Agent{Project: copies[a.Project], Agent: a.Agent})
	}
	s.Order()
	return s
}

// run reads the projects as they are listed, or only some that were listed before.
func (p *pass) run(ctx context.Context, some []agent.Project) error {
	group, within := parallel.WithContext(ctx)
	read := func(batch []*agent.Project) { group.Go(func() error { return p.read(within, batch) }) }
	p.listRights = sync.OnceFunc(func() {
		p.maintained, p.archived = map[int64]bool{}, map[int64]bool{}
		group.Go(func() error { return p.listIDs(within, agentread.ListMaintained, p.maintained) })
		group.Go(func() error { return p.listIDs(within, agentread.ListArchived, p.archived) })
	})
	if some == nil {
		group.Go(func() error { return p.listAll(within, read) })
		if p.scope == agent.ScopeEverything {
			group.Go(func() error { return p.listOwn(within) })
		}
	}
	for batch := range slices.Chunk(p.add(some), batchSize) {
		read(batch)
	}
	if err := group.Wait(); err != nil {
		return err
	}
	return p.addRights(ctx)
}

// add notes projects to be read.
func (p *pass) add(projects []agent.Project) []*agent.Project {
	batch := make([]*agent.Project, len(projects))
	for i := range projects {
		batch[i] = &projects[i]
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.found.Projects = append(p.found.Projects, batch...)
	return batch
}

// tell says once what a pass came to.
func (s *Service) tell(ctx context.Context, v Viewer, p *pass, err error) {
	found := &p.found
	s.cfg.Observe(Outcome{
		Projects: len(found.Projects), Agents: len(found.Agents), Warnings: len(found.Warnings),
		Fallback: found.Fallback, Took: s.cfg.Now().Sub(found.ReadAt), Err: err,
	})
	if errors.Is(err, context.Canceled) || err == nil && len(found.Warnings) == 0 && found.Fallback == agent.FallbackNone {
		return
	}
	s.cfg.Log.WarnContext(ctx, "the fleet was not read in full", "person", v.Person, "scope", v.Scope,
		"projects", len(found.Projects), "agents", len(found.Agents), "warnings", len(found.Warnings),
		"fallback", found.Fallback.String(), "error", errors.Join(append([]error{err}, p.causes...)...))
}

// fatal is why the pass has to end, nil while it may go on. A deadline does not end
// it: what has not been read by then is missing, and the rest is shown.
func (p *pass) fatal(ctx context.Context) error {
	if errors.Is(ctx.Err(), context.Canceled) {
		return ctx.Err()
	}
	return p.refusal()
}

// tick reports the progress. The caller holds mu.
func (p *pass) tick() {
	progress := fleet.Progress{Done: p.done}
	if p.listed {
		progress.Total = len(p.found.Projects)
	}
	p.report(progress)
}

// note keeps what was read of a project.
func (p *pass) note(project *agent.Project, agents []agent.Agent) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.complete = append(p.complete, project)
	for _, a := range agents {
		p.found.Agents = append(p.found.Agents, fleet.Agent{Project: project, Agent: a})
	}
	p.done++
	p.tick()
}

// warn notes what could not be read, and why. project is nil where it is not about
// one.
func (p *pass) warn(project *agent.Project, kind fleet.WarningKind, cause error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.found.Warnings = append(p.found.Warnings, fleet.Warning{Project: project, Kind: kind})
	p.because(cause)
	if project != nil {
		p.done++
		p.tick()
	}
}

// fallBack notes why GraphQL did not tell everything; the worst reason stays.
func (p *pass) fallBack(reason agent.Fallback, cause error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.found.Fallback = max(p.found.Fallback, reason)
	p.because(cause)
}

// maxCauses is how many reasons are logged.
const maxCauses = 5

// because keeps a reason for the log. The caller holds mu.
func (p *pass) because(err error) {
	if err != nil && len(p.causes) < maxCauses {
		p.causes = append(p.causes, err)
	}
}
