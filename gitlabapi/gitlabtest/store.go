package gitlabtest

import (
	"crypto/sha512"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"slices"
	"time"
)

// store is everything that the server remembers. Its methods expect the server's lock to be held.
type store struct {
	users    map[int64]*User
	groups   map[int64]*Group
	projects map[int64]*Project
	agents   map[int64]*Agent
	tokens   map[int64]*Token
	events   []event
	// environments are those of all projects.
	environments map[int64]*Environment
	// agentsIn and tokensOf find agents by project and tokens by agent, in the order of their making.
	agentsIn map[int64][]*Agent
	tokensOf map[int64][]*Token

	projectMembers map[membership]AccessLevel
	groupMembers   map[membership]AccessLevel
	// repositories are the contents of repositories, by project; one without files has none.
	repositories map[int64]*repository
	// protected are the branches that somebody protected, or freed.
	protected     map[protection]AccessLevel
	mergeRequests map[int64][]*mergeRequest
	// moved maps the full paths that projects used to have to their ids.
	moved map[string]int64

	applications   map[string]*Application
	grants         map[string]*grant
	oauthTokens    []*oauthToken
	byAccess       map[string]*oauthToken
	byRefresh      map[string]*oauthToken
	personalTokens map[string]*PersonalToken

	lastID map[string]int64
	// issued are all secrets that the server has known, in the order of their making.
	issued []Issued
}

// membership is somebody's place in a project or group.
type membership struct{ where, user int64 }

// event is one line of an agent's activity, as GraphQL tells it.
type event struct {
	agent, token, user int64
	kind               string
	at                 time.Time
}

// Issued is one secret that the server has known: for tests that search the portal's outputs for
// what must never appear there.
type Issued struct {
	// Kind says what the secret is, such as "access token" or "agent token".
	Kind  string
	Value string
}

func newStore() store {
	return store{
		users:          map[int64]*User{},
		groups:         map[int64]*Group{},
		projects:       map[int64]*Project{},
		agents:         map[int64]*Agent{},
		tokens:         map[int64]*Token{},
		environments:   map[int64]*Environment{},
		agentsIn:       map[int64][]*Agent{},
		tokensOf:       map[int64][]*Token{},
		projectMembers: map[membership]AccessLevel{},
		groupMembers:   map[membership]AccessLevel{},
		repositories:   map[int64]*repository{},
		protected:      map[protection]AccessLevel{},
		mergeRequests:  map[int64][]*mergeRequest{},
		moved:          map[string]int64{},
		applications:   map[string]*Application{},
		grants:         map[string]*grant{},
		byAccess:       map[string]*oauthToken{},
		byRefresh:      map[string]*oauthToken{},
		personalTokens: map[string]*PersonalToken{},
		lastID:         map[string]int64{},
	}
}

// nextID hands out the next id of a kind, or takes note of one that was chosen. An id is never
// given twice, as with a database sequence.
func (st *store) nextID(kind string, chosen int64) int64 {
	if chosen == 0 {
		chosen = st.lastID[kind] + 1
	}
	st.lastID[kind] = max(st.lastID[kind], chosen)
	return chosen
}

// must is the record with an id that the author of a test or of the demo wrote.
func must[T any](records map[int64]*T, id int64, what string) *T {
	record := records[id]
	if record == nil {
		panic(fmt.Sprintf("gitlabtest: there is no %s %d", what, id))
	}
	return record
}

// issue takes note of a secret and returns it.
func (st *store) issue(kind, value string) string {
	st.issued = append(st.issued, Issued{kind, value})
	return value
}

// newSecret makes and takes note of a secret of the OAuth endpoints.
func (st *store) newSecret(kind string) string { return st.issue(kind, st.newValue(kind)) }

// newValue makes a hexadecimal value as Doorkeeper does.
func (st *store) newValue(kind string) string {
	return hex.EncodeToString(derive(kind, st.nextID("secret", 0))[:32])
}

// Secrets are all secrets that the server has known so far: OAuth client secrets, codes and their
// verifiers, access and refresh tokens, personal tokens and the secrets of agent tokens.
func (s *Server) Secrets() []Issued {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.issued)
}

// ClassicSecret is the secret of an agent token as GitLab 15 to 17 make it: the prefix and fifty
// characters that are safe in an address.
func ClassicSecret(token, _ int64) string {
	return "glagent-" + urlSafe(derive("agent token", token))[:50]
}

// RoutableSecret is the secret of an agent token as the newest GitLab makes it: with dots, and
// with the project's id inside.
func RoutableSecret(token, project int64) string {
	payload := fmt.Sprintf("o:1\np:%d\n%s", project, derive("agent token", token)[:16])
	return fmt.Sprintf("glagent-%s.01.%09x", urlSafe([]byte(payload)), token)
}

func urlSafe(data []byte) string { return base64.RawURLEncoding.EncodeToString(data) }

// derive makes 64 bytes that look random and are always the same for the same kind and number.
func derive(kind string, number int64) []byte {
	sum := sha512.Sum512(fmt.Appendf(nil, "gitlabtest %s %d", kind, number))
	return sum[:]
}
