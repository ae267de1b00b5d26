package watch

import (
	"context"
	"errors"
	"slices"
	"time"

	"gitlab-agent-portal/gitlabapi"
	"gitlab-agent-portal/internal/agent"
	"gitlab-agent-portal/internal/fleet"
	"gitlab-agent-portal/internal/watch/rules"
)

// reading is what the tokens together have read.
type reading struct {
	began  time.Time
	agents map[int64]fleet.Agent
	// listed are the projects that there are, and failed those of which the agents could not be read.
	listed, failed map[int64]bool
	// partial says that there may be projects beside the ones that are listed.
	partial bool
	failure Failure
	ends    rules.Reading
}

// look reads with every token, one after the other.
func (s *Service) look(ctx context.Context) *reading {
	r := &reading{began: s.cfg.Now().UTC().Truncate(time.Microsecond), agents: map[int64]fleet.Agent{}, listed: map[int64]bool{}, failed: map[int64]bool{}}
	r.ends.EndsKnown = true
	for _, token := range s.tokens {
		found, err := s.scan.Read(ctx, token.viewer, token.renew, nil)
		if err == nil {
			r.add(found)
			token.ask(ctx, r.began)
		} else {
			r.partial = true
			r.fail(failureOf(err))
			s.complain(ctx, "reading the fleet", err)
		}
		r.addEnd(token) // of one that is refused, what it said before
	}
	return r
}

// add adds what one token has read. What one of them could read is read.
func (r *reading) add(found *fleet.Snapshot) {
	failed := map[int64]bool{}
	for _, w := range found.Warnings {
		r.warned(w)
		if w.Project != nil {
			failed[w.Project.ID] = true
		}
	}
	for _, p := range found.Projects {
		switch {
		case !failed[p.ID]:
			delete(r.failed, p.ID)
		case !r.listed[p.ID]:
			r.failed[p.ID] = true
		}
		r.listed[p.ID] = true
	}
	for _, a := range found.Agents {
		if known, ok := r.agents[a.ID]; !ok || tells(a) > tells(known) {
			r.agents[a.ID] = a
		}
	}
	if found.Fallback != agent.FallbackNone {
		r.fail(Incomplete)
	}
}

// tells is how much was told of an agent.
func tells(a fleet.Agent) int {
	told := 0
	if a.UseKnown() {
		told += 2
	}
	if a.Running.Known {
		told++
	}
	return told
}

// warned takes in what is missing. A project whose agents the token may not see is none of the watch's.
func (r *reading) warned(w fleet.Warning) {
	switch w.Kind {
	case fleet.NotVisible, fleet.RolesUnknown:
	case fleet.RateLimited:
		r.fail(Limited)
	case fleet.Slow:
		r.fail(Slow)
	default:
		r.partial = r.partial || w.Kind == fleet.ListIncomplete
		if !w.Lasting {
			r.fail(Incomplete)
		}
	}
}

// fail notes a failure; the gravest stays.
func (r *reading) fail(why Failure) {
	if slices.Index(Failures(), why) > slices.Index(Failures(), r.failure) {
		r.failure = why
	}
}

func failureOf(err error) Failure {
	switch {
	case errors.Is(err, gitlabapi.ErrUnauthorized), errors.Is(err, gitlabapi.ErrForbidden):
		return Refused
	case errors.Is(err, gitlabapi.ErrRateLimited):
		return Limited
	case errors.Is(err, gitlabapi.ErrTimeout), errors.Is(err, context.DeadlineExceeded):
		return Slow
	default:
		return Unavailable
	}
}

// addEnd notes when the token ends, if it is the first.
func (r *reading) addEnd(token *source) {
	r.ends.EndsKnown = r.ends.EndsKnown && token.known
	if !token.ends.IsZero() && (r.ends.Ends.IsZero() || token.ends.Before(r.ends.Ends)) {
		r.ends.Ends = token.ends
	}
}

// misses reports whether an agent of the project that was not read is not there any more.
func (r *reading) misses(project int64) bool {
	if r.listed[project] {
		return !r.failed[project]
	}
	return !r.partial
}

// how is how the reading went.
func (r *reading) how() rules.Reading {
	how := r.ends
	how.Failed, how.Refused = r.failure != "", r.failure == Refused
	return how
}
