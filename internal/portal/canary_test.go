package portal

import (
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"go/ast"
	goparser "go/parser"
	"go/token"
	"html"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"strconv"
	"strings"
	"testing"

	"github.com/PuerkitoBio/goquery"

	"gitlab-agent-portal/gitlabapi/gitlabtest"
	"gitlab-agent-portal/internal/database/databasetest"
	"gitlab-agent-portal/views"
)

// TestO14NothingLeaksOverTheWholePortal is the one search for secrets over everything the
// portal gives out: every page is visited and every action done, also while GitLab repeats the
// credentials of each request in its errors; then bodies, headers, decoded cookies, the log,
// the audit's lines, the metrics, the database and the stacks that a crash would print are searched for
// every secret that GitLab ever issued, the sign-ins' verifiers and the sessions' ids.
func TestO14NothingLeaksOverTheWholePortal(t *testing.T) {
	t.Parallel()
	gitlab := newOrganisation(t)
	database := databasetest.New(t)
	auditLog := filepath.Join(t.TempDir(), "audit.log")
	portal := startPortal(t, gitlab, nil, "AUDIT_LOG="+auditLog, "LOG_LEVEL=debug", "METRICS_ADDR=127.0.0.1:0", "DATABASE_URL="+database.URL,
		"WATCH_AGENT_METRICS=true", "WATCH_TOKEN="+gitlab.watchToken())
	search := &search{t: t, gitlab: gitlab, portal: portal, shown: map[string]int{}}

	search.everything("a GitLab in order", func() {})
	for name, fault := range map[string]gitlabtest.Fault{
		"an echo with 500": gitlabtest.Echo(http.StatusInternalServerError), "an echo with 400": gitlabtest.Echo(http.StatusBadRequest),
		"an echo with 403": gitlabtest.Echo(http.StatusForbidden), "an echo with 401": gitlabtest.Echo(http.StatusUnauthorized),
		"an echo with 404": gitlabtest.Echo(http.StatusNotFound), "an echo with 429": gitlabtest.Echo(http.StatusTooManyRequests),
		"an echo for a success": gitlabtest.Echo(http.StatusOK),
	} {
		search.everything(name, func() { gitlab.Inject("", fault) })
	}
	search.everything("answers that get lost", func() {
		gitlab.Inject(gitlabtest.OpCreateToken, gitlabtest.CutAfterHeaders())
		gitlab.Inject(gitlabtest.OpRegisterAgent, gitlabtest.Truncated())
		gitlab.Inject(gitlabtest.OpRefreshToken, gitlabtest.Echo(http.StatusBadRequest))
	})
	search.everything("lists that tell secrets", func() {
		gitlab.Configure(func(s *gitlabtest.Settings) { s.ListsSecrets, s.EchoSecrets, s.GraphQLOff = true, true, true })
	})
	search.signInThatFails()
	search.crash()

	search.note("the metrics", newBrowser(t).get("http://"+portal.metrics(t)+"/metrics").body)
	search.database(database)
	portal.stop()
	if err := <-portal.result; err != nil {
		t.Errorf("Run = %v", err)
	}
	search.database(database)
	search.note("the log", portal.output.String())
	lines, err := os.ReadFile(auditLog)
	if err != nil || len(lines) == 0 {
		t.Errorf("the audit's lines are %q, %v", lines, err)
	}
	search.note("the audit's lines", string(lines))
	search.judge()
}

// search collects what the portal gives out.
type search struct {
	t      *testing.T
	gitlab organisation
	portal *running
	texts  []givenOut
	// shown counts the secrets that a reveal showed, which each one may, once.
	shown    map[string]int
	sessions []string
	names    int
}

// givenOut is one thing that was given out.
type givenOut struct{ what, text string }

func (s *search) note(what, text string) { s.texts = append(s.texts, givenOut{what, text}) }

// answer notes an answer: its body, its headers, and its cookies as they are inside.
func (s *search) answer(what string, got page) page {
	s.note(what+": header", fmt.Sprint(got.header))
	body := got.body
	if secret := revealed(s.t, body); secret != "" {
		s.shown[secret]++
		if got.header.Get("Cache-Control") != "no-store" || strings.Count(body, secret) != 1 {
			s.t.Errorf("%s shows a secret %d times, Cache-Control %q", what, strings.Count(body, secret), got.header.Get("Cache-Control"))
		}
		body = strings.Replace(body, secret, "", 1)
	}
	s.note(what+": body", body)
	for _, cookie := range (&http.Response{Header: got.header}).Cookies() {
		s.note(what+": the cookie "+cookie.Name, decoded(cookie.Value))
		if sessionCookie.MatchString(cookie.Name) && cookie.Value != "" {
			s.sessions = append(s.sessions, sessionID(s.t, cookie.Value))
		}
	}
	return got
}

// sessionCookie is the name of a session's cookie: the others have more behind it.
var sessionCookie = regexp.MustCompile(`\bportal-[0-9a-f]{8}$`)

// revealed is the secret that a page shows in the place for it.
func revealed(t *testing.T, body string) string {
	t.Helper()
	doc, err := goquery.NewDocumentFromReader(strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	return strings.TrimSpace(doc.Find("#secret").Text())
}

// decoded is a cookie's value with everything in it that is base64 also as what it stands for.
func decoded(value string) string {
	text := value
	for _, part := range strings.FieldsFunc(value, func(c rune) bool { return c == '|' || c == '.' || c == '=' }) {
		for _, encoding := range []*base64.Encoding{base64.RawURLEncoding, base64.RawStdEncoding} {
			if inner, err := encoding.DecodeString(part); err == nil {
				text += "\n" + string(inner)
			}
		}
	}
	return text
}

// sessionID is the id that the session cookie signs: no output but the cookie itself has it.
func sessionID(t *testing.T, cookie string) string {
	t.Helper()
	outer, err := base64.URLEncoding.DecodeString(cookie)
	if err != nil {
		t.Fatalf("the session cookie is not base64: %v", err)
	}
	_, rest, _ := strings.Cut(string(outer), "|")
	value, _, _ := strings.Cut(rest, "|")
	id, err := base64.URLEncoding.DecodeString(value)
	if err != nil || len(id) < 16 {
		t.Fatalf("the session cookie holds no id: %q", outer)
	}
	return string(id)
}

// everything signs in, lets things go wrong, and then visits every page and does every action.
func (s *search) everything(when string, goWrong func()) {
	s.t.Helper()
	b := newBrowser(s.t)
	s.signIn(b, "lead", "allow")
	forms := s.forms(b, when)
	goWrong()
	s.visit(b, when)
	s.programs(when)
	s.act(b, when, forms)
	s.gitlab.ExpireAccessTokens(s.gitlab.lead)
	s.visit(b, when+", with tokens to renew")
	s.gitlab.ClearFaults("")
	s.gitlab.Configure(func(c *gitlabtest.Settings) { c.ListsSecrets, c.EchoSecrets, c.GraphQLOff = false, false, false })
	s.send(b, when+": signing out", s.portal.url+"/auth/logout", forms["logout"].values)
}

// signIn walks over GitLab's page and back, noting what the portal answers.
func (s *search) signIn(b *browser, username, decision string) {
	s.t.Helper()
	login := s.answer("the way to GitLab", b.get(s.portal.url+"/auth/login?next=/tools/portal/projects"))
	action, values := b.form(login.header.Get("Location"), "form:has([name=user][value='"+username+"'])")
	values.Set("user", username)
	values.Set("decision", decision)
	allowed, err := b.send(action, values)
	if err != nil {
		s.t.Fatal(err)
	}
	s.answer("the callback", b.get(allowed.header.Get("Location")))
}

// filled is a form that was read while all was well.
type filled struct {
	action string
	values url.Values
}

// forms reads one form of each kind before things go wrong.
func (s *search) forms(b *browser, when string) map[string]filled {
	s.t.Helper()
	s.names++
	agent := s.gitlab.AddAgent(gitlabtest.Agent{Project: s.project(), Name: fmt.Sprintf("agent-%d", s.names), CreatedBy: s.gitlab.lead})
	stored := s.gitlab.AddToken(gitlabtest.Token{Agent: agent, Name: "stored", CreatedBy: s.gitlab.lead})
	base := fmt.Sprintf("%s/projects/%d/agents", s.portal.url, s.project())
	read := func(address, selector string, fields ...string) filled {
		action, values := b.form(address, selector)
		for i := 0; i < len(fields); i += 2 {
			values.Set(fields[i], fields[i+1])
		}
		s.answer(when+": GET "+address, b.get(address))
		return filled{action, values}
	}
	page := fmt.Sprintf("%s/%d", base, agent)
	return map[string]filled{
		"register": read(base+"/new", "#form form", "name", fmt.Sprintf("new-%d", s.names), "first_token", "1"),
		"create":   read(page+"/tokens/new", "#form form", "name", fmt.Sprintf("token-%d", s.names), "description", "a description"),
		"revoke":   read(fmt.Sprintf("%s/tokens/%d/revoke", page, stored), "#form form", "confirm", "stored"),
		"delete":   read(page+"/delete", "#form form", "confirm", fmt.Sprintf("agent-%d", s.names)),
		"logout":   read(base, "form[action$='/auth/logout']"),
	}
}

// project is the id of the one project.
func (s *search) project() int64 {
	id, err := strconv.ParseInt(strings.Split(s.gitlab.tokens, "/")[2], 10, 64)
	if err != nil {
		s.t.Fatal(err)
	}
	return id
}

func (s *search) send(b *browser, what, address string, values url.Values) {
	s.t.Helper()
	got, err := b.send(address, values)
	if err != nil {
		s.t.Fatalf("%s: %v", what, err)
	}
	s.answer(what, got)
}

// act does every action, twice where a second time is another answer.
func (s *search) act(b *browser, when string, forms map[string]filled) {
	s.t.Helper()
	for _, name := range []string{"register", "register", "create", "create", "revoke", "revoke", "delete", "delete"} {
		s.send(b, when+": "+name, forms[name].action, forms[name].values)
	}
	s.send(b, when+": stored", forms["create"].action+"/1/stored", forms["logout"].values)
	s.send(b, when+": preferences", s.portal.url+"/preferences", url.Values{"lang": {"zh-CN"}, "theme": {"dark"}})
	s.send(newBrowser(s.t), when+": a visitor's form", forms["create"].action, forms["create"].values)
}

// visit asks for every address that views has a pattern of, and some that nobody has.
func (s *search) visit(b *browser, when string) {
	s.t.Helper()
	for _, pattern := range patterns(s.t) {
		address := strings.NewReplacer("{$}", "", "{path...}", "shop/payments", "{project}", strconv.FormatInt(s.project(), 10),
			"{agent}", strconv.FormatInt(s.gitlab.agent, 10), "{token}", "1").Replace(pattern)
		s.answer(when+": GET "+pattern, b.get(s.portal.url+address))
		s.answer(when+": GET "+pattern+" by a visitor", newBrowser(s.t).get(s.portal.url+address))
	}
	for _, address := range []string{"/nothing", "/projects/0/agents", "/projects?q=x&page=9"} {
		s.answer(when+": GET "+address, b.get(s.portal.url+address))
	}
}

// patterns are the constants of package views that name an address, so that a new page is
// searched without a word here.
func patterns(t *testing.T) []string {
	t.Helper()
	files, err := filepath.Glob("../../views/*.go")
	if err != nil {
		t.Fatal(err)
	}
	var found []string
	for _, file := range files {
		parsed, err := goparser.ParseFile(token.NewFileSet(), file, nil, goparser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(parsed, func(node ast.Node) bool {
			spec, ok := node.(*ast.ValueSpec)
			if ok && len(spec.Values) == 1 && strings.HasPrefix(spec.Names[0].Name, "Pattern") {
				if literal, ok := spec.Values[0].(*ast.BasicLit); ok {
					found = append(found, strings.Trim(literal.Value, `"`))
				}
			}
			return true
		})
	}
	if len(found) < 15 {
		t.Fatalf("views names %d addresses, want all of the portal's", len(found))
	}
	return found
}

// signInThatFails lets GitLab refuse: by the person, by an error that repeats the request, and
// by a person whom it does not tell.
func (s *search) signInThatFails() {
	s.t.Helper()
	s.signIn(newBrowser(s.t), "lead", "deny")
	for _, op := range []string{gitlabtest.OpExchangeCode, gitlabtest.OpCurrentUser} {
		for _, status := range []int{http.StatusOK, http.StatusBadRequest, http.StatusUnauthorized, http.StatusBadGateway} {
			s.gitlab.Inject(op, gitlabtest.Echo(status).AfterCommit())
			s.signIn(newBrowser(s.t), "lead", "allow")
			s.gitlab.ClearFaults("")
		}
	}
}

// crash notes what a crash prints while a token is being created and tokens are being renewed.
func (s *search) crash() {
	s.t.Helper()
	b := newBrowser(s.t)
	s.signIn(b, "lead", "allow")
	forms := s.forms(b, "a crash")
	s.gitlab.ExpireAccessTokens(s.gitlab.lead)
	gate := gitlabtest.NewGate()
	s.gitlab.Inject(gitlabtest.OpCreateToken, gitlabtest.Hold(gate).AfterCommit())
	s.gitlab.Inject(gitlabtest.OpRefreshToken, gitlabtest.Hold(gate).AfterCommit())
	s.gitlab.Inject(gitlabtest.OpCurrentUser, gitlabtest.Hold(gate).AfterCommit())
	secret, read := s.gitlab.AddPersonalToken(gitlabtest.PersonalToken{User: s.gitlab.lead}), make(chan page, 1)
	script := newBrowser(s.t)
	go func() {
		got, err := script.program(s.portal.url+views.PatternFleetJSON, "PRIVATE-TOKEN", secret)
		if err != nil {
			s.t.Errorf("reading under way: %v", err)
		}
		read <- got
	}()
	done := make(chan page, 1)
	go func() {
		got, err := b.send(forms["create"].action, forms["create"].values)
		if err != nil {
			s.t.Errorf("creating under way: %v", err)
		}
		done <- got
	}()
	if err := gate.Await(s.t.Context(), 2); err != nil {
		s.t.Fatal(err)
	}
	stacks := make([]byte, 8<<20)
	s.note("the stacks", string(stacks[:runtime.Stack(stacks, true)]))
	gate.Open()
	s.answer("the create under way", <-done)
	s.answer("the reading under way", <-read)
	s.gitlab.ClearFaults("")
}

// database notes what is in the database.
func (s *search) database(database *databasetest.Database) {
	s.t.Helper()
	for place, content := range database.Contents(s.t) {
		s.note(place, content)
	}
}

// disguises are the forms in which a secret would still be one.
func disguises(secret string) []string {
	raw := []byte(secret)
	return []string{
		secret, url.QueryEscape(secret), html.EscapeString(secret), hex.EncodeToString(raw), base64.RawStdEncoding.EncodeToString(raw),
		base64.RawURLEncoding.EncodeToString(raw), strings.Trim(strconv.QuoteToASCII(secret), `"`),
	}
}

// judge searches everything that was noted.
func (s *search) judge() {
	s.t.Helper()
	secrets := map[string]string{}
	kinds := map[string]int{}
	for _, issued := range s.gitlab.Secrets() {
		secrets[issued.Value] = issued.Kind
		kinds[issued.Kind]++
	}
	for _, id := range s.sessions {
		secrets[id] = "session id"
	}
	for _, kind := range []string{"client secret", "access token", "refresh token", "code verifier", "agent token", "personal token"} {
		if kinds[kind] == 0 {
			s.t.Errorf("GitLab knows no %s, so nothing was proven of it", kind)
		}
	}
	if len(s.shown) < 3 || len(s.sessions) < 5 {
		s.t.Errorf("%d secrets were revealed and %d sessions started, want some", len(s.shown), len(s.sessions))
	}
	for secret, times := range s.shown {
		if times != 1 || secrets[secret] != "agent token" {
			s.t.Errorf("a %s was revealed %d times", secrets[secret], times)
		}
	}
	for secret, kind := range secrets {
		for _, form := range disguises(secret) {
			s.searchFor(kind, form)
		}
	}
}

func (s *search) searchFor(kind, form string) {
	s.t.Helper()
	for _, given := range s.texts {
		isItsCookie := kind == "session id" && sessionCookie.MatchString(given.what)
		if !isItsCookie && strings.Contains(given.text, form) {
			s.t.Errorf("%s holds the %s", given.what, kind)
		}
	}
}
