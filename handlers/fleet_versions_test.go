package handlers_test

import (
	"encoding/csv"
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"github.com/PuerkitoBio/goquery"
	"github.com/google/go-cmp/cmp"

	"gitlab-agent-portal/gitlabapi/gitlabtest"
)

// runs adds an agent of which pods of these versions are connected.
func (p *portal) runs(name string, versions ...string) int64 {
	id := p.gitlab.AddAgent(gitlabtest.Agent{Project: p.project, Name: name, CreatedBy: p.people["lead"]})
	p.gitlab.AddToken(gitlabtest.Token{Agent: id, Name: "live", CreatedBy: p.people["lead"], Live: true, Versions: versions})
	return id
}

// versionsShown are the cells of the column by agent.
func versionsShown(page *answer) map[string]string {
	shown := map[string]string{}
	page.doc.Find("table.fleet tbody tr").Each(func(_ int, row *goquery.Selection) {
		shown[row.Find("th").Text()] = strings.Join(strings.Fields(row.Find("td.version").Text()), " ")
	})
	return shown
}

func TestTheFleetShowsVersionsOrSaysWhyNot(t *testing.T) {
	t.Parallel()
	const role, unanswered = "Versions are shown where you are at least Maintainer", "GitLab did not tell the versions of some agents"
	for _, tt := range []struct {
		name, as string
		change   func(*gitlabtest.Settings)
		want     map[string]string
		why      string
	}{
		{"to a Maintainer", "lead", nil, map[string]string{"idle": "none", "prod": "18.5.1", "late": "17.2.0, 17.10.0"}, ""},
		{"not to a Developer", "dev", nil, map[string]string{"idle": "– Unknown", "prod": "– Unknown", "late": "– Unknown"}, role},
		{"not without an agent server", "lead", func(s *gitlabtest.Settings) { s.KASUnreachable = true }, map[string]string{"idle": "– Unknown", "prod": "– Unknown", "late": "– Unknown"}, unanswered},
		{"not without GraphQL", "lead", func(s *gitlabtest.Settings) { s.GraphQLOff = true }, map[string]string{"idle": "– Unknown", "prod": "– Unknown", "late": "– Unknown"}, unanswered},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			p := newPortal(t)
			p.runs("late", "17.10.0", "17.2.0")
			p.gitlab.KeepInUse(p.prodToken, true)
			if tt.change != nil {
				p.gitlab.Configure(tt.change)
			}
			page := p.as(tt.as).whole("")
			if diff := cmp.Diff(tt.want, versionsShown(page)); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
			if got := page.text(".fleet-untold"); !strings.HasPrefix(got, tt.why) || (got == "") != (tt.why == "") {
				t.Errorf("below the list stands %q, want %q", got, tt.why)
			}
		})
	}
}

func TestTheFleetFiltersAndSortsByVersion(t *testing.T) {
	t.Parallel()
	p := newPortal(t)
	p.runs("late", "17.10.0")
	torn := p.runs("torn", "18.5.0", "18.5.1")
	lead := p.as("lead")
	for query, want := range map[string][]string{
		"attention=update_needed": {"late"}, "attention=versions_differ": {"torn"},
		"sort=version": {"late", "torn", "prod", "idle"}, "sort=-version": {"idle", "prod", "torn", "late"},
	} {
		if got := agentsShown(lead.whole(query)); !slices.Equal(got, want) {
			t.Errorf("%s shows %v, want %v", query, got, want)
		}
	}
	page := lead.whole("")
	for kind, want := range map[string]string{"update_needed": "Update needed 1", "versions_differ": "Versions differ 1"} {
		if got := page.text(".filters [data-kind=" + kind + "]"); got != want {
			t.Errorf("the filter %s reads %q, want %q", kind, got, want)
		}
	}
	badge := page.doc.Find("[data-due=versions_differ]").AttrOr("href", "")
	if want := p.agentPath(torn) + "?tab=pods"; badge != want {
		t.Errorf("the badge leads to %q, want %q", badge, want)
	}
}

func TestTheExportsHaveTheVersionsOrWhyNot(t *testing.T) {
	t.Parallel()
	for as, want := range map[string]struct {
		csv  [][]string
		json string
	}{
		"lead": {
			[][]string{{"idle", "", "false", ""}, {"late", "17.2.0, 17.10.0", "true", ""}, {"prod", "18.5.1", "false", ""}},
			`[{"agent":"idle","versions":[],"update_needed":false},{"agent":"late","versions":["17.2.0","17.10.0"],"update_needed":true},` +
				`{"agent":"prod","versions":["18.5.1"],"update_needed":false}]`,
		},
		"dev": {
			[][]string{{"idle", "", "", "role"}, {"late", "", "", "role"}, {"prod", "", "", "role"}},
			`[{"agent":"idle","versions":null,"update_needed":null,"versions_unknown":"role"},{"agent":"late","versions":null,"update_needed":null,"versions_unknown":"role"},` +
				`{"agent":"prod","versions":null,"update_needed":null,"versions_unknown":"role"}]`,
		},
	} {
		p := newPortal(t)
		p.runs("late", "17.10.0", "17.2.0")
		p.gitlab.KeepInUse(p.prodToken, true)
		b := p.as(as)
		var cells [][]string
		for i, row := range must(csv.NewReader(strings.NewReader(b.get("/fleet.csv?bom=0&sort=agent").body)).ReadAll())(t) {
			if i == 0 {
				if got := row[len(row)-5 : len(row)-2]; !slices.Equal(got, []string{"versions", "update_needed", "versions_unknown"}) {
					t.Errorf("the header ends with %q", got)
				}
				continue
			}
			cells = append(cells, append([]string{row[2]}, row[len(row)-5:len(row)-2]...))
		}
		if diff := cmp.Diff(want.csv, cells); diff != "" {
			t.Errorf("%s, CSV (-want +got):\n%s", as, diff)
		}
		var document struct {
			Agents []struct {
				Agent           string   `json:"agent"`
				Versions        []string `json:"versions"`
				UpdateNeeded    *bool    `json:"update_needed"`
				VersionsUnknown string   `json:"versions_unknown,omitempty"`
			} `json:"agents"`
		}
		if err := json.Unmarshal([]byte(b.get("/fleet.json?sort=agent").body), &document); err != nil {
			t.Fatal(err)
		}
		if got := string(must(json.Marshal(document.Agents))(t)); got != want.json {
			t.Errorf("%s, JSON\n%s, want\n%s", as, got, want.json)
		}
	}
}
