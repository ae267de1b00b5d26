package portal

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"golang.org/x/oauth2"

	"gitlab-agent-portal/gitlabapi"
	"gitlab-agent-portal/internal/agent"
	"gitlab-agent-portal/internal/database"
	"gitlab-agent-portal/static"
)

// checkTimeout bounds each thing that is tried.
const checkTimeout = 30 * time.Second

// errCheckFailed is what a check ends with; what is wrong has been said by then.
var errCheckFailed = errors.New("the check found something to mend")

// check tries what a portal with this environment needs, changes nothing, and says to out what is well
// and what to do about the rest. It may run beside a portal that serves.
func check(ctx context.Context, environ []string, now func() time.Time, out io.Writer) error {
	cfg, err := loadConfig(environ)
	if err != nil {
		return err // which says of every variable what to do
	}
	report := checkReport{out: out}
	report.add("settings", nil, "")
	for _, stray := range cfg.strays {
		report.say("NOTE  the portal does not read " + stray.name + ": is " + stray.meant + " meant?\n")
	}
	err = withinCheck(ctx, func(ctx context.Context) error { return database.Try(ctx, cfg.DatabaseURL.Reveal()) })
	report.add("database ("+cfg.databaseKind()+")", err, databaseAdvice(err))
	for _, authority := range cfg.authorities {
		err := judgeCertificate(authority, now())
		report.add("GITLAB_CA_FILE, "+authority.Subject.String(), err, "ask whoever runs the authority for its new certificate, and put it into GITLAB_CA_FILE.")
	}
	_, err = static.Load()
	report.tell("scripts and styles", err, "build the program with make build, which makes them first.")
	err = tryAuditLog(cfg.AuditLog)
	report.tell("AUDIT_LOG", err, "make the folder of the file, and let the portal's user write there.")
	report.gitlab(ctx, cfg, now())
	report.notifications(ctx, cfg)
	return report.result()
}

// tryAuditLog opens the file as the portal does, but leaves none where there is none yet.
func tryAuditLog(name string) error {
	if name == "" || name == auditToStdout {
		return nil
	}
	if file, err := os.CreateTemp(filepath.Dir(name), ".portal-check-*"); err != nil {
		return fmt.Errorf("its folder: %w", errors.Unwrap(err))
	} else if err := errors.Join(file.Close(), os.Remove(file.Name())); err != nil {
		return err
	}
	file, err := os.OpenFile(filepath.Clean(name), os.O_WRONLY|os.O_APPEND, 0)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil
	case err != nil:
		return err
	}
	return file.Close()
}

// gitlab tries GitLab, and what depends on its answers.
func (r *checkReport) gitlab(ctx context.Context, cfg *config, now time.Time) {
	client, err := newGitLab(cfg, gitlabapi.Options{})
	if err == nil {
		err = withinCheck(ctx, func(ctx context.Context) error { return tryGitLab(ctx, client) })
	}
	r.add("GitLab at "+cfg.gitlabForCalls(), err, gitlabAdvice(err))
	if err != nil {
		return
	}
	if skew := client.ClockSkew(); skew.Exceeds(agent.ClockTolerance) {
		r.add("clock", fmt.Errorf("GitLab's is %s ahead of this machine's", skew.Ahead.Round(time.Second)), "let NTP set both.")
	}
	err = withinCheck(ctx, func(ctx context.Context) error { return tryApplication(ctx, oauth(cfg, client)) })
	r.add("application", err, "set GITLAB_CLIENT_ID and GITLAB_CLIENT_SECRET to those that GitLab shows for the application. Its redirect address and scopes show when somebody signs in.")
	r.watch(ctx, cfg, client, now)
}

// tryApplication shows GitLab the application's id and secret with a code that nobody was given: who
// is not refused for the former is known.
func tryApplication(ctx context.Context, application *gitlabapi.OAuth) error {
	_, err := application.Exchange(ctx, "made-up-by-web-check", oauth2.GenerateVerifier())
	if errors.Is(err, gitlabapi.ErrInvalidGrant) {
		return nil
	}
	return err
}

func withinCheck(ctx context.Context, try func(context.Context) error) error {
	ctx, cancel := context.WithTimeout(ctx, checkTimeout)
	defer cancel()
	return try(ctx)
}

// tryGitLab asks what only somebody who has signed in is told: the refusal proves that it is GitLab
// who answers.
func tryGitLab(ctx context.Context, client *gitlabapi.Client) error {
	_, err := client.Metadata(ctx)
	if errors.Is(err, gitlabapi.ErrUnauthorized) || errors.Is(err, gitlabapi.ErrRateLimited) {
		return nil
	}
	return err
}

// checkReport is a line for each thing that was tried.
type checkReport struct {
	out    io.Writer
	failed bool
	broken error // of out
}

// add writes the line; advice is what to do about err.
func (r *checkReport) add(what string, err error, advice string) {
	text := "ok    " + what + "\n"
	if err != nil {
		r.failed = true
		text = "WRONG " + what + ": " + err.Error() + "\n      What to do: " + advice + "\n"
	}
	r.say(text)
}

// tell is add for what is worth a line only if it is wrong.
func (r *checkReport) tell(what string, err error, advice string) {
	if err != nil {
		r.add(what, err, advice)
	}
}

func (r *checkReport) say(text string) {
	if _, err := io.WriteString(r.out, text); err != nil {
		r.broken = fmt.Errorf("writing what the check found: %w", err)
	}
}

func (r *checkReport) result() error {
	switch {
	case r.broken != nil:
		return r.broken
	case r.failed:
		return errCheckFailed
	}
	return nil
}

// databaseAdvice is what an operator can do about a database that is of no use.
func databaseAdvice(err error) string {
	switch {
	case errors.Is(err, database.ErrReadOnly):
		return "name the primary in DATABASE_URL; of several hosts, target_session_attrs=read-write finds it."
	case errors.Is(err, database.ErrNoTables):
		return "as the database's owner: GRANT CREATE ON SCHEMA public TO the user of DATABASE_URL."
	case errors.Is(err, fs.ErrPermission):
		return "give the file and its folder to the user that the portal runs as; SQLite writes beside its file."
	case errors.Is(err, fs.ErrNotExist):
		return "make the folder of the file that DATABASE_URL names, or mount the volume."
	case err != nil && strings.Contains(err.Error(), "SQLSTATE 28"):
		return "set user and password, in DATABASE_URL or DATABASE_PASSWORD_FILE, to those that PostgreSQL knows; its pg_hba.conf has to admit this machine."
	case err != nil && strings.Contains(err.Error(), "SQLSTATE 3D000"):
		return "create the database, or name another one at the end of DATABASE_URL."
	case err != nil && strings.Contains(err.Error(), "refused TLS connection"):
		return "switch TLS on in PostgreSQL, or ask for less by sslmode in DATABASE_URL."
	case errors.Is(err, database.ErrNewer):
		return "start the version that changed it."
	case errors.Is(err, database.ErrDamaged):
		return "restore the newest backup, which web -backup made."
	default:
		return "see whether the database runs, whether DATABASE_URL names its host and port, and whether a firewall is in between."
	}
}

// gitlabAdvice is what an operator can do about a GitLab that does not answer as one. The client tells
// kinds of failures on the way by their texts alone: they are cleaned of what may be secret.
func gitlabAdvice(err error) string {
	switch {
	case errors.Is(err, gitlabapi.ErrForeign):
		return "something else answers there: see whether GITLAB_URL or GITLAB_INTERNAL_URL is GitLab's address, with its path if it has one, and what HTTPS_PROXY does."
	case errors.Is(err, gitlabapi.ErrNotFound):
		return "there is no GitLab below that address: GITLAB_URL has to hold the path that GitLab lives at, and nothing more."
	case err == nil:
		return ""
	}
	for _, known := range []struct{ text, advice string }{
		{"certificate signed by unknown authority", "put the certificate of the authority that signed GitLab's into a file, and name the file in GITLAB_CA_FILE."},
		{"certificate has expired or is not yet valid", "renew GitLab's certificate; if it is valid, set the clock of this machine."},
		{"x509", "GitLab's certificate is made out for other names: use one of them in GITLAB_URL or GITLAB_INTERNAL_URL."},
		{"does not look like a TLS handshake", "GitLab speaks plain http there: see the port in GITLAB_URL, or put TLS in front of GitLab."},
		{"no such host", "nobody here knows the name: see GITLAB_URL, the machine's DNS, or set GITLAB_INTERNAL_URL or HTTPS_PROXY."},
		{"connection refused", "nobody listens there: see whether GitLab runs and whether GITLAB_URL names its port."},
	} {
		if strings.Contains(err.Error(), known.text) {
			return known.advice
		}
	}
	return "see whether this machine may reach GitLab: a firewall, HTTPS_PROXY and NO_PROXY; with GITLAB_INTERNAL_URL the portal takes another way."
}
