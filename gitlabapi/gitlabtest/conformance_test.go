package gitlabtest_test

import (
	"crypto/rand"
	"os"
	"strings"
	"testing"
	"time"

	"gitlab-agent-portal/gitlabapi/gitlabtest"
)

// The conformance suite keeps the simulator honest: it makes the same calls through GitLab's
// official client and through our own, with the same expectations. With these variables set it
// makes them of a real GitLab too, in a project where the token may manage agents.
const (
	envURL     = "GITLAB_CONFORMANCE_URL"
	envToken   = "GITLAB_CONFORMANCE_TOKEN"
	envProject = "GITLAB_CONFORMANCE_PROJECT" // number or full path
)

// target is a GitLab and a project in it.
type target struct {
	url, token, project string
}

// driver makes the calls of one client library. An error is judged by its status alone.
type driver interface {
	listAgents() ([]agent, error)
	getAgent(id int64) (agent, error)
	registerAgent(name string) (agent, error)
	deleteAgent(id int64) error
	listTokens(agent int64) ([]token, error)
	getToken(agent, id int64) (token, error)
	createToken(agent int64, name, description string) (token, error)
	revokeToken(agent, id int64) error
	// me is the name of the person whose token is used.
	me() (string, error)
	// canManage says whether the list of projects with the Maintainer's role has this one.
	canManage(project int64) (bool, error)
	kasVersion() (string, error)
	// file is a file of the default branch.
	file(path string) (string, error)
	status(err error) int
}

// agent and token are what both libraries know of an agent and a token.
type agent struct {
	id        int64
	name      string
	project   int64
	createdAt time.Time
	creator   int64
}

type token struct {
	id                int64
	name, description string
	createdAt         time.Time
	lastUsedAt        time.Time
	creator           int64
	secret            string
}

// drivers are the two libraries.
func drivers(t *testing.T, at target) map[string]driver {
	t.Helper()
	return map[string]driver{"the official client": newOfficialDriver(t, at), "our client": newOwnDriver(t, at)}
}

// targets are the simulator, and the real GitLab that is named, if any.
func targets(t *testing.T) map[string]target {
	t.Helper()
	w := newWorld(t)
	all := map[string]target{"simulator": {w.URL, w.secrets["maintainer"], "shop/web/api"}}
	if url := os.Getenv(envURL); url != "" {
		all["real GitLab"] = target{url, os.Getenv(envToken), os.Getenv(envProject)}
	}
	return all
}

func TestConformance(t *testing.T) {
	t.Parallel()
	for where, at := range targets(t) {
		for which, d := range drivers(t, at) {
			for what, conforms := range map[string]func(*testing.T, driver){
				"agents":           agentsConform,
				"agent names":      agentNamesConform,
				"tokens":           tokensConform,
				"the token limit":  tokenLimitConforms,
				"bad tokens":       badTokensConform,
				"missing records":  missingRecordsConform,
				"the surroundings": surroundingsConform,
				"missing files":    missingFilesConform,
			} {
				t.Run(where+" by "+which+": "+what, func(t *testing.T) {
					t.Parallel()
					conforms(t, d)
				})
			}
		}
	}
}

func TestConformanceOfPages(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for range 120 {
		w.AddAgent(gitlabtest.Agent{Project: apiProject, Name: "agent-" + strings.ToLower(rand.Text())})
	}
	for which, d := range drivers(t, target{w.URL, w.secrets["developer"], "20"}) {
		if list, err := d.listAgents(); err != nil || len(list) != 121 {
			t.Errorf("%s lists %d agents, %v, want 121", which, len(list), err)
		}
	}
}

// TestConformanceOfFiles needs a file, which only the simulator is given.
func TestConformanceOfFiles(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	const content = "# 注释\nci_access: {}\n"
	w.AddFile(gitlabtest.File{Project: apiProject, Path: configPath, Content: content})
	for who, want := range map[string]int{"developer": 0, "guest": 403, "stranger": 404} {
		for which, d := range drivers(t, target{w.URL, w.secrets[who], "shop/web/api"}) {
			got, err := d.file(configPath)
			wantOutcome(t, d, which+" for a "+who, err, want)
			if want == 0 && got != content {
				t.Errorf("%s reads %q, want %q", which, got, content)
			}
		}
	}
}

// TestConformanceOfRefusals needs people of several roles, which only the simulator has.
func TestConformanceOfRefusals(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	withToken(w)
	w.MoveProject(archivedProject, 2, "older")
	w.secrets["scoped"] = w.AddPersonalToken(gitlabtest.PersonalToken{User: w.ids["maintainer"], Scopes: []string{"read_api"}})
	w.secrets["revoked"] = w.AddPersonalToken(gitlabtest.PersonalToken{User: w.ids["maintainer"], Revoked: true})
	w.secrets["unknown"] = "glpat-unknown"
	for _, tt := range []struct {
		name, as, project string
		wantRead          int
		wantWrite         int
	}{
		{"an unknown token", "unknown", "20", 401, 401},
		{"a revoked token", "revoked", "20", 401, 401},
		{"a small scope", "scoped", "20", 0, 403},
		{"a stranger", "stranger", "20", 404, 404},
		{"a reporter", "reporter", "20", 404, 403},
		{"a developer", "developer", "shop/web/api", 0, 403},
		{"an archived project", "maintainer", "shop/web/older", 404, 403},
		{"a moved project", "maintainer", "shop/web/old", 404, 405},
		{"no project", "maintainer", "shop/nothing", 404, 404},
	} {
		for which, d := range drivers(t, target{w.URL, w.secrets[tt.as], tt.project}) {
			t.Run(tt.name+" by "+which, func(t *testing.T) {
				t.Parallel()
				_, getAgent := d.getAgent(prodAgent)
				_, getToken := d.getToken(prodAgent, 1)
				_, listTokens := d.listTokens(prodAgent)
				_, register := d.registerAgent("fresh")
				_, create := d.createToken(prodAgent, "fresh", "")
				for what, err := range map[string]error{"get agent": getAgent, "get token": getToken, "list tokens": listTokens} {
					wantOutcome(t, d, what, err, tt.wantRead)
				}
				for what, err := range map[string]error{
					"register": register, "create": create, "delete": d.deleteAgent(prodAgent), "revoke": d.revokeToken(prodAgent, 1),
				} {
					wantOutcome(t, d, what, err, tt.wantWrite)
				}
			})
		}
	}
}
