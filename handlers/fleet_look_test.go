package handlers_test

import (
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"gitlab-agent-portal/gitlabapi/gitlabtest"
)

// looks asks as a list does that looks by itself, and shows what has the tag.
func (b *browser) looks(path, tag string) *answer {
	asking := b.htmx("fleet")
	asking.header.Set("HX-PTag", tag)
	return asking.get(path)
}

// looking is what the list on a page looks with.
func looking(page *answer) (path, tag string) {
	element := page.doc.Find("#fleet-look[hx-trigger=look][hx-target='#fleet']")
	return element.AttrOr("hx-get", ""), element.AttrOr("hx-ptag", "")
}

func TestAListLooksForNewsAndIsToldOnlyThese(t *testing.T) {
	t.Parallel()
	p := newPortal(t)
	lead := p.as("lead")
	p.gitlab.TouchToken(p.prodToken, p.clock.Now())
	path, tag := looking(lead.whole("q=prod"))
	if path != "/?q=prod" || tag == "" {
		t.Fatalf("the list looks at %q with the tag %q", path, tag)
	}
	p.clock.Advance(40 * time.Second)
	p.gitlab.TouchToken(p.prodToken, p.clock.Now())
	before := p.gitlab.Calls(gitlabtest.OpListProjects)
	if same := lead.looks(path, tag); same.status != http.StatusNotModified || same.body != "" || p.gitlab.Calls(gitlabtest.OpListProjects) == before {
		t.Errorf("with nothing new the look = %d, want 304 after a new reading: %s", same.status, same.body)
	}
	p.clock.Advance(9 * time.Minute)
	news := lead.looks(path, tag)
	if news.status != http.StatusOK || !strings.Contains(news.text("table.fleet tbody"), "Down 9 min") || !strings.Contains(news.body, "<title>(1) Fleet") {
		t.Errorf("after the agent went down the look = %d: %s", news.status, news.body)
	}
	if _, next := looking(news); next == tag || next != news.header.Get("HX-PTag") || lead.looks(path, next).status != http.StatusNotModified {
		t.Errorf("the news has the tag %q, after %q", next, tag)
	}
	p.gitlab.Inject(gitlabtest.OpListProjects, gitlabtest.BadGateway())
	p.clock.Advance(time.Minute)
	if failed := lead.looks(path, tag); failed.status < 500 || failed.header.Get("HX-Retarget") != "#live-notice" {
		t.Errorf("a look that fails = %d, into %q", failed.status, failed.header.Get("HX-Retarget"))
	}
	if ended := newPortal(t).visitor().looks(path, tag); ended.status != http.StatusUnauthorized || ended.header.Get("HX-Redirect") != "" {
		t.Errorf("a look without a session = %d, leads to %q", ended.status, ended.header.Get("HX-Redirect"))
	}
}

func TestAListThatIsBeingReadDoesNotLook(t *testing.T) {
	t.Parallel()
	p := newPortal(t)
	lead := p.as("lead")
	lead.whole("")
	gate := gitlabtest.NewGate()
	t.Cleanup(gate.Open)
	p.gitlab.Inject(gitlabtest.OpListProjects, gitlabtest.Hold(gate))
	lead.get("/?refresh=1")
	if path, _ := looking(lead.get("/")); path != "" {
		t.Errorf("it looks at %q", path)
	}
}

// TestAfterAChangeTheListStaysWithWhatChanged makes the list of projects fail: what is shown must come from
// what was read before, and from the one project that was changed.
func TestAfterAChangeTheListStaysWithWhatChanged(t *testing.T) {
	t.Parallel()
	p := newPortal(t)
	p.addFleet(3)
	lead := p.as("lead")
	lead.whole("")
	p.gitlab.Inject(gitlabtest.OpListProjects, gitlabtest.BadGateway())
	lead.submit(p.address("/projects/{project}/agents/new"), url.Values{"name": {"brand-new"}, "first_token": {""}})
	page := lead.get("/")
	if shown := agentsShown(page); len(shown) != 9 || !slices.Contains(shown, "brand-new") || page.doc.Find("#fleet progress").Length() != 0 {
		t.Errorf("after registering an agent the page shows %v: %s", shown, page.text("#fleet"))
	}
	lead.submit(p.agentPath(p.idle)+"/delete", url.Values{"confirm": {"idle"}})
	if shown := agentsShown(lead.get("/")); len(shown) != 8 || slices.Contains(shown, "idle") {
		t.Errorf("after deleting another it shows %v", shown)
	}
}

// TestWhatCannotBeReadAfterAChangeIsNotShownAsItWas fails for the changed project alone.
func TestWhatCannotBeReadAfterAChangeIsNotShownAsItWas(t *testing.T) {
	t.Parallel()
	p := newPortal(t)
	lead := p.as("lead")
	lead.whole("")
	lead.submit(p.agentPath(p.idle)+"/delete", url.Values{"confirm": {"idle"}})
	p.gitlab.Inject(gitlabtest.OpGraphQL, gitlabtest.BadGateway())
	p.gitlab.Inject(gitlabtest.OpListAgents, gitlabtest.BadGateway())
	if shown := agentsShown(lead.get("/")); slices.Contains(shown, "idle") {
		t.Errorf("the page shows %v", shown)
	}
}
