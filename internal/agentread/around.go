package agentread

import (
	"context"
	"sync/atomic"

	lru "github.com/hashicorp/golang-lru/v2"

	"gitlab-agent-portal/gitlabapi"
	"gitlab-agent-portal/internal/agent"
	"gitlab-agent-portal/internal/parallel"
)

// maxKnown is how many agents' names are kept over all people.
const maxKnown = 10_000

// Want says what a page shows around an agent.
type Want struct {
	// Pods are those that are connected, and Activity is what GitLab noted. Both are told to
	// Maintainers only.
	Pods, Activity bool
	// Trouble is Activity, but only of an agent that is not connected.
	Trouble bool
	// Config is the configuration file, and KAS how clusters reach the instance.
	Config, KAS bool
}

// Around is what was read around an agent. What was not wanted is not told.
type Around struct {
	Pods         gitlabapi.Pods
	PodsTold     bool
	Activity     gitlabapi.AgentActivity
	ActivityTold bool
	// Config is the file as ConfigFile returns it, and KAS as the method of that name does.
	Config    []byte
	ConfigErr error
	KAS       gitlabapi.KAS
	KASErr    error
}

// AgentAround reads an agent as Agent does and, side by side with that, what a page shows around it:
// where GitLab is slow, the page waits for one answer and not for one after the other. Of an agent
// that the person never looked at before, it waits for two, since GitLab's GraphQL knows agents by
// name. What cannot be had around the agent keeps nobody from being shown the agent.
func (r *Reader) AgentAround(ctx context.Context, project, id int64, want Want) (ProjectAgent, Around, error) {
	one := *r
	one.told = new(atomic.Bool)
	read := &aroundReader{Reader: &one, want: want, named: make(chan struct{})}
	by, isKnown := r.lookedAt.Get(looked{r.person, id})
	if isKnown = isKnown && by.name.ProjectID == project; isKnown {
		read.name(by)
	}
	group, ahead := parallel.WithContext(ctx)
	group.Go(func() (err error) {
		defer read.name(known{})
		read.found, err = one.agent(ahead, project, id, by.nameIf(isKnown), read.name)
		return err
	})
	read.begin(ahead, group)
	if err := group.Wait(); err != nil {
		return ProjectAgent{}, Around{}, err
	}
	read.settle(ctx)
	return read.found, read.around, nil
}

// known is what GitLab said of an agent when a person last looked at it, which hardly ever changes:
// by it a page asks about the agent before GitLab has told of it. What comes of it counts only once
// GitLab has told the same again.
type known struct {
	name gitlabapi.AgentName
	// shows says that the person is told of connections, as far as that is known, and silent that
	// there was none.
	shows, silent bool
}

// nameIf is the agent's name, empty if it is not known.
func (k known) nameIf(isKnown bool) string {
	if !isKnown {
		return ""
	}
	return k.name.Name
}

// looked is an agent, and who looked at it.
type looked struct{ viewer, agent int64 }

func newKnown() *lru.Cache[looked, known] {
	kept, err := lru.New[looked, known](maxKnown)
	if err != nil {
		panic(err) // only a size of 0 fails
	}
	return kept
}

// aroundReader reads what is around an agent while the agent itself is read.
type aroundReader struct {
	*Reader
	want   Want
	found  ProjectAgent
	around Around
	// by is what the calls are made with, once named is closed; without a name there is no agent.
	by    known
	named chan struct{}

	podsAsked, activityAsked bool
	podsErr, activityErr     error
}

// name lets the calls begin that need an agent's name; the first one counts.
func (r *aroundReader) name(by known) {
	select {
	case <-r.named:
	default:
		r.by = by
		close(r.named)
	}
}

// begin starts the calls.
func (r *aroundReader) begin(ctx context.Context, group *parallel.Group) {
	start := func(wanted bool, run func()) {
		if wanted {
			group.Go(func() error { run(); return nil })
		}
	}
	start(r.want.KAS, func() { r.around.KAS, r.around.KASErr = r.KAS(ctx) })
	start(r.want.Config, func() {
		if <-r.named; r.by.name.Name != "" {
			r.readConfig(ctx, r.by.name)
		}
	})
	start(r.want.Pods, func() {
		if <-r.named; r.by.shows {
			r.readPods(ctx, r.by.name)
		}
	})
	start(r.want.Activity || r.want.Trouble, func() {
		if <-r.named; r.by.shows && (r.want.Activity || r.by.silent) {
			r.readActivity(ctx, r.by.name)
		}
	})
}

func (r *aroundReader) readConfig(ctx context.Context, name gitlabapi.AgentName) {
	r.around.Config, r.around.ConfigErr = r.ConfigFile(ctx, agent.Project{ID: name.ProjectID}, name.Name)
}

func (r *aroundReader) readPods(ctx context.Context, name gitlabapi.AgentName) {
	r.podsAsked = true
	r.around.Pods, r.podsErr = try(ctx, func(ctx context.Context) (gitlabapi.Pods, error) { return r.gitlab.AgentPods(ctx, name) })
}

func (r *aroundReader) readActivity(ctx context.Context, name gitlabapi.AgentName) {
	r.activityAsked = true
	r.around.Activity, r.activityErr = try(ctx, func(ctx context.Context) (gitlabapi.AgentActivity, error) {
		return r.gitlab.AgentActivity(ctx, name)
	})
}

// settle keeps of what was read ahead what the person may be told, and reads what was not, or under a
// name that the agent does not have any more.
func (r *aroundReader) settle(ctx context.Context) {
	now := known{name: r.found.named(), shows: r.found.Project.ShowsConnections(), silent: r.isSilent()}
	r.lookedAt.Add(looked{r.person, now.name.ID}, now)
	renamed := r.by.name != now.name
	wantsPods := r.want.Pods && now.shows
	wantsActivity := (r.want.Activity || r.want.Trouble && now.silent) && now.shows
	group := new(parallel.Group)
	again := func(wanted bool, read func(context.Context, gitlabapi.AgentName)) {
		if wanted {
			group.Go(func() error { read(ctx, now.name); return nil })
		}
	}
	again(r.want.Config && renamed, r.readConfig)
	again(wantsPods && (renamed || !r.podsAsked), r.readPods)
	again(wantsActivity && (renamed || !r.activityAsked), r.readActivity)
	if err := group.Wait(); err != nil {
		r.podsErr, r.activityErr, r.around.ConfigErr = err, err, err
	}
	r.around.PodsTold = wantsPods && r.answered(ctx, "the pods of an agent", r.podsErr)
	r.around.ActivityTold = wantsActivity && r.answered(ctx, "an agent's activity", r.activityErr)
	if !now.shows {
		r.around.Pods, r.around.Activity = gitlabapi.Pods{}, gitlabapi.AgentActivity{}
	}
}

// isSilent reports whether the agent is known not to be connected.
func (r *aroundReader) isSilent() bool {
	status := r.found.Agent.Status(r.cfg.Now())
	return status != agent.StatusConnected && status != agent.StatusUnknown
}
