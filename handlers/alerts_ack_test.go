package handlers_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"gitlab-agent-portal/gitlabapi/gitlabtest"
	"gitlab-agent-portal/handlers"
	"gitlab-agent-portal/internal/activity"
	"gitlab-agent-portal/internal/alert"
	"gitlab-agent-portal/internal/audit"
	"gitlab-agent-portal/internal/database/databasetest"
	"gitlab-agent-portal/views"
)

// acknowledged is who looks after an alert.
func (p *portal) acknowledged(id int64) alert.Acknowledgement {
	p.t.Helper()
	return must(p.alerts.Get(p.t.Context(), id))(p.t).Acknowledgement
}

func TestAMaintainerAcknowledgesAnAlertAndTakesItBack(t *testing.T) {
	t.Parallel()
	for name, engine := range databasetest.Engines() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := newPortal(t, func(s *setUp) { s.engine = engine })
			id := p.opens(p.about(alert.Disconnected, p.prod))
			lead, dev := p.as("lead"), p.as("dev")
			lead.alertsOf("")
			got := lead.submit(alertPath(id, "acknowledge")+"?kind=disconnected", url.Values{"for": {"8h"}, "note": {"The hall is moved.\r\nAsk Lena."}})
			if got.status != http.StatusSeeOther || got.header.Get("Location") != "/alerts?kind=disconnected" {
				t.Fatalf("acknowledging = %d to %q: %s", got.status, got.header.Get("Location"), got.text("main"))
			}
			want := alert.Acknowledgement{
				ByID: p.people["lead"], By: "lead", At: p.clock.Now(), Until: p.clock.Now().Add(8 * time.Hour), Note: "The hall is moved.\nAsk Lena.",
			}
			if diff := cmp.Diff(want, p.acknowledged(id)); diff != "" {
				t.Errorf("kept is (-want +got):\n%s", diff)
			}
			page := lead.follow(got.header.Get("Location"))
			if notice := page.text("#notice"); notice != "The alert is acknowledged until 2026-11-24 20:00 UTC." || page.text(".nav-count") != "" {
				t.Errorf("the page says %q and counts %q", notice, page.text(".nav-count"))
			}
			care := "Acknowledged @lead until 2026-11-24 20:00 UTC The hall is moved. Ask Lena."
			if got := folded(alertRow(dev.alertsOf(""), id).Find(".alert-care")); got != care {
				t.Errorf("others read %q, want %q", got, care)
			}
			back := page.postForms()
			for _, form := range back {
				if strings.HasPrefix(form.action, alertPath(id, "withdraw")) {
					got = lead.post(form.action, form.hidden)
				}
			}
			if got.status != http.StatusSeeOther || got.header.Get("Location") != "/alerts?kind=disconnected" || !p.acknowledged(id).Until.IsZero() {
				t.Errorf("taking it back = %d to %q, kept is %+v", got.status, got.header.Get("Location"), p.acknowledged(id))
			}
			if act := lead.get("/activity?action=alert_acknowledge"); act.text("table.activity .act") != "Acknowledged alert" || act.doc.Find("#action option[selected]").Text() != "Acknowledge alert" {
				t.Errorf("the activity tells of it as %q", act.text("main"))
			}
			actions := []activity.Action{}
			for _, row := range must(p.auditLog.Page(t.Context(), audit.Filter{Projects: []int64{p.project}}, 0, 10))(t) {
				if row.Outcome != activity.OK || row.ActorName != "lead" || row.Target.AgentID != p.prod {
					t.Errorf("the audit has %+v", row)
				}
				actions = append(actions, row.Action)
			}
			if diff := cmp.Diff([]activity.Action{activity.AlertWithdraw, activity.AlertAcknowledge}, actions); diff != "" {
				t.Errorf("the audit tells of (-want +got):\n%s", diff)
			}
		})
	}
}

func TestAnAcknowledgementEndsWithItsTermOrDay(t *testing.T) {
	t.Parallel()
	p := newPortal(t) // 2026-11-24 12:00
	id := p.opens(p.about(alert.Disconnected, p.prod))
	lead := p.as("lead")
	day := func(day int) time.Time { return time.Date(2026, 11, day, 0, 0, 0, 0, time.UTC) }
	for _, tt := range []struct {
		name  string
		typed url.Values
		until time.Time
		wrong string
	}{
		{"an hour", url.Values{"for": {"1h"}}, p.clock.Now().Add(time.Hour), ""},
		{"a day", url.Values{"for": {"24h"}}, p.clock.Now().Add(24 * time.Hour), ""},
		{"a week", url.Values{"for": {"168h"}}, p.clock.Now().Add(7 * 24 * time.Hour), ""},
		{"nothing chosen", url.Values{"for": {"100000h"}}, p.clock.Now().Add(time.Hour), ""},
		{"today", url.Values{"for": {"1h"}, "day": {"2026-11-24"}}, day(25), ""},
		{"a later day", url.Values{"for": {"1h"}, "day": {"2026-11-30"}}, day(31), ""},
		{"yesterday", url.Values{"for": {"8h"}, "day": {"2026-11-23"}}, time.Time{}, "That day is over. Choose today or a later one."},
		{"in two years", url.Values{"day": {"2028-11-23"}}, time.Time{}, "Choose a day within a year."},
		{"no day", url.Values{"day": {"tomorrow"}}, time.Time{}, "Enter a day as YYYY-MM-DD."},
	} {
		before := p.acknowledged(id)
		tt.typed.Set("note", "kept")
		got := lead.submit(alertPath(id, "acknowledge"), tt.typed)
		if tt.wrong == "" {
			if until := p.acknowledged(id).Until; got.status != http.StatusSeeOther || !until.Equal(tt.until) {
				t.Errorf("%s: %d, until %v, want %v", tt.name, got.status, until, tt.until)
			}
			continue
		}
		if got.status != http.StatusUnprocessableEntity || got.text("#day-error") != tt.wrong || p.acknowledged(id) != before {
			t.Errorf("%s: %d, %q, want 422, %q and no change", tt.name, got.status, got.text("#day-error"), tt.wrong)
		}
		term := got.doc.Find("[name=for][checked]").AttrOr("value", "")
		if got.text("#note") != "kept" || got.doc.Find("#day").AttrOr("value", "") != tt.typed.Get("day") || tt.typed.Has("for") && term != tt.typed.Get("for") {
			t.Errorf("%s: what was typed is lost: %s", tt.name, got.text("#form"))
		}
	}
	got := lead.submit(alertPath(id, "acknowledge"), url.Values{"note": {strings.Repeat("长", 501)}})
	if got.status != http.StatusUnprocessableEntity || got.text("#note-error") != "Shorten the note to 500 characters." {
		t.Errorf("a long note: %d, %q", got.status, got.text("#note-error"))
	}
}

func TestWhoMayAcknowledge(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name, person string
		kind         alert.Kind
		change       func(*portal)
		want         int
	}{
		{"a Maintainer", "lead", alert.Disconnected, nil, http.StatusSeeOther},
		{"a Developer", "dev", alert.Disconnected, nil, http.StatusForbidden},
		{"somebody else", "outsider", alert.Disconnected, nil, http.StatusNotFound},
		{"of the watch, a Maintainer of something", "lead", alert.WatchFailing, nil, http.StatusSeeOther},
		{"of the watch, a Developer", "dev", alert.WatchFailing, nil, http.StatusForbidden},
		{"of the watch, somebody else", "outsider", alert.WatchFailing, nil, http.StatusForbidden},
		{"where GraphQL is off", "lead", alert.Disconnected, func(p *portal) {
			p.gitlab.Configure(func(s *gitlabtest.Settings) { s.GraphQLOff = true })
		}, http.StatusSeeOther},
		{"of an archived project", "lead", alert.Disconnected, func(p *portal) {
			p.gitlab.ArchiveProject(p.project, true)
		}, http.StatusSeeOther},
		{"who was a Maintainer until now", "lead", alert.Disconnected, func(p *portal) {
			p.gitlab.AddMember(p.project, p.people["lead"], gitlabtest.Developer)
		}, http.StatusForbidden},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			p := newPortal(t)
			id := p.opens(p.about(tt.kind, p.prod))
			b := p.as(tt.person)
			b.alertsOf("") // while the rights are as they were
			if tt.change != nil {
				tt.change(p)
			}
			for _, end := range []string{"acknowledge", "withdraw"} {
				got := b.post(alertPath(id, end), url.Values{"for": {"1h"}})
				want := tt.want
				if want == http.StatusSeeOther && end == "acknowledge" {
					want = http.StatusUnprocessableEntity // to be sent once more, as it has no nonce
				}
				if got.status != want {
					t.Errorf("POST …/%s = %d, want %d: %s", end, got.status, want, got.text("main"))
				}
			}
			if got := b.get(alertPath(id, "acknowledge")).status; tt.want == http.StatusSeeOther && got != http.StatusOK || tt.want != http.StatusSeeOther && got != tt.want {
				t.Errorf("GET …/acknowledge = %d", got)
			}
			if tt.want != http.StatusSeeOther {
				return
			}
			if got := b.submit(alertPath(id, "acknowledge"), url.Values{"for": {"1h"}}); got.status != tt.want {
				t.Errorf("sending the form = %d, want %d: %s", got.status, tt.want, got.text("main"))
			}
		})
	}
}

func TestAPortalThatOnlyReadsLetsAlertsBeAcknowledged(t *testing.T) {
	t.Parallel()
	p := newPortal(t, func(s *setUp) { s.readOnly = true })
	id := p.opens(p.about(alert.TokenDue, p.prod))
	lead := p.as("lead")
	row := alertRow(lead.alertsOf(""), id)
	if row.Find("a[href$='/acknowledge']").Length() != 1 || row.Find("a[href$='/rotation']").Length() != 0 {
		t.Errorf("offered is %q, want to acknowledge and no rotation", folded(row.Find(".alert-act")))
	}
	if got := lead.submit(alertPath(id, "acknowledge"), url.Values{"for": {"1h"}}); got.status != http.StatusSeeOther {
		t.Errorf("acknowledging = %d: %s", got.status, got.text("main"))
	}
	for _, route := range handlers.Routes() {
		if route.Method != http.MethodPost || !route.SignedIn || strings.HasPrefix(route.Pattern, views.PatternAlerts) {
			continue
		}
		if got := lead.post(p.address(route.Pattern), nil); got.status != http.StatusForbidden || got.text("h1") != "This portal is read-only" {
			t.Errorf("POST %s = %d, %q, want 403", route.Pattern, got.status, got.text("h1"))
		}
	}
}

func TestAnAlertThatWasResolvedMeanwhileCannotBeAcknowledged(t *testing.T) {
	t.Parallel()
	p := newPortal(t)
	one := p.about(alert.Disconnected, p.prod)
	id := p.opens(one)
	p.opens(p.about(alert.TokenDue, p.prod))
	lead := p.as("lead")
	lead.alertsOf("")
	action, values := lead.form(alertPath(id, "acknowledge"))
	values.Set("for", "1h")
	p.ends(one)
	for name, got := range map[string]*answer{
		"the form": lead.post(action, values), "the form anew": lead.get(alertPath(id, "acknowledge")),
	} {
		if got.status != http.StatusGone || !strings.HasPrefix(got.text("#notice"), "This alert is no longer open") {
			t.Errorf("%s = %d, %q", name, got.status, got.text("#notice"))
		}
		if diff := cmp.Diff([]string{"Token due: prod"}, alertsShown(got)); diff != "" {
			t.Errorf("%s shows (-want +got):\n%s", name, diff)
		}
	}
	part := lead.htmx("form").post(action, values)
	if part.status != http.StatusGone || part.header.Get("HX-Retarget") != "#form" || part.text("#form h1") != "This alert is no longer open" {
		t.Errorf("in the dialog: %d into %q: %s", part.status, part.header.Get("HX-Retarget"), part.body)
	}
	if list := part.doc.Find("hx-partial").AttrOr("hx-target", ""); list != "#alerts" || len(alertsShown(part)) != 1 {
		t.Errorf("the list behind the dialog is replaced at %q by %v", list, alertsShown(part))
	}
	rows := must(p.auditLog.Page(t.Context(), audit.Filter{Projects: []int64{p.project}}, 0, 10))(t)
	if len(rows) != 1 || rows[0].Outcome != activity.Refused || rows[0].Times != 2 {
		t.Errorf("the audit has %+v, want one refusal that came twice", rows)
	}
}

func TestAnAlertIsOpenedAgainWhereTheFormWasOpenForTooLong(t *testing.T) {
	t.Parallel()
	p := newPortal(t)
	id := p.opens(p.about(alert.Disconnected, p.prod))
	lead := p.as("lead")
	action, values := lead.form(alertPath(id, "acknowledge"))
	values.Set("note", "typed")
	values.Set("nonce", "of another session")
	got := lead.htmx("form").post(action, values)
	if got.status != http.StatusUnprocessableEntity || got.text("#note") != "typed" || got.doc.Find("#form-notice .notice").Length() != 1 {
		t.Errorf("a form whose proof has ended = %d: %s", got.status, got.body)
	}
}

func TestAnAcknowledgementThatHasEndedIsSaidToHave(t *testing.T) {
	t.Parallel()
	p := newPortal(t)
	id := p.opens(p.about(alert.Disconnected, p.prod))
	lead := p.as("lead")
	lead.submit(alertPath(id, "acknowledge"), url.Values{"for": {"1h"}})
	p.clock.Advance(time.Hour)
	page := lead.alertsOf("")
	if got := folded(alertRow(page, id).Find(".alert-care .badge")); got != "No longer acknowledged" || page.text(".nav-count [aria-hidden]") != "1" {
		t.Errorf("an hour later it says %q and counts %q", got, page.text(".nav-count"))
	}
	if alertRow(page, id).Find("a[href$='/acknowledge']").Length() != 1 {
		t.Error("it cannot be acknowledged again")
	}
}
