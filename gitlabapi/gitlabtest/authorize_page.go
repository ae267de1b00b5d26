package gitlabtest

import (
	"cmp"
	"net/http"
	"net/url"
	"slices"
	"strings"
)

// authorization is a request for a person's consent, as it stands in the address.
type authorization struct {
	application  *Application
	redirectURI  string
	responseType string
	state        string
	scopes       []string
	challenge    string
	method       string
}

// fields are the request's parameters, for the hidden fields of the page's forms.
func (a authorization) fields() []field {
	return []field{
		{"client_id", a.application.ID},
		{"redirect_uri", a.redirectURI},
		{"response_type", a.responseType},
		{"state", a.state},
		{"scope", joinScopes(a.scopes)},
		{"code_challenge", a.challenge},
		{"code_challenge_method", a.method},
	}
}

// field is one hidden form field.
type field struct{ Name, Value string }

// authorization checks a request for consent. GitLab shows what is wrong with it on a page of its
// own and never sends the browser back with it.
func (c *call) authorization() (authorization, error) {
	a := authorization{
		application:  c.applications[c.values.text("client_id")],
		redirectURI:  c.values.text("redirect_uri"),
		responseType: c.values.text("response_type"),
		state:        c.values.text("state"),
		scopes:       strings.Fields(c.values.text("scope")),
		challenge:    c.values.text("code_challenge"),
		method:       c.values.text("code_challenge_method"),
	}
	if a.challenge != "" && a.method == "" {
		a.method = "plain" // RFC 7636, section 4.3
	}
	if len(a.scopes) == 0 {
		a.scopes = []string{"api"}
	}
	if problem := a.problem(); problem != "" {
		return a, c.authorizeError(http.StatusBadRequest, problem)
	}
	return a, nil
}

// problem is the sentence that GitLab's error page shows, empty for a good request.
func (a authorization) problem() string {
	switch {
	case a.application == nil:
		return "Client authentication failed due to unknown client, no client authentication included, or " +
			"unsupported authentication method."
	case !slices.Contains(a.application.RedirectURIs, a.redirectURI):
		return "The redirect URI included is not valid."
	case a.responseType == "":
		return "Missing required parameter: response_type."
	case a.responseType != "code":
		return "The authorization server does not support this response type."
	case !containsAll(a.application.Scopes, a.scopes):
		return "The requested scope is invalid, unknown, or malformed."
	case a.challenge != "" && a.method != "S256" && a.method != "plain":
		return "The code_challenge_method must be plain or S256."
	case a.application.RequireS256 && (a.challenge == "" || a.method != "S256"):
		return "Code challenge is required."
	default:
		return ""
	}
}

func (c *call) authorizeError(status int, problem string) error {
	return refusal{c.render(status, "authorize_error.gohtml", problem)}
}

// authorizePage is GET /oauth/authorize. Where GitLab asks the person who is signed in for their
// consent, this page lets one choose who to be.
func authorizePage(c *call) (Answer, error) {
	a, err := c.authorization()
	if err != nil {
		return Answer{}, err
	}
	if u := c.users[a.application.SilentFor]; u != nil {
		return c.consent(a, u), nil
	}
	return c.render(http.StatusOK, "authorize.gohtml", authorizeView{
		Application: a.application.Name,
		Action:      c.base() + "/oauth/authorize",
		Scope:       joinScopes(a.scopes),
		Fields:      a.fields(),
		People:      c.people(),
	}), nil
}

// authorizeView is what the page shows.
type authorizeView struct {
	Application string
	Action      string
	Scope       string
	Fields      []field
	People      []*User
}

// people are those who can sign in, in the order in which they were added.
func (st *store) people() []*User {
	return sortedValues(st.users,
		func(u *User) bool { return u.State == "active" && !u.Bot },
		func(a, b *User) int { return cmp.Compare(a.ID, b.ID) })
}

// authorizeDecision is POST /oauth/authorize: the request's own fields, user and decision.
func authorizeDecision(c *call) (Answer, error) {
	a, err := c.authorization()
	if err != nil {
		return Answer{}, err
	}
	if c.values.text("decision") != "allow" {
		return a.back(url.Values{
			"error":             {"access_denied"},
			"error_description": {"The resource owner or authorization server denied the request."},
		}), nil
	}
	for _, u := range c.people() {
		if u.Username == c.values.text("user") {
			return c.consent(a, u), nil
		}
	}
	return Answer{}, c.authorizeError(http.StatusUnprocessableEntity, "There is nobody of this name here.")
}

// consent gives out a code and sends the browser back with it.
func (c *call) consent(a authorization, u *User) Answer {
	g := &grant{
		code:        c.newSecret("authorization code"),
		application: a.application.ID,
		user:        u.ID,
		redirectURI: a.redirectURI,
		scopes:      a.scopes,
		challenge:   a.challenge,
		method:      a.method,
		createdAt:   c.now(),
	}
	c.grants[g.code] = g
	return a.back(url.Values{"code": {g.code}})
}

// back sends the browser to the redirect URI with answer and the state, if there was one.
func (a authorization) back(answer url.Values) Answer {
	if a.state != "" {
		answer.Set("state", a.state)
	}
	target, err := url.Parse(a.redirectURI)
	if err != nil {
		panic("gitlabtest: a registered redirect URI is no address: " + err.Error())
	}
	query := target.Query()
	for name := range answer {
		query.Set(name, answer.Get(name))
	}
	target.RawQuery = query.Encode()
	redirect := emptyAnswer(http.StatusFound)
	redirect.Header.Set("Location", target.String())
	return redirect
}
