package scan

import (
	"context"
	"errors"
	"maps"
	"slices"
	"time"

	lru "github.com/hashicorp/golang-lru/v2"

	"gitlab-agent-portal/gitlabapi"
	"gitlab-agent-portal/internal/agent"
	"gitlab-agent-portal/internal/agentread"
	"gitlab-agent-portal/internal/fleet"
	"gitlab-agent-portal/internal/parallel"
)

const (
	// configsTimeout is how long a scan waits to be told which configuration files the agents of up to
	// 100 projects have.
	configsTimeout = 4 * time.Second
	// maxJudged is how many files are read after a scan, one after the other, and judgeTimeout for how
	// long. The others are left to later scans.
	maxJudged    = 50
	judgeTimeout = 30 * time.Second
	// maxVerdicts is of how many files it is known what the agent server makes of them. One takes
	// about 200 bytes.
	maxVerdicts = 50_000
)

// verdicts are what GitLab's agent server makes of configuration files, by git's names for their
// content, for all people: the same content has the same name and the same verdict wherever it is. No
// verdict tells anybody of a file that they may not read, for it is asked for by that name only, and
// the name comes from GitLab each time, with that person's rights. It is safe for concurrent use.
type verdicts struct {
	known *lru.Cache[string, agent.ConfigState]
}

func newVerdicts() *verdicts {
	known, _ := lru.New[string, agent.ConfigState](maxVerdicts) // its only error is a size that is not positive
	return &verdicts{known}
}

// of is what is known of a file.
func (v *verdicts) of(blob agentread.ConfigBlob) agent.ConfigState {
	if blob.ID == "" {
		return agent.ConfigNone
	}
	state, _ := v.known.Get(blob.ID)
	return state
}

// readConfigs asks which configuration files agents have, in a query of its own as readRunning's is,
// for where repositories are kept may be slow too. What is in them is not read here. While other people
// wait for their lists, their calls come first.
func (p *pass) readConfigs(ctx context.Context, agents []agentread.ProjectAgent) {
	if len(agents) == 0 || p.configsFailed.Load() || p.isLimited() || p.turns.waits() > 0 {
		return
	}
	var found map[int64]agentread.ConfigBlob
	err := p.call(ctx, configsTimeout, func(ctx context.Context, reader *agentread.Reader) (err error) {
		found, err = reader.ConfigBlobs(ctx, agents)
		return err
	})
	p.mu.Lock()
	maps.Copy(p.configs, found)
	p.mu.Unlock()
	if err != nil {
		p.configsFailed.Store(len(found) == 0)
		p.limited(err)
		p.cfg.Log.DebugContext(ctx, "reading which configuration files agents have", "error", err)
	}
}

// readAllConfigs is readConfigs for all agents that were found, a hundred projects at a time. A page of
// a group's agents has some of a project's, and would ask for all its files again.
func (p *pass) readAllConfigs(ctx context.Context) error {
	agents := map[int64][]agentread.ProjectAgent{}
	for _, a := range p.found.Agents {
		agents[a.Project.ID] = append(agents[a.Project.ID], agentread.ProjectAgent{Project: *a.Project, Agent: a.Agent})
	}
	group, ctx := parallel.WithContext(ctx)
	for projects := range slices.Chunk(slices.Sorted(maps.Keys(agents)), batchSize) {
		var asked []agentread.ProjectAgent
		for _, id := range projects {
			asked = append(asked, agents[id]...)
		}
		group.Go(func() error {
			p.readConfigs(ctx, asked)
			return nil
		})
	}
	return group.Wait()
}

// unjudged are the files of which nothing is known, each once, the smaller names first so that a
// fleet of many is worked off in the same order; no more than maxJudged.
func (p *pass) unjudged() []agentread.ConfigBlob {
	byID := map[string]agentread.ConfigBlob{}
	for _, blob := range p.configs {
		if p.verdicts.of(blob) == agent.ConfigUnknown {
			byID[blob.ID] = blob
		}
	}
	ids := slices.Sorted(maps.Keys(byID))
	blobs := make([]agentread.ConfigBlob, min(len(ids), maxJudged))
	for i := range blobs {
		blobs[i] = byID[ids[i]]
	}
	return blobs
}

// judge reads, once a scan is done and whoever waited for it has it, configuration files that nobody
// has read yet, and adds what they say to what is kept of that scan.
func (s *Service) judge(ctx context.Context, f *flight, p *pass) {
	defer s.judged(f)
	blobs := p.unjudged()
	if len(blobs) == 0 {
		return
	}
	ctx, cancel := s.withTimeout(ctx, judgeTimeout)
	defer cancel()
	if err := parallel.Guard(func() error { return p.judge(ctx, blobs) }); err != nil {
		s.cfg.Log.DebugContext(ctx, "reading configuration files", "error", err)
	}
	s.keepVerdicts(f, p)
}

// judge reads files until one cannot be had. That one is gone, or not the person's to see any more, is
// no reason to leave out the others.
func (p *pass) judge(ctx context.Context, blobs []agentread.ConfigBlob) error {
	for _, blob := range blobs {
		if p.turns.waits() > 0 {
			return nil
		}
		var state agent.ConfigState
		err := p.call(ctx, projectTimeout, func(ctx context.Context, reader *agentread.Reader) (err error) {
			state, err = reader.JudgeConfig(ctx, blob)
			return err
		})
		switch {
		case err == nil:
			p.verdicts.known.Add(blob.ID, state)
		case !errors.Is(err, gitlabapi.ErrNotFound) && !errors.Is(err, gitlabapi.ErrForbidden):
			return err
		}
	}
	return nil
}

// judged notes that nothing more is read for a flight.
func (s *Service) judged(f *flight) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.judging, f)
}

// keepVerdicts adds what is known of configuration files to what the flight has left behind, unless
// something else is kept by now.
func (s *Service) keepVerdicts(f *flight, p *pass) {
	s.mu.Lock()
	defer s.mu.Unlock()
	kept := s.cache.get(f.key)
	if kept == nil || kept != f.kept || kept.own != f.own { // whose files may be others by now
		return
	}
	before := *kept
	if kept.set(withVerdicts(kept.snapshot(), p), f.key.scope); !s.cache.put(f.key, kept) {
		*kept = before
	}
}

// withVerdicts is a copy of a snapshot with what is known of the files that a pass has found.
func withVerdicts(s *fleet.Snapshot, p *pass) *fleet.Snapshot {
	told := *s
	told.Agents = slices.Clone(s.Agents)
	for i := range told.Agents {
		if blob, ok := p.configs[told.Agents[i].ID]; ok {
			told.Agents[i].Config = p.verdicts.of(blob)
		}
	}
	return &told
}
