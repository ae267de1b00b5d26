package gitlabtest_test

import (
	"crypto/rand"
	"net/http"
	"strings"
	"testing"
)

// register makes an agent of a fresh name that is deleted when the test ends.
func register(t *testing.T, d driver) agent {
	t.Helper()
	a, err := d.registerAgent("conformance-" + strings.ToLower(rand.Text()))
	if err != nil {
		t.Fatalf("registering an agent: %v", err)
	}
	t.Cleanup(func() { _ = d.deleteAgent(a.id) }) // the test may have deleted it
	return a
}

// wantStatus checks that a call failed with a status.
func wantStatus(t *testing.T, d driver, what string, err error, want int) {
	t.Helper()
	if err == nil || d.status(err) != want {
		t.Errorf("%s: %v, want status %d", what, err, want)
	}
}

func wantDone(t *testing.T, what string, err error) {
	t.Helper()
	if err != nil {
		t.Errorf("%s: %v", what, err)
	}
}

// unknownID is an id that no GitLab has reached.
const unknownID = 999_999_999

func agentsConform(t *testing.T, d driver) {
	t.Helper()
	a := register(t, d)
	if a.id == 0 || a.project == 0 || a.creator == 0 || a.createdAt.IsZero() {
		t.Errorf("the registered agent is %+v, want every field filled", a)
	}
	if got, err := d.getAgent(a.id); err != nil || got != a {
		t.Errorf("get = %+v, %v, want %+v", got, err, a)
	}
	other := register(t, d)
	list, err := d.listAgents()
	wantDone(t, "list", err)
	if !containsAgents(list, a, other) {
		t.Errorf("list = %+v, want %+v and %+v in it", list, a, other)
	}
	for i := 1; i < len(list); i++ {
		if list[i-1].name > list[i].name {
			t.Errorf("%s stands before %s, want agents by name", list[i-1].name, list[i].name)
		}
	}
	wantDone(t, "delete", d.deleteAgent(a.id))
	_, err = d.getAgent(a.id)
	wantStatus(t, d, "get of a deleted agent", err, http.StatusNotFound)
	wantStatus(t, d, "delete of a deleted agent", d.deleteAgent(a.id), http.StatusNotFound)
}

func containsAgents(list []agent, wanted ...agent) bool {
	found := 0
	for _, have := range list {
		for _, want := range wanted {
			if have == want {
				found++
			}
		}
	}
	return found == len(wanted)
}

func agentNamesConform(t *testing.T, d driver) {
	t.Helper()
	taken := register(t, d)
	for _, name := range []string{"", " ", "Upper", "dash-", "-dash", "under_score", "dot.ted", strings.Repeat("a", 64), taken.name} {
		_, err := d.registerAgent(name)
		wantStatus(t, d, "registering "+name, err, http.StatusBadRequest)
	}
}

func tokensConform(t *testing.T, d driver) {
	t.Helper()
	a := register(t, d)
	first, err := d.createToken(a.id, "first", "for the test")
	wantDone(t, "create", err)
	want := token{
		id: first.id, name: "first", description: "for the test",
		createdAt: first.createdAt, creator: a.creator, secret: first.secret,
	}
	if first != want || first.id == 0 || first.secret == "" || first.createdAt.IsZero() {
		t.Errorf("the created token is %+v, want %+v with id, secret and time", first, want)
	}
	want.secret = "" // it is shown once and never again
	if got, err := d.getToken(a.id, first.id); err != nil || got != want {
		t.Errorf("get = %+v, %v, want %+v", got, err, want)
	}
	if list, err := d.listTokens(a.id); err != nil || len(list) != 1 || list[0] != want {
		t.Errorf("list = %+v, %v, want %+v alone", list, err, want)
	}
	wantDone(t, "revoke", d.revokeToken(a.id, first.id))
	wantDone(t, "revoke once more", d.revokeToken(a.id, first.id))
	_, err = d.getToken(a.id, first.id)
	wantStatus(t, d, "get of a revoked token", err, http.StatusNotFound)
	if list, err := d.listTokens(a.id); err != nil || len(list) != 0 {
		t.Errorf("list = %+v, %v, want it empty", list, err)
	}
}

func tokenLimitConforms(t *testing.T, d driver) {
	t.Helper()
	a := register(t, d)
	first, err := d.createToken(a.id, "same name", "")
	wantDone(t, "first token", err)
	_, err = d.createToken(a.id, "same name", "")
	wantDone(t, "second token", err)
	_, err = d.createToken(a.id, "third", "")
	wantStatus(t, d, "third token", err, http.StatusBadRequest)
	wantDone(t, "revoke", d.revokeToken(a.id, first.id))
	_, err = d.createToken(a.id, "third", "")
	wantDone(t, "third token after a revocation", err)
}

func badTokensConform(t *testing.T, d driver) {
	t.Helper()
	a := register(t, d)
	for what, text := range map[string][2]string{
		"blank name":       {" ", ""},
		"long name":        {strings.Repeat("x", 256), ""},
		"long description": {"x", strings.Repeat("x", 1025)},
	} {
		_, err := d.createToken(a.id, text[0], text[1])
		wantStatus(t, d, what, err, http.StatusBadRequest)
	}
}

func missingRecordsConform(t *testing.T, d driver) {
	t.Helper()
	a, other := register(t, d), register(t, d)
	theirs, err := d.createToken(other.id, "theirs", "")
	wantDone(t, "create", err)
	_, getAgent := d.getAgent(unknownID)
	_, listTokens := d.listTokens(unknownID)
	_, getToken := d.getToken(a.id, unknownID)
	_, getTheirs := d.getToken(a.id, theirs.id)
	_, createToken := d.createToken(unknownID, "x", "")
	for what, err := range map[string]error{
		"get an unknown agent":                 getAgent,
		"delete an unknown agent":              d.deleteAgent(unknownID),
		"list the tokens of an unknown agent":  listTokens,
		"create a token of an unknown agent":   createToken,
		"get an unknown token":                 getToken,
		"get the token of another agent":       getTheirs,
		"revoke an unknown token":              d.revokeToken(a.id, unknownID),
		"revoke the token of another agent":    d.revokeToken(a.id, theirs.id),
		"revoke the token of an unknown agent": d.revokeToken(unknownID, theirs.id),
	} {
		wantStatus(t, d, what, err, http.StatusNotFound)
	}
}

func surroundingsConform(t *testing.T, d driver) {
	t.Helper()
	if name, err := d.me(); err != nil || name == "" {
		t.Errorf("the person is %q, %v, want a name", name, err)
	}
	if version, err := d.kasVersion(); err != nil || !strings.Contains(version, ".") {
		t.Errorf("the version of KAS is %q, %v, want one", version, err)
	}
	a := register(t, d)
	if can, err := d.canManage(a.project); err != nil || !can {
		t.Errorf("can manage = %t, %v, want true", can, err)
	}
}

func missingFilesConform(t *testing.T, d driver) {
	t.Helper()
	_, err := d.file(".gitlab/agents/no-agent-has-this-name/config.yaml")
	wantStatus(t, d, "a missing file", err, http.StatusNotFound)
}

// wantOutcome checks a call's status, zero for one that must succeed.
func wantOutcome(t *testing.T, d driver, what string, err error, want int) {
	t.Helper()
	if want == 0 {
		wantDone(t, what, err)
		return
	}
	wantStatus(t, d, what, err, want)
}
