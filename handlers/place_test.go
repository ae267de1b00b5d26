package handlers_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"gitlab-agent-portal/gitlabapi/gitlabtest"
)

// twin is an agent in another project, with the name of prod.
func (p *portal) twin() int64 {
	project := p.gitlab.AddProject(gitlabtest.Project{Path: "twin", Group: p.gitlab.AddGroup(gitlabtest.Group{Path: "other"})})
	p.gitlab.AddMember(project, p.people["lead"], gitlabtest.Maintainer)
	return p.gitlab.AddAgent(gitlabtest.Agent{Project: project, Name: "prod"})
}

// inLanguages runs check in both languages.
func inLanguages(t *testing.T, b *browser, check func(t *testing.T, b *browser, lang string)) {
	t.Helper()
	for _, lang := range []string{"en", "zh-CN"} {
		header := b.header.Clone()
		header.Set("Accept-Language", lang)
		check(t, &browser{p: b.p, client: b.client, header: header}, lang)
	}
}

// names are what the form of the Connect tab holds.
func (a *answer) names() [3]string {
	value := func(id string) string { return a.doc.Find(".place input#"+id).AttrOr("value", "") }
	return [3]string{value("namespace"), value("release"), value("secret_name")}
}

func TestThePlaceOfAnAgentIsAChoiceInTheAddress(t *testing.T) {
	t.Parallel()
	p := newPortal(t)
	lead := p.as("lead")
	tab := p.agentPath(p.prod) + "?tab=connect"
	plain := lead.get(tab)
	if got, want := plain.names(), [3]string{"gitlab-agent-prod", "prod", "gitlab-agent-token"}; got != want {
		t.Errorf("proposed is %q, want %q", got, want)
	}
	if form := plain.doc.Find("form.place"); form.AttrOr("method", "") != "get" || form.AttrOr("action", "") != p.agentPath(p.prod) || form.Find("input[name=tab][value=connect]").Length() != 1 {
		t.Errorf("the form leads elsewhere: %v", form.Nodes)
	}
	chosen := lead.get(tab + "&namespace=agents&release=pay.prod&secret_name=pay-token")
	if got, want := chosen.names(), [3]string{"agents", "pay.prod", "pay-token"}; got != want || chosen.status != http.StatusOK {
		t.Errorf("%d: chosen is %q, want %q", chosen.status, got, want)
	}
	for id, parts := range map[string][]string{
		"helm-secret": {"--namespace agents", "secret generic pay-token"}, "helm-helm": {"--install pay.prod", "--namespace agents", "config.secretName=pay-token"},
		"kubectl-restart": {"--namespace agents"}, "flux-flux": {"namespace: agents", "name: pay.prod", "secretName: pay-token"},
		"terraform-terraform": {`= "agents"`, `= "pay.prod"`, `secretName = "pay-token"`}, "values-values": {"secretName: pay-token"},
		"glab-glab": {"namespace agents", "release-name pay.prod", "secret-name pay-token"},
	} {
		for _, part := range parts {
			if code := commands(chosen)[id]; !strings.Contains(code, part) {
				t.Errorf("%s has no %s:\n%s", id, part, code)
			}
		}
	}
	partly := lead.get(tab + "&namespace=agents&release=")
	if got, want := partly.names(), [3]string{"agents", "prod", "gitlab-agent-token"}; got != want {
		t.Errorf("with a namespace only: %q, want %q", got, want)
	}
}

func TestAPlaceThatCanBeNoneIsSaidBesideItsField(t *testing.T) {
	t.Parallel()
	p := newPortal(t)
	long := strings.Repeat("a", 54)
	query := url.Values{"tab": {"connect"}, "namespace": {"My Agents"}, "release": {long}, "secret_name": {"fine"}}.Encode()
	inLanguages(t, p.as("lead"), func(t *testing.T, b *browser, lang string) {
		t.Helper()
		page := b.get(p.agentPath(p.prod) + "?" + query)
		if page.status != http.StatusUnprocessableEntity || len(commands(page)) != 0 {
			t.Errorf("%s: %d with %d commands, want 422 and none", lang, page.status, len(commands(page)))
		}
		if got, want := page.names(), [3]string{"My Agents", long, "fine"}; got != want {
			t.Errorf("%s: typed was %q, the form holds %q", lang, want, got)
		}
		characters := map[string]string{"en": "Use lowercase letters", "zh-CN": "只能使用小写字母"}[lang]
		length := map[string]string{"en": "at most 53", "zh-CN": "最多 53"}[lang]
		if !strings.Contains(page.text("#namespace-error"), characters) || !strings.Contains(page.text("#release-error"), length) || page.text("#secret_name-error") != "" {
			t.Errorf("%s: beside the fields stands %q", lang, page.text(".place .field-error"))
		}
		if page.doc.Find("#namespace[aria-invalid=true][aria-describedby~=namespace-error]").Length() != 1 || page.doc.Find(".facts").Length() != 1 {
			t.Errorf("%s: the field is not marked, or the rest of the page is missing", lang)
		}
	})
}

func TestAnAgentThatWouldShareItsPlaceGetsAnother(t *testing.T) {
	t.Parallel()
	p := newPortal(t)
	p.twin()
	tab := p.agentPath(p.prod) + "?tab=connect"
	lead := p.as("lead")
	inLanguages(t, lead, func(t *testing.T, b *browser, lang string) {
		t.Helper()
		page := b.get(tab)
		want := map[string]string{"en": "is not known, because not all of your agents were read", "zh-CN": "最近几分钟内没有读取您的全部代理"}[lang]
		if page.names()[0] != "gitlab-agent-prod" || !strings.Contains(page.text(".place"), want) {
			t.Errorf("%s: before the fleet was read, %q: %q", lang, page.names(), page.text(".place"))
		}
	})
	lead.get("/?wait=1")
	p.gitlab.ResetCounters()
	inLanguages(t, lead, func(t *testing.T, b *browser, lang string) {
		t.Helper()
		page := b.get(tab)
		names := page.names()
		if !strings.HasPrefix(names[0], "gitlab-agent-prod-") || !strings.HasPrefix(names[1], "prod-") || names[2] != "gitlab-agent-token" {
			t.Errorf("%s: proposed is %q", lang, names)
		}
		want := map[string]string{"en": "Another of your agents has the same name", "zh-CN": "您的另一个代理与它同名"}[lang]
		if got := page.text(".place .notice"); !strings.Contains(got, want) || !strings.Contains(got, "gitlab-agent-prod") {
			t.Errorf("%s: the reason reads %q", lang, got)
		}
		if strings.Contains(page.text(".place"), "not known") {
			t.Errorf("%s: what is known is said to be unknown", lang)
		}
		usual := b.get(page.doc.Find(".place .notice a").AttrOr("href", ""))
		if usual.names()[0] != "gitlab-agent-prod" || usual.doc.Find(".place .notice").Length() != 0 {
			t.Errorf("%s: GitLab's own names are %q: %q", lang, usual.names(), usual.text(".place"))
		}
		if idle := b.get(p.agentPath(p.idle) + "?tab=connect"); idle.names()[0] != "gitlab-agent-idle" || idle.doc.Find(".place .notice").Length() != 0 {
			t.Errorf("%s: an agent with a name of its own: %q", lang, idle.names())
		}
	})
	if p.gitlab.Calls(gitlabtest.OpListProjects) != 0 {
		t.Error("the page starts to read the fleet")
	}
}

func TestALongNameGetsAPlaceOfItsOwn(t *testing.T) {
	t.Parallel()
	p := newPortal(t)
	id := p.gitlab.AddAgent(gitlabtest.Agent{Project: p.project, Name: strings.Repeat("a", 51)})
	inLanguages(t, p.as("lead"), func(t *testing.T, b *browser, lang string) {
		t.Helper()
		page := b.get(p.agentPath(id) + "?tab=connect")
		want := map[string]string{"en": "name is too long", "zh-CN": "代理名称过长"}[lang]
		if names := page.names(); len(names[0]) > 63 || !strings.HasPrefix(names[0], "gitlab-agent-aaa") || strings.HasSuffix(names[0], "a-") || !strings.Contains(page.text(".place .notice"), want) {
			t.Errorf("%s: proposed is %q: %q", lang, names, page.text(".place"))
		}
	})
}

// The fleet that the person's own change outdates still tells which names are taken: the commands
// after it must not differ from those before it.
func TestTheProposalOutlivesTheChangeThatItIsFor(t *testing.T) {
	t.Parallel()
	p := newPortal(t)
	p.twin()
	lead := p.as("lead")
	lead.get("/?wait=1")
	want := lead.get(p.agentPath(p.prod) + "?tab=connect").names()[0]
	got := lead.submit(p.agentPath(p.prod)+"/tokens/new?from=rotation", url.Values{"name": {"second"}})
	if code := commands(got)["kubectl-secret"]; !strings.Contains(code, "--namespace "+want+" ") {
		t.Errorf("the new token is put elsewhere than %s:\n%s", want, code)
	}
	if on := hiddenFields(got.doc.Find("#stored-form")); on.Get("namespace") != want {
		t.Errorf("the next page learns of %q, want %s", on.Get("namespace"), want)
	}
	done := lead.submit(p.agentPath(p.prod)+"/delete", url.Values{"confirm": {"prod"}})
	if code := commands(done)["namespace"]; !strings.Contains(code, want) {
		t.Errorf("another namespace than %s is deleted: %s", want, code)
	}
}

const chosenPlace = "namespace=agents&release=pay-prod&secret_name=pay-token"

func TestTheChoiceGoesWithThePersonFromPageToPage(t *testing.T) {
	t.Parallel()
	p := newPortal(t)
	p.gitlab.AddToken(gitlabtest.Token{Agent: p.prod, Name: "new", CreatedBy: p.people["lead"]})
	lead := p.as("lead")
	for name, path := range map[string]string{
		"the tokens": p.agentPath(p.prod) + "?" + chosenPlace, "the Connect tab": p.agentPath(p.prod) + "?tab=connect&" + chosenPlace,
		"the rotation": p.agentPath(p.prod) + "/rotation?" + chosenPlace, "the form of a token": p.agentPath(p.prod) + "/tokens/new?" + chosenPlace,
		"the other agent's tokens": p.agentPath(p.idle) + "?" + chosenPlace,
	} {
		links := 0
		page := lead.get(path)
		for _, link := range page.doc.Find("main a[href*='/agents/']").EachIter() {
			address := link.AttrOr("href", "")
			if strings.HasSuffix(address, p.agentPath(p.prod)) || link.Closest(".crumbs").Length() > 0 {
				continue
			}
			if links++; !strings.HasSuffix(address, chosenPlace) {
				t.Errorf("on the page of %s a link forgets the place: %s", name, address)
			}
		}
		if links == 0 {
			t.Errorf("on the page of %s no link was tried", name)
		}
	}
}

func TestTheChoiceReachesTheCommandsOfEveryForm(t *testing.T) {
	t.Parallel()
	p := newPortal(t)
	lead := p.as("lead")
	created := lead.submit(p.agentPath(p.idle)+"/tokens/new?from=rotation&"+chosenPlace, url.Values{"name": {"first"}})
	code := commands(created)["kubectl-secret"]
	if !strings.Contains(code, "--namespace agents ") || !strings.Contains(code, "secret generic pay-token ") {
		t.Errorf("the new token is put elsewhere:\n%s", code)
	}
	if created.doc.Find("form.place").Length() != 0 || !strings.Contains(created.text(".place-note"), "agents") {
		t.Errorf("beside a token, which leaving loses: %q", created.text(".place-note"))
	}
	form := created.doc.Find("#stored-form")
	stored := lead.post(form.AttrOr("action", ""), hiddenFields(form))
	if want := p.agentPath(p.idle) + "/rotation?" + chosenPlace; stored.header.Get("Location") != want {
		t.Errorf("it leads on to %s, want %s", stored.header.Get("Location"), want)
	}
	wrong := lead.submit(p.agentPath(p.idle)+"/delete?"+chosenPlace, url.Values{"confirm": {"wrong"}})
	if hidden := hiddenFields(wrong.doc.Find("#form form")); hidden.Get("namespace") != "agents" {
		t.Errorf("the form that is shown again has forgotten the place: %v", hidden)
	}
	deleted := lead.submit(p.agentPath(p.idle)+"/delete?"+chosenPlace, url.Values{"confirm": {"idle"}})
	want := map[string]string{
		"inspect":   "helm list --namespace agents\nkubectl get all --namespace agents",
		"uninstall": "helm uninstall pay-prod --namespace agents\nkubectl delete secret pay-token --namespace agents",
		"namespace": "kubectl delete namespace agents",
	}
	for id, code := range want {
		if got := commands(deleted)[id]; got != code {
			t.Errorf("%s reads\n%s\nwant\n%s", id, got, code)
		}
	}
	if text := deleted.text(".steps li:last-child"); !strings.Contains(text, "only if the first step listed nothing but this agent") {
		t.Errorf("of deleting the namespace is said %q", text)
	}
}

func TestAPlaceThatCanBeNoneIsNoChoiceElsewhere(t *testing.T) {
	t.Parallel()
	p := newPortal(t)
	const query = "?namespace=My+Agents&release=-x&secret_name=a+b"
	lead := p.as("lead")
	created := lead.submit(p.agentPath(p.idle)+"/tokens/new"+query, url.Values{"name": {"first"}})
	if code := commands(created)["kubectl-secret"]; !strings.Contains(code, "--namespace gitlab-agent-idle ") || !strings.Contains(code, "generic gitlab-agent-token ") {
		t.Errorf("the token is put into\n%s", code)
	}
	deleted := lead.submit(p.agentPath(p.idle)+"/delete"+query, url.Values{"confirm": {"idle"}})
	if code := commands(deleted)["uninstall"]; code != "helm uninstall idle --namespace gitlab-agent-idle\nkubectl delete secret gitlab-agent-token --namespace gitlab-agent-idle" {
		t.Errorf("uninstalled is\n%s", code)
	}
}
