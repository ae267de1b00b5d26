//go:build unix

// Command bench measures the portal and prints figures; it judges none of them. It plays all
// parts itself: GitLab's simulator, the portal and a bare reverse proxy run as children of their
// own, each told over its standard input what to do, and the parent is the browsers. Everything
// listens on the loopback interface only and is bounded in number and in time.
//
// With "soak" as its first argument it lets people use two portals for a while instead, half of it
// under attack, and fails for what must not happen then.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// timeout ends a run that hangs.
const timeout = 20 * time.Minute

// settings say how much is measured.
type settings struct {
	role   string
	web    string
	agents int
	// auditRows is how many rows the audit has.
	auditRows int
	crowd     int
	only      string
	requests  int
	rounds    int
	starts    int
	people    int
	projects  int
	// watched is how many projects the watch reads.
	watched int
	latency time.Duration
	profile string
	against string
	// crowds are how many people type, each with crowdProjects projects, for how long; morning is how
	// many come at once, and morningLatency how long GitLab takes for a call then.
	crowds         []int
	crowdProjects  int
	typing         time.Duration
	morning        int
	morningLatency time.Duration
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	start := run
	args := os.Args[1:]
	if len(args) > 0 && args[0] == "soak" {
		start, args = soak, args[1:]
	}
	if err := start(ctx, args, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

// run plays the role that args name, or measures.
func run(ctx context.Context, args []string, out io.Writer) error {
	var s settings
	flags := flag.NewFlagSet("bench", flag.ContinueOnError)
	flags.StringVar(&s.role, "role", "", "what a child plays; for the program itself only")
	flags.StringVar(&s.web, "web", "bin/web", "the built portal, for its start-up time; empty: leave that out")
	flags.IntVar(&s.agents, "agents", 50, "agents of the smaller project, at most 50")
	flags.IntVar(&s.crowd, "crowd", 1000, "agents of the larger project, of which the page shows the first")
	flags.StringVar(&s.only, "only", "", "measure this part alone: agents, fleet, typing, morning, watch, audit, memory or start")
	flags.IntVar(&s.auditRows, "audit-rows", 1_000_000, "rows of the audit")
	flags.IntVar(&s.requests, "requests", 300, "requests of a round")
	flags.IntVar(&s.rounds, "rounds", 7, "rounds, of which the best and the median are shown")
	flags.IntVar(&s.starts, "starts", 10, "starts of the built portal")
	flags.IntVar(&s.people, "people", 1000, "people who are signed in at once")
	flags.IntVar(&s.projects, "projects", 200, "projects of the fleet, with two agents each")
	flags.IntVar(&s.watched, "watched", 500, "projects of the watch, with ten agents each")
	flags.DurationVar(&s.latency, "latency", 40*time.Millisecond, "how long GitLab takes for each call that reads the fleet")
	s.crowds = []int{30, 60, 200}
	flags.Func("crowds", "how many people type whose fleets were read, comma-separated (default 30,60,200)", s.setCrowds)
	flags.IntVar(&s.crowdProjects, "crowd-projects", 500, "projects that each of them has")
	flags.DurationVar(&s.typing, "typing", 30*time.Second, "how long they type")
	flags.IntVar(&s.morning, "morning", 200, "people who come at once")
	flags.DurationVar(&s.morningLatency, "morning-latency", 800*time.Millisecond, "how long GitLab takes for each call then")
	flags.StringVar(&s.profile, "profile", "", "folder for CPU and allocation profiles of the agents page")
	flags.StringVar(&s.against, "against", "", "this program as built from another commit, measured in the same rounds")
	switch err := flags.Parse(args); {
	case errors.Is(err, flag.ErrHelp):
		return nil
	case err != nil:
		return err
	case s.role != "":
		return play(s.role)
	}
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	return measure(ctx, s, out)
}

// setCrowds reads the numbers of people who type.
func (s *settings) setCrowds(text string) error {
	s.crowds = nil
	for word := range strings.SplitSeq(text, ",") {
		n, err := strconv.Atoi(word)
		if err != nil {
			return err
		}
		s.crowds = append(s.crowds, n)
	}
	return nil
}

// measure runs everything in turn, so that nothing disturbs anything else.
func measure(ctx context.Context, s settings, out io.Writer) error {
	folder, err := os.MkdirTemp("", "portal-bench")
	if err != nil {
		return err
	}
	parts := []struct {
		name    string
		measure func(context.Context, settings, string, io.Writer) error
	}{{"agents", measureAgents}, {"fleet", measureFleet}, {"typing", measureTyping}, {"morning", measureMorning}, {"watch", measureWatch}, {"audit", measureAudit}, {"memory", measureMemory}, {"start", measureStartUp}}
	for _, part := range parts {
		if s.only != "" && s.only != part.name {
			continue
		}
		if err := part.measure(ctx, s, folder, out); err != nil {
			return errors.Join(err, os.RemoveAll(folder))
		}
	}
	return os.RemoveAll(folder)
}

// clock is the stopwatch.
func clock() time.Time { return time.Now() } //nolint:forbidigo // time is what is measured here
