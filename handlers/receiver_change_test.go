package handlers_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"math/big"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"gitlab-agent-portal/gitlabapi/gitlabtest"
)

// keyPair is a certificate and its key as people paste them.
func keyPair(t *testing.T) (cert, key string) {
	t.Helper()
	private := must(ecdsa.GenerateKey(elliptic.P256(), rand.Reader))(t)
	der := must(x509.CreateCertificate(rand.Reader, &x509.Certificate{SerialNumber: big.NewInt(1)}, &x509.Certificate{}, &private.PublicKey, private))(t)
	secret := must(x509.MarshalPKCS8PrivateKey(private))(t)
	return string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})), string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: secret}))
}

func (p *portal) receiverPath() string { return p.agentPath(p.prod) + "/receiver" }

// receptive switches receptive agents on.
func (p *portal) receptive() {
	p.gitlab.Configure(func(s *gitlabtest.Settings) { s.ReceptiveAgents = true })
}

func TestAnAgentIsGivenAnAddressAndLosesIt(t *testing.T) {
	t.Parallel()
	p := newPortal(t)
	p.receptive()
	lead := p.as("lead")
	tab := lead.get(p.agentPath(p.prod) + "?tab=connect&" + chosenPlace)
	open := tab.doc.Find("a[href*='/receiver']")
	if open.Length() != 1 || !strings.Contains(open.AttrOr("href", ""), "namespace=agents") {
		t.Fatalf("the tab leads to %v", open.Nodes)
	}
	done := lead.submit(open.AttrOr("href", ""), url.Values{"url": {" grpcs://agents.example.com:8082 "}, "tls_host": {"kas.example.com"}})
	if at := done.header.Get("Location"); at != p.agentPath(p.prod)+"?tab=connect&"+chosenPlace {
		t.Fatalf("%d, and on to %q: %s", done.status, at, done.text("main"))
	}
	page := lead.get(done.header.Get("Location"))
	for selector, want := range map[string]string{
		".address": "kas.example.com", "#receiver": "grpcs://agents.example.com:8082", "#notice": "GitLab now connects to prod",
	} {
		if got := page.text(selector); !strings.Contains(got, want) {
			t.Errorf("%s reads %q, want %q in it", selector, got, want)
		}
	}
	again := lead.get(p.receiverPath())
	if again.doc.Find("#form form").Length() != 0 || !strings.Contains(again.text("#form"), "is receptive already") || !strings.Contains(again.text("#form"), "agents.example.com") {
		t.Errorf("the form of an agent that has an address: %s", again.text("#form"))
	}
	remove := page.doc.Find("a[href*='/receiver/delete']").AttrOr("href", "")
	wrong := lead.submit(remove, url.Values{"confirm": {"pro"}})
	if wrong.status != http.StatusUnprocessableEntity || !strings.Contains(wrong.text("#form"), "agents.example.com") || p.gitlab.Calls(gitlabtest.OpDeleteURLConfiguration) != 0 {
		t.Errorf("without the name: %d: %s", wrong.status, wrong.text("#form"))
	}
	gone := lead.submit(remove, url.Values{"confirm": {"prod"}})
	after := lead.get(gone.header.Get("Location"))
	if !strings.Contains(after.text("#notice"), "no longer connects to prod") || after.doc.Find("#receiver").Length() != 0 {
		t.Errorf("%d: afterwards the page says %q", gone.status, after.text("main"))
	}
	want := []string{"receiver_create ok", "receiver_delete refused", "receiver_delete ok"}
	if got := p.acts(); !slices.Equal(got, want) {
		t.Errorf("the audit has %v, want %v", got, want)
	}
	if got := lead.get("/activity?project=shop/payments").text("table"); !strings.Contains(got, "Gave agent an address") || !strings.Contains(got, "Forget agent’s address") {
		t.Errorf("the activity says %q", got)
	}
}

// acts are the rows of the audit without those of signing in.
func (p *portal) acts() []string {
	var acts []string
	for _, row := range p.audit() {
		if row.Action != "sign_in" {
			acts = append(acts, string(row.Action)+" "+string(row.Outcome))
		}
	}
	return acts
}

func TestWhatIsWrongWithAnAddressIsSaidBesideItsField(t *testing.T) {
	t.Parallel()
	cert, key := keyPair(t)
	_, other := keyPair(t)
	const good = "grpcs://agents.example.com"
	for name, tc := range map[string]struct {
		form   url.Values
		field  string
		en, zh string
	}{
		"nothing":               {url.Values{}, "url", "Enter the address", "请输入代理的地址"},
		"another scheme":        {url.Values{"url": {"https://a.example"}}, "url", "Enter grpc:// or grpcs://", "请输入 grpc://"},
		"no host":               {url.Values{"url": {"grpc://"}}, "url", "Enter grpc:// or grpcs://", "请输入 grpc://"},
		"a password":            {url.Values{"url": {"grpc://a:b@a.example"}}, "url", "Enter grpc:// or grpcs://", "请输入 grpc://"},
		"a path":                {url.Values{"url": {"grpc://a.example/x"}}, "url", "Enter grpc:// or grpcs://", "请输入 grpc://"},
		"a long one":            {url.Values{"url": {"grpc://" + strings.Repeat("a", 2050)}}, "url", "Enter grpc:// or grpcs://", "请输入 grpc://"},
		"a name that is none":   {url.Values{"url": {good}, "tls_host": {"a b"}}, "tls_host", "Enter the name of a host", "请输入主机名"},
		"no authority":          {url.Values{"url": {good}, "ca_cert": {"x"}}, "ca_cert", "This is no certificate", "这不是 PEM 格式的证书"},
		"a key for one":         {url.Values{"url": {good}, "ca_cert": {key}}, "ca_cert", "This is no certificate", "这不是 PEM 格式的证书"},
		"no key":                {url.Values{"url": {good}, "client_cert": {cert}}, "client_key", "Enter the key of the certificate", "请输入证书的私钥"},
		"no certificate":        {url.Values{"url": {good}, "client_key": {key}}, "client_cert", "Enter the certificate that", "请输入该私钥对应的证书"},
		"another one's key":     {url.Values{"url": {good}, "client_cert": {cert}, "client_key": {other}}, "client_key", "not the key of the certificate", "与证书不匹配"},
		"a key beside an error": {url.Values{"url": {""}, "client_cert": {cert}, "client_key": {key}}, "client_key", "Enter the key again", "请重新输入私钥"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := newPortal(t)
			p.receptive()
			inLanguages(t, p.as("lead"), func(t *testing.T, b *browser, lang string) {
				t.Helper()
				page := b.submit(p.receiverPath(), tc.form)
				want := map[string]string{"en": tc.en, "zh-CN": tc.zh}[lang]
				if got := page.text("#" + tc.field + "-error"); page.status != http.StatusUnprocessableEntity || !strings.Contains(got, want) {
					t.Errorf("%s: %d: %q, want %q", lang, page.status, got, want)
				}
				for field := range tc.form {
					kept := page.doc.Find("#"+field).AttrOr("value", "") + strings.TrimSpace(page.doc.Find("textarea#"+field).Text())
					if want := strings.TrimSpace(tc.form.Get(field)); field != "client_key" && kept != want && !strings.Contains(want, "PRIVATE") {
						t.Errorf("%s: of %s is kept %q, want %q", lang, field, kept, want)
					}
				}
				if p.gitlab.Calls(gitlabtest.OpCreateURLConfiguration) != 0 {
					t.Errorf("%s: GitLab was asked", lang)
				}
				holdsNoKey(t, p, page)
			})
		})
	}
}

// holdsNoKey checks that a private key is on no page and in no line of the log.
func holdsNoKey(t *testing.T, p *portal, page *answer) {
	t.Helper()
	for where, text := range map[string]string{"the page": page.body, "the log": p.logs.String()} {
		if strings.Contains(text, "PRIVATE KEY") {
			t.Errorf("a private key is in %s", where)
		}
	}
}

func TestACertificateGoesToGitLabAndItsKeyNowhereElse(t *testing.T) {
	t.Parallel()
	p := newPortal(t)
	p.receptive()
	cert, key := keyPair(t)
	lead := p.as("lead")
	form := url.Values{"url": {"grpcs://agents.example.com"}, "client_cert": {cert}, "client_key": {strings.ReplaceAll(key, "\n", "\r\n")}, "ca_cert": {cert}}
	p.gitlab.Inject(gitlabtest.OpCreateURLConfiguration, gitlabtest.Status(http.StatusBadRequest).Times(1))
	refused := lead.submit(p.receiverPath(), form)
	if refused.status != http.StatusUnprocessableEntity || refused.doc.Find("#form-notice .notice").Length() != 1 || !strings.Contains(refused.text("#client_key-error"), "again") {
		t.Errorf("refused: %d: %s", refused.status, refused.text("#form"))
	}
	holdsNoKey(t, p, refused)
	done := lead.submit(p.receiverPath(), form)
	page := lead.get(done.header.Get("Location"))
	if !strings.Contains(page.text("#agent-tab"), "shows it a client certificate") || !strings.Contains(page.text(".address"), "authority") {
		t.Errorf("%d: the page says %q", done.status, page.text("#agent-tab"))
	}
	holdsNoKey(t, p, page)
}

func TestAnAddressIsOnlyForThoseWhoMayAndWhereGitLabHasThem(t *testing.T) {
	t.Parallel()
	on := func(p *portal) { p.receptive() }
	for name, tc := range map[string]struct {
		person   string
		readOnly bool
		change   func(*portal)
		status   int
		want     string
	}{
		"a Developer":              {"dev", false, on, http.StatusForbidden, "Maintainer"},
		"an outsider":              {"outsider", false, on, http.StatusNotFound, ""},
		"a portal that only reads": {"lead", true, on, http.StatusForbidden, ""},
		"an archived project":      {"lead", false, func(p *portal) { on(p); p.gitlab.ArchiveProject(p.project, true) }, http.StatusForbidden, "archived"},
		"the switch off":           {"lead", false, func(*portal) {}, http.StatusOK, "has no receptive agents"},
		"the Community Edition":    {"lead", false, func(p *portal) { p.gitlab.Configure(func(s *gitlabtest.Settings) { s.CommunityEdition = true }) }, http.StatusOK, "has no receptive agents"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := newPortal(t, func(s *setUp) { s.readOnly = tc.readOnly })
			tc.change(p)
			b := p.as(tc.person)
			got := b.get(p.receiverPath())
			if got.status != tc.status || !strings.Contains(got.text("main"), tc.want) || got.doc.Find("#form form").Length() != 0 {
				t.Errorf("the form is %d: %s", got.status, got.text("main"))
			}
			if tab := b.get(p.agentPath(p.prod) + "?tab=connect"); tc.status != http.StatusOK && tab.doc.Find("a[href*='/receiver']").Length() != 0 {
				t.Error("the tab leads to what they may not do")
			}
			b.post(p.receiverPath(), url.Values{"url": {"grpc://a.example"}})
			if n := p.gitlab.Calls(gitlabtest.OpCreateURLConfiguration); n != 0 {
				t.Errorf("GitLab was asked %d times", n)
			}
		})
	}
	p := newPortal(t)
	if got := p.as("lead").get(p.receiverPath() + "/delete"); got.status != http.StatusOK || got.doc.Find("#form form").Length() != 0 {
		t.Errorf("an address that is not there is forgotten: %d", got.status)
	}
}

func TestAnAddressIsCreatedOnceWhateverHappens(t *testing.T) {
	t.Parallel()
	const address = "grpcs://agents.example.com"
	for name, tc := range map[string]struct {
		fault   gitlabtest.Fault
		status  int
		created bool
		want    []string
	}{
		"the answer is lost":  {gitlabtest.Cut().AfterCommit(), http.StatusSeeOther, true, []string{"receiver_create unknown", "reconciled ok"}},
		"the request is lost": {gitlabtest.Cut(), http.StatusBadGateway, false, []string{"receiver_create unknown", "reconciled failed"}},
		"GitLab forbids it":   {gitlabtest.Status(http.StatusForbidden), http.StatusForbidden, false, []string{"receiver_create refused"}},
		"it is switched off":  {gitlabtest.Status(http.StatusNotFound), http.StatusUnprocessableEntity, false, []string{"receiver_create refused"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := newPortal(t)
			p.receptive()
			lead := p.as("lead")
			p.gitlab.Inject(gitlabtest.OpCreateURLConfiguration, tc.fault)
			got := lead.submit(p.receiverPath(), url.Values{"url": {address}})
			if got.status != tc.status || p.gitlab.Calls(gitlabtest.OpCreateURLConfiguration) != 1 {
				t.Errorf("%d after %d calls, want %d after one: %s", got.status, p.gitlab.Calls(gitlabtest.OpCreateURLConfiguration), tc.status, got.text("main"))
			}
			if acts := p.acts(); !slices.Equal(acts, tc.want) {
				t.Errorf("the audit has %v, want %v", acts, tc.want)
			}
			p.gitlab.ClearFaults(gitlabtest.OpCreateURLConfiguration)
			if has := lead.get(p.agentPath(p.prod)+"?tab=connect").text("#receiver") == address; has != tc.created {
				t.Errorf("there is an address: %v", has)
			}
		})
	}
}

func TestAFormForAnAddressWorksOnce(t *testing.T) {
	t.Parallel()
	p := newPortal(t)
	p.receptive()
	lead := p.as("lead")
	action, form := lead.form(p.receiverPath())
	form.Set("url", "grpc://a.example")
	lead.post(action, form)
	again := lead.post(action, form)
	if again.status != http.StatusSeeOther || p.gitlab.Calls(gitlabtest.OpCreateURLConfiguration) != 1 {
		t.Errorf("once more: %d after %d calls", again.status, p.gitlab.Calls(gitlabtest.OpCreateURLConfiguration))
	}
	if got := p.acts(); !slices.Equal(got, []string{"receiver_create ok", "receiver_create refused"}) {
		t.Errorf("the audit has %v", got)
	}
}

func TestForgettingAnAddressWhoseAnswerIsLostIsLookedInto(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		fault  gitlabtest.Fault
		status int
		want   string
	}{
		"done":     {gitlabtest.Cut().AfterCommit(), http.StatusSeeOther, "reconciled ok"},
		"not done": {gitlabtest.Cut(), http.StatusBadGateway, "reconciled failed"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := newPortal(t)
			id := p.receiver(&gitlabtest.URLConfiguration{URL: "grpcs://agents.example.com", PublicKey: receiverKey})
			p.gitlab.Inject(gitlabtest.OpDeleteURLConfiguration, tc.fault)
			got := p.as("lead").submit(p.agentPath(id)+"/receiver/delete", url.Values{"confirm": {"inbound"}})
			if acts := p.acts(); got.status != tc.status || !slices.Equal(acts, []string{"receiver_delete unknown", tc.want}) {
				t.Errorf("%d with %v in the audit: %s", got.status, acts, got.text("main"))
			}
		})
	}
}

func TestAnAddressThatNobodyLookedAtIsNotForgotten(t *testing.T) {
	t.Parallel()
	p := newPortal(t)
	p.receptive()
	lead := p.as("lead")
	give := func(address string) {
		if got := lead.submit(p.receiverPath(), url.Values{"url": {address}}); got.status != http.StatusSeeOther {
			t.Fatalf("giving it %s = %d: %s", address, got.status, got.text("#form"))
		}
	}
	give("grpcs://old.example.com")
	remove := p.receiverPath() + "/delete"
	action, form := lead.form(remove)
	form.Set("confirm", "prod")
	lead.submit(remove, url.Values{"confirm": {"prod"}}) // and a colleague gives it another one
	give("grpcs://new.example.com")
	p.gitlab.ResetCounters()
	got := lead.post(action, form)
	if got.status != http.StatusUnprocessableEntity || !strings.Contains(got.text("#form"), "another address by now") || !strings.Contains(got.text("#receiver"), "new.example.com") {
		t.Errorf("%d: %s", got.status, got.text("#form"))
	}
	if n := p.gitlab.Calls(gitlabtest.OpDeleteURLConfiguration); n != 0 {
		t.Errorf("%d addresses were forgotten, want none", n)
	}
	action, form = got.doc.Find("#form form").AttrOr("action", ""), hiddenFields(got.doc.Find("#form form"))
	form.Set("confirm", "prod")
	if got := lead.post(action, form); got.status != http.StatusSeeOther {
		t.Errorf("the form as it was shown then = %d, want it done", got.status)
	}
}

// The pages that a create of a token may end with go on knowing where the agent is installed.
func TestThePagesOfACreateThatWentWrongKeepThePlace(t *testing.T) {
	t.Parallel()
	p := newPortal(t)
	lead := p.as("lead")
	form := p.agentPath(p.idle) + "/tokens/new?from=rotation&" + chosenPlace
	p.gitlab.Inject(gitlabtest.OpCreateToken, gitlabtest.Cut().AfterCommit().Times(1))
	unknown := lead.submit(form, url.Values{"name": {"first"}})
	action, sent := lead.form(form)
	sent.Set("name", "second")
	lead.post(action, sent)
	used := lead.post(action, sent)
	for name, page := range map[string]*answer{"unknown": unknown, "used": used} {
		links := page.doc.Find("#form a")
		if links.Length() < 2 {
			t.Errorf("%s: %d: %s", name, page.status, page.text("main"))
		}
		for _, link := range links.EachIter() {
			if address := link.AttrOr("href", ""); !strings.HasSuffix(address, chosenPlace) {
				t.Errorf("the page of an %s form leads to %s", name, address)
			}
		}
	}
}
