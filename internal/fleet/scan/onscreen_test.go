package scan_test

import (
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"

	"gitlab-agent-portal/gitlabapi/gitlabtest"
	"gitlab-agent-portal/internal/agent"
	"gitlab-agent-portal/internal/fleet"
	"gitlab-agent-portal/internal/fleet/scan"
)

func (r *reader) enrich(rows []fleet.Agent) []fleet.Agent {
	r.w.t.Helper()
	got, err := r.service().Enrich(r.w.t.Context(), r.viewer, r.source, rows)
	if err != nil {
		r.w.t.Fatal(err)
	}
	return got
}

func TestH11RowsOnScreenAreReadTokenByToken(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.Configure(func(s *gitlabtest.Settings) { s.GraphQLOff = true })
	lead := w.person("lead")
	lead.many(40) // 1 and 2 tokens, or 2 and 2
	snapshot := lead.read()
	w.ResetCounters()

	got := lead.enrich(snapshot.Agents)
	for i, row := range got {
		if row.ID != snapshot.Agents[i].ID || row.TokensRead() != (i < 50) {
			t.Fatalf("row %d is %+v", i, row)
		}
	}
	if snapshot.Agents[0].TokensRead() {
		t.Error("the snapshot was changed")
	}
	if status := got[0].Status(w.clock.Now()); status != agent.StatusConnected || len(got[0].Tokens) != 1 || got[0].Tokens[0].Name != "token-0" {
		t.Errorf("the first row is %v with %+v", status, got[0].Tokens)
	}
	if lists, reads := w.Calls(gitlabtest.OpListTokens), w.Calls(gitlabtest.OpGetToken); lists != 50 || reads != 87 {
		t.Errorf("%d lists and %d tokens were read, want 50 and 87", lists, reads)
	}
	if n := w.MaxInFlight(); n > 16 {
		t.Errorf("%d calls were in flight at once, want at most 16", n)
	}

	calls := w.Calls("")
	again := lead.enrich(snapshot.Agents[40:50])
	if diff := cmp.Diff(got[40:50], again); diff != "" || w.Calls("") != calls {
		t.Errorf("%d calls for rows that were on screen before; rows differ (-first +again):\n%s", w.Calls("")-calls, diff)
	}
	w.service.Drop(lead.id)
	lead.read()
	calls = w.Calls(gitlabtest.OpListTokens)
	lead.enrich(snapshot.Agents[:1])
	if w.Calls(gitlabtest.OpListTokens) != calls+1 {
		t.Error("tokens outlived a change of the person's")
	}
}

func TestRowsWhoseTokensAreKnownAreNotReadAgain(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	lead := w.person("lead")
	lead.many(3)
	snapshot := lead.read()
	calls := w.Calls("")
	if got := lead.enrich(snapshot.Agents); w.Calls("") != calls || len(got) != 6 || !got[0].TokensRead() {
		t.Errorf("%d calls, want none", w.Calls("")-calls)
	}
}

func TestH11RowsThatCannotBeReadStayUnknown(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	deadlines := w.deadlines(scan.OnScreenTimeout)
	w.Configure(func(s *gitlabtest.Settings) { s.GraphQLOff = true })
	lead := w.person("lead")
	lead.project("a", gitlabtest.Developer, 1)
	gone := lead.project("b", gitlabtest.Developer, 1)
	broken := lead.project("c", gitlabtest.Developer, 1)
	revoked := lead.project("d", gitlabtest.Developer, 2)
	hangs := lead.project("e", gitlabtest.Developer, 1)
	snapshot := lead.read()
	gate := gitlabtest.NewGate()
	w.Inject(gitlabtest.OpListTokens, gitlabtest.Status(404).ForProject(gone))
	w.Inject(gitlabtest.OpGetToken, gitlabtest.Status(500).ForProject(broken))
	w.Inject(gitlabtest.OpGetToken, gitlabtest.Status(404).ForProject(revoked).Times(1))
	w.Inject(gitlabtest.OpListTokens, gitlabtest.Hold(gate).ForProject(hangs))

	rows := lead.enrich(snapshot.Agents[:4])
	last := make(chan []fleet.Agent)
	go func() { last <- lead.enrich(snapshot.Agents[4:]) }()
	if err := gate.Await(t.Context(), 1); err != nil {
		t.Fatal(err)
	}
	deadlines.pass()
	var known []string
	for _, row := range append(rows, <-last...) {
		known = append(known, fmt.Sprint(row.Project.Name, " ", row.TokensRead(), " ", len(row.Tokens)))
	}
	if diff := cmp.Diff([]string{"a true 1", "b false 0", "c false 0", "d true 1", "e false 0"}, known); diff != "" {
		t.Errorf("rows differ (-want +got):\n%s", diff)
	}
}
