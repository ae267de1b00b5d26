package gitlabtest_test

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"golang.org/x/net/html"

	"gitlab-agent-portal/gitlabapi/gitlabtest"
)

const (
	callback     = "https://portal.example/auth/callback"
	verifier     = "a-verifier-that-is-long-enough-for-the-rfc-7636"
	invalidGrant = `{"error":"invalid_grant","error_description":"The provided authorization grant is invalid, expired, revoked, does not match the redirection URI used in the authorization request, or was issued to another client."}`
	invalidOwner = `{"error":"invalid_client","error_description":"Client authentication failed due to unknown client, no client authentication included, or unsupported authentication method."}`
)

// portal is an OAuth client of a world.
type portal struct {
	*world
	app gitlabtest.Application
}

func newPortal(t *testing.T, app gitlabtest.Application) *portal {
	t.Helper()
	w := newWorld(t)
	app.RedirectURIs = []string{callback}
	return &portal{w, w.AddApplication(app)}
}

// authorizeQuery is a request for consent with PKCE; override is names and values to change, an
// empty value leaves the name out.
func (p *portal) authorizeQuery(override ...string) url.Values {
	sum := sha256.Sum256([]byte(verifier))
	query := url.Values{
		"client_id": {p.app.ID}, "redirect_uri": {callback}, "response_type": {"code"}, "state": {"st&te"}, "scope": {"api"},
		"code_challenge": {base64.RawURLEncoding.EncodeToString(sum[:])}, "code_challenge_method": {"S256"},
	}
	return change(query, override)
}

func change(query url.Values, override []string) url.Values {
	for i := 0; i < len(override); i += 2 {
		query.Set(override[i], override[i+1])
		if override[i+1] == "" {
			query.Del(override[i])
		}
	}
	return query
}

func (p *portal) authorize(override ...string) response {
	p.t.Helper()
	return p.request(http.MethodGet, "/oauth/authorize?"+p.authorizeQuery(override...).Encode(), nil)
}

func (p *portal) request(method, path string, form url.Values, headers ...string) response {
	p.t.Helper()
	r, err := http.NewRequestWithContext(p.t.Context(), method, p.URL+path, strings.NewReader(form.Encode()))
	if err != nil {
		p.t.Fatal(err)
	}
	if form != nil {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	for i := 0; i < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	return p.roundTrip(r)
}

// code signs a person in by the page's own form and returns the code.
func (p *portal) code(username string, override ...string) string {
	p.t.Helper()
	form := formOf(p.t, p.authorize(override...).body, username)
	form.Set("decision", "allow")
	answer := p.request(http.MethodPost, "/oauth/authorize", form)
	target, err := url.Parse(answer.header.Get("Location"))
	if err != nil || answer.status != http.StatusFound || target.Query().Get("state") != "st&te" {
		p.t.Fatalf("consent = %d %s %s, want 302 with the state", answer.status, answer.header.Get("Location"), answer.body)
	}
	return target.Query().Get("code")
}

// formOf is the content of the form of a person on the page, of the one to deny for "".
func formOf(t *testing.T, page, username string) url.Values {
	t.Helper()
	document, err := html.Parse(strings.NewReader(page))
	if err != nil {
		t.Fatal(err)
	}
	for node := range document.Descendants() {
		if node.Type == html.ElementNode && node.Data == "form" {
			if form := inputs(node); form.Get("user") == username {
				return form
			}
		}
	}
	t.Fatalf("no form for %q on the page: %s", username, page)
	return nil
}

func inputs(form *html.Node) url.Values {
	values := url.Values{}
	for node := range form.Descendants() {
		if node.Data == "input" {
			values.Set(attribute(node, "name"), attribute(node, "value"))
		}
	}
	return values
}

func attribute(node *html.Node, name string) string {
	for _, a := range node.Attr {
		if a.Key == name {
			return a.Val
		}
	}
	return ""
}

// token asks the token endpoint.
func (p *portal) token(form url.Values, override ...string) response {
	p.t.Helper()
	form.Set("client_id", p.app.ID)
	form.Set("client_secret", p.app.Secret)
	return p.request(http.MethodPost, "/oauth/token", change(form, override))
}

func (p *portal) exchangeForm(code string) url.Values {
	return url.Values{"grant_type": {"authorization_code"}, "code": {code}, "redirect_uri": {callback}, "code_verifier": {verifier}}
}

func refreshForm(refresh string) url.Values {
	return url.Values{"grant_type": {"refresh_token"}, "refresh_token": {refresh}}
}

// pair is what the token endpoint gives out.
type pair struct {
	Access  string `json:"access_token"`
	Refresh string `json:"refresh_token"`
}

func (p *portal) pairOf(r response) pair {
	p.t.Helper()
	var got pair
	if err := json.Unmarshal([]byte(r.body), &got); err != nil || r.status != http.StatusOK {
		p.t.Fatalf("token endpoint = %d %s, want a pair of tokens", r.status, r.body)
	}
	return got
}

func (p *portal) signIn(username string) pair {
	p.t.Helper()
	return p.pairOf(p.token(p.exchangeForm(p.code(username))))
}

// wantUser checks who an access token belongs to; want is the status and the start of the body.
func (p *portal) wantUser(access string, status int, body string) {
	p.t.Helper()
	got := p.send("", http.MethodGet, "/v4/user", "", "Authorization", "Bearer "+access)
	if got.status != status || !strings.HasPrefix(got.body, body) {
		p.t.Errorf("GET /user = %d %s, want %d %s", got.status, got.body, status, body)
	}
}
