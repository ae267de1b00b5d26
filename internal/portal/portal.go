package portal

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"time"

	"gitlab-agent-portal/gitlabapi"
	"gitlab-agent-portal/handlers"
	"gitlab-agent-portal/internal/agentread"
	"gitlab-agent-portal/internal/alert"
	"gitlab-agent-portal/internal/audit"
	"gitlab-agent-portal/internal/budget"
	"gitlab-agent-portal/internal/database"
	"gitlab-agent-portal/internal/fleet/scan"
	"gitlab-agent-portal/internal/portal/demo"
	"gitlab-agent-portal/internal/rotation/readings"
	"gitlab-agent-portal/internal/session"
	"gitlab-agent-portal/internal/tokens"
	"gitlab-agent-portal/internal/watch/rules"
	"gitlab-agent-portal/static"
	"gitlab-agent-portal/views"
)

// drain is how long a portal that was told to stop goes on taking requests: whoever spreads
// the traffic needs that long to notice that it is not ready any more.
const drain = 3 * time.Second

// Program is one run of the portal.
type Program struct {
	// Args are the arguments without the program's name, Environ the environment.
	Args, Environ []string
	// Stdout receives what a person reads who started the program, and the log.
	Stdout io.Writer
	// Listener replaces LISTEN_ADDR, for tests, which have to know their free port before they
	// can say what PUBLIC_URL is. Run closes it.
	Listener net.Listener
	// Ready, unless nil, is called once requests are answered.
	Ready func()
	// Drain, unless nil, is called when readiness has been withdrawn. Requests are taken until
	// it returns.
	Drain func()
	// Now, unless nil, is the clock, for tests in which minutes have to go by.
	Now func() time.Time
	// WatchStatus, unless nil, says how the readings of a watch go that is not this program's, and whose
	// alerts are in the database: for tests of what is shown of them.
	WatchStatus func(context.Context) (alert.Status, error)

	extras extras
}

// Run runs the portal until ctx ends, and returns once everything has stopped. args are the
// arguments without the program's name.
func Run(ctx context.Context, args, environ []string, stdout io.Writer) error {
	noticed := func() { <-time.After(drain) }
	return Program{Args: args, Environ: environ, Stdout: stdout, Drain: noticed}.Run(ctx)
}

// Run runs the program until ctx ends.
func (p Program) Run(ctx context.Context) error {
	if p.Listener != nil {
		defer func() { _ = p.Listener.Close() }() // for a start that fails; a server closes it itself
	}
	flags := flag.NewFlagSet("web", flag.ContinueOnError)
	flags.SetOutput(p.Stdout)
	withDemo := flags.Bool("demo", false, "start with an embedded GitLab and a made-up organisation")
	probe := flags.Bool("healthcheck", false, "ask the running portal whether it lives, and exit")
	backup := flags.String("backup", "", "write a copy of the SQLite database to a new `FILE`, also while the portal runs, and exit")
	notifyOnce := flags.Bool("notify-test", false, "send one message to each route of NOTIFY_FILE, say what became of it, and exit")
	tryOut := flags.Bool("check", false, "try the settings, the database, GitLab and certificates, say what to do, and exit")
	printVersion := flags.Bool("version", false, "print what this program was built from, and exit")
	switch err := flags.Parse(p.Args); {
	case errors.Is(err, flag.ErrHelp):
		return nil
	case err != nil:
		return err
	case flags.NArg() > 0:
		return errors.New("the portal takes flags only; see -help")
	case *printVersion:
		_, err := fmt.Fprintln(p.Stdout, thisBuild())
		return err
	case *probe:
		return healthcheck(ctx, p.Environ)
	case *backup != "":
		return writeBackup(ctx, p.Environ, *backup)
	case *tryOut:
		return check(ctx, p.Environ, p.clock(), p.Stdout)
	case *notifyOnce:
		return notifyTest(ctx, p.Environ, p.clock(), p.Stdout)
	case *withDemo:
		return p.runDemo(ctx)
	}
	cfg, err := loadConfig(p.Environ)
	if err != nil {
		return err
	}
	return p.serve(ctx, cfg)
}

// runDemo runs the portal over a GitLab of the demo's. It is the same program with the same
// handlers, configured like any other; only the GitLab is not a real one.
func (p Program) runDemo(ctx context.Context) (err error) {
	play, err := demo.New(ctx, p.Environ, p.Listener, clock)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, play.Close()) }()
	cfg, err := loadConfig(play.Environ())
	if err != nil {
		return err
	}
	if _, err := fmt.Fprint(p.Stdout, play); err != nil {
		return err
	}
	p.Listener, p.Drain = play.Portal, nil // nobody spreads traffic here, and Ctrl+C should be quick
	return play.Run(ctx, func(ctx context.Context) error {
		p.extras = extras{
			sandboxURL: play.SandboxURL(), hosts: play.Hosts(), pages: map[string]handlers.PageFunc{demo.PatternStyleguide: demo.Styleguide},
			watchLimits: demo.WatchLimits, seed: play.Seed, history: play.History(),
		}
		return p.serve(ctx, cfg)
	})
}

func (p Program) clock() func() time.Time {
	if p.Now == nil {
		return clock
	}
	return p.Now
}

// extras are what the demo, or a test, adds to a portal.
type extras struct {
	sandboxURL string
	hosts      []string
	pages      map[string]handlers.PageFunc
	// watchLimits, unless nil, makes the limits of the watch of those that are set.
	watchLimits func(rules.Limits) rules.Limits
	// seed, unless nil, fills the database before anything else does.
	seed func(context.Context, *database.DB) error
	// history is what was done before the start, the oldest first.
	history []demo.Act
}

// serve puts the parts together and runs them.
func (p Program) serve(ctx context.Context, cfg *config) error {
	out := &lineWriter{out: p.Stdout}
	log := newLogger(out, cfg.logLevel)
	now := p.clock()
	cfg.warn(ctx, log)
	defer ignoreHangups(ctx, log)()
	server := &server{cfg: cfg, log: log, metrics: newMetrics(), portal: p.Listener, ready: p.Ready, drain: p.Drain}
	load := newLoad(server.metrics.registry, now)
	assets, err := static.Load()
	if err != nil {
		return err
	}
	gitlab, err := newGitLab(cfg, gitlabapi.Options{
		Log: log, Observe: server.metrics.gitlab, Now: now, Admit: load.admit(budget.NewCalls().Admit), MaxInFlight: budget.CallsAtOnce,
		ObserveRetry: server.metrics.retried, ObserveHeld: server.metrics.held, ObserveBreaker: server.metrics.broke,
		ObserveClock: (&clockWatch{log: log, metrics: server.metrics}).observe,
	})
	if err != nil {
		return err
	}
	signIn := oauth(cfg, gitlab)
	db, err := database.Open(ctx, cfg.DatabaseURL.Reveal(), signIn.Instance())
	if err != nil {
		return fmt.Errorf("%s: %w", cfg.databaseVariable(), err)
	}
	defer closeDatabase(ctx, log, db)
	if err := p.extras.fill(ctx, db); err != nil {
		return err
	}
	server.metrics.watch(db)
	clientIP := func(r *http.Request) string { return handlers.ClientIP(r, cfg.TrustedProxies) }
	sessions, err := session.New(db, session.Config{Keys: cfg.SessionKeys, Cookie: cfg.cookie(), Address: clientIP, Now: now, Log: log})
	if err != nil {
		return err
	}
	defer sessions.Close()
	auditLog, nonces, noted := audit.New(db, cfg.AuditRetention, now), tokens.NewNonces(db, now), readings.New(db, now)
	if err := noteHistory(ctx, db, cfg.AuditRetention, p.extras.history); err != nil {
		return err
	}
	closeAuditLog, err := server.writeAudit(ctx, auditLog, out)
	if err != nil {
		return fmt.Errorf("AUDIT_LOG: %w", err)
	}
	defer closeAuditLog()

	changes := budget.NewChanges(db, now)
	server.swept = func(ctx context.Context) error { return load.countSessions(ctx, sessions) }
	kept := newKept(cfg, db, now)
	server.notify = server.messenger(db, kept.alerts, now)
	server.database, server.sweepers = db, []sweeper{sessions, nonces, auditLog, noted, changes, kept.transitions, kept.alerts, server.notify}
	server.tokens = tokens.New(nonces, auditLog, changes, log)
	server.tokens.ObserveCreates(server.metrics.created)
	server.fleet = scan.New(scan.Config{
		Now: now, Log: log, Capacity: int64(cfg.FleetCacheSize), Observe: server.metrics.scanned, ObserveWait: server.metrics.scanWaited,
	})
	server.metrics.watchFleet(server.fleet.Stats)
	server.revocations = handlers.NewRevocations(signIn, log, 0)
	read := agentread.New(agentread.Config{ReadOnly: cfg.readOnly(), Log: log, Missing: server.metrics.usageMissing.Inc, Now: now})
	server.watchWith(watching{cfg: cfg, gitlab: gitlab, read: read, db: db, kept: kept, noted: noted, log: log, now: now, limits: p.extras.limits(cfg)}, server.notify)
	found, readings := p.found(server, kept)
	handler, err := handlers.New(handlers.Config{
		PublicURL: &cfg.PublicURL, GitLab: gitlab, OAuth: signIn, Revocations: server.revocations, ReadOnly: cfg.readOnly(),
		Sessions: sessions, Audit: auditLog, Readings: noted, Read: read,
		Tokens: server.tokens, Fleet: server.fleet, Alerts: found.alerts, History: found.transitions, WatchStatus: readings, Limits: cfg.limits(), Keys: cfg.SessionKeys, Cookie: cfg.cookie(), Assets: assets,
		Log: log, Now: now, Ready: server.readiness, TrustedProxies: cfg.TrustedProxies, HelmRepoURL: cfg.HelmRepoURL.String(), AgentImage: string(cfg.AgentImage), PrivateCA: cfg.CAFile != "", JiHu: cfg.JiHu, SandboxURL: p.extras.sandboxURL, Hosts: p.extras.hosts, Pages: p.extras.pages,
		Refreshed: server.metrics.refreshed, Observe: server.metrics.answered, Requests: budget.NewRequests(now), SecurityContact: string(cfg.SecurityContact), Version: thisBuild().version,
	})
	if err != nil {
		return err
	}
	return server.run(ctx, handler)
}

// clock is where the program's time comes from.
func clock() time.Time { return time.Now() } //nolint:forbidigo // handed to everything else as an argument

// newGitLab is the client that the settings describe.
func newGitLab(cfg *config, opts gitlabapi.Options) (*gitlabapi.Client, error) {
	opts.InternalURL, opts.Proxy, opts.RootCAs = cfg.GitLabInternalURL.String(), cfg.proxy, cfg.rootCAs
	client, err := gitlabapi.New(cfg.GitLabURL.String(), opts)
	if err != nil {
		return nil, fmt.Errorf("GITLAB_URL or GITLAB_INTERNAL_URL: %w", err)
	}
	return client, nil
}

func oauth(cfg *config, gitlab *gitlabapi.Client) *gitlabapi.OAuth {
	callback := cfg.PublicURL
	callback.Path = views.URLs{Base: cfg.basePath()}.Callback()
	return gitlab.OAuth(gitlabapi.OAuthConfig{
		ClientID: cfg.ClientID, ClientSecret: cfg.ClientSecret, Scope: cfg.Scope, RedirectURL: callback.String(),
	})
}

// newLogger writes one JSON object a line, with times in UTC wherever the portal runs.
func newLogger(out io.Writer, level slog.Level) *slog.Logger {
	return slog.New(slog.NewJSONHandler(out, &slog.HandlerOptions{Level: level, ReplaceAttr: inUTC}))
}

func inUTC(groups []string, a slog.Attr) slog.Attr {
	if len(groups) == 0 && a.Key == slog.TimeKey && a.Value.Kind() == slog.KindTime {
		return slog.Time(a.Key, a.Value.Time().UTC())
	}
	return a
}

func closeDatabase(ctx context.Context, log *slog.Logger, db *database.DB) {
	if err := db.Close(); err != nil {
		log.ErrorContext(ctx, "closing the database", "error", err)
	}
}
