package fleet_test

import (
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"gitlab-agent-portal/internal/agent"
	"gitlab-agent-portal/internal/fleet"
)

const day = 24 * time.Hour

func now() time.Time { return time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC) }

// one is an agent in a group, with a token in use.
func one(id int64, group, name string, change ...func(*fleet.Agent)) fleet.Agent {
	a := fleet.Agent{
		Project: &agent.Project{ID: id * 10, Path: group + "/app", Access: agent.AccessManage},
		Agent:   agent.Agent{ID: id, Name: name},
	}
	a.SetTokens([]agent.Token{{ID: id * 100, Name: "helm", CreatedAt: now().Add(-10 * day), LastUsedAt: now().Add(-time.Minute), UseKnown: true}})
	for _, f := range change {
		f(&a)
	}
	return a
}

// runs has pods of these versions connected.
func runs(versions ...string) func(*fleet.Agent) {
	return func(a *fleet.Agent) { a.Running = agent.Running{Known: true, Versions: versions} }
}

// judged are agents by the default limits; unstored are numbers of tokens.
func judged(agents []fleet.Agent, unstored ...int64) []fleet.Row {
	isUnstored := func(token int64) bool { return slices.Contains(unstored, token) }
	return fleet.Rows(agents, isUnstored, nil, agent.NewThresholds(90*day, 30*day, 90*day), now())
}

func agents() []fleet.Agent {
	return []fleet.Agent{
		one(1, "shop/checkout", "production", runs("18.10.0")),
		one(2, "shop", "staging", func(a *fleet.Agent) { a.Tokens[0].LastUsedAt = now().Add(-2 * time.Hour) }, runs()),
		one(3, "shopping", "Production-2", func(a *fleet.Agent) { a.Project.Access, a.Tokens[0].Name = agent.AccessRole, "Flux 2026" }, runs("18.9.1")),
		one(4, "data", "bare", func(a *fleet.Agent) { a.SetTokens(nil) }),
		one(5, "data/lake", "old", func(a *fleet.Agent) { a.Tokens[0].CreatedAt = now().Add(-100 * day) }),
		one(6, "data/lake", "hidden", func(a *fleet.Agent) { a.Tokens, a.TokenCount = nil, agent.Unread }),
	}
}

func rows() []fleet.Row { return judged(agents()) }

// ids are the agents in their order.
func ids(rows []fleet.Row) []int64 {
	var found []int64
	for _, r := range rows {
		found = append(found, r.ID)
	}
	return found
}

func parse(t *testing.T, query string) fleet.Query {
	t.Helper()
	values, err := url.ParseQuery(query)
	if err != nil {
		t.Fatal(err)
	}
	return fleet.Parse(values)
}

func TestFiltersSelectAgents(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name, query string
		want        []int64
	}{
		{"everything", "", []int64{1, 2, 3, 4, 5, 6}},
		{"an agent's name in any case", "q=PRODUCTION", []int64{1, 3}},
		{"a project's path", "q=checkout/app", []int64{1}},
		{"a token's name", "q=flux", []int64{3}},
		{"every word must be found, each anywhere", "q=flux+prod", []int64{3}},
		{"words that are found in different agents", "q=flux+staging", nil},
		{"white space is no word", "q=++", []int64{1, 2, 3, 4, 5, 6}},
		{"connected", "status=connected", []int64{1, 3, 5}},
		{"not connected", "status=not_connected", []int64{2}},
		{"unknown", "status=unknown", []int64{6}},
		{"one kind of attention", "attention=too_old", []int64{5}},
		{"any kind of attention", "attention=any", []int64{2, 4, 5}},
		{"a group with those below it, and none that only begins like it", "group=shop", []int64{1, 2}},
		{"a group with slashes around it", "group=/data/lake/", []int64{5, 6}},
		{"a group that is not there", "group=nowhere", nil},
		{"what can be managed", "role=manage", []int64{1, 2, 4, 5, 6}},
		{"what can only be read", "role=read", []int64{3}},
		{"several filters", "group=data&attention=any&q=lake", []int64{5}},
		{"values that make no sense", "status=happy&attention=none&role=owner&sort=colour&page=x", []int64{1, 2, 3, 4, 5, 6}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			got := ids(fleet.Filter(rows(), parse(t, tt.query)))
			slices.Sort(got)
			if !slices.Equal(got, tt.want) {
				t.Errorf("%s selects %v, want %v", tt.query, got, tt.want)
			}
		})
	}
}

func TestWhatBrokeLastComesFirst(t *testing.T) {
	t.Parallel()
	silent := func(id int64, ago time.Duration) fleet.Agent {
		return one(id, "shop", "agent", func(a *fleet.Agent) { a.Tokens[0].LastUsedAt = now().Add(-ago) })
	}
	fleetOf := judged([]fleet.Agent{
		one(1, "shop", "in need", func(a *fleet.Agent) { a.SetTokens(nil) }, func(a *fleet.Agent) { a.Running.Warned = true }),
		one(2, "shop", "well"), silent(3, 25*time.Hour), silent(4, 9*time.Minute), silent(5, 8*day), silent(6, 24*time.Hour), silent(7, 7*day),
	})
	if got, want := ids(fleet.Filter(fleetOf, fleet.Query{})), []int64{4, 6, 3, 7, 1, 5, 2}; !slices.Equal(got, want) {
		t.Errorf("the order is %v, want %v: the newest outage first, then what needs attention", got, want)
	}
	if got, want := ids(fleet.Filter(fleetOf, parse(t, "status=down_24h"))), []int64{4, 6}; !slices.Equal(got, want) {
		t.Errorf("down within a day are %v, want %v", got, want)
	}
	for query, column := range map[string]fleet.Direction{"sort=contact": fleet.Descending, "sort=-contact": fleet.Ascending} {
		if got := parse(t, query).Direction(fleet.ByContact); got != column {
			t.Errorf("%s is %q, want %q", query, got, column)
		}
	}
	if got := ids(fleet.Filter(fleetOf, parse(t, "sort=contact"))); !slices.Equal(got, []int64{2, 4, 6, 3, 7, 5, 1}) {
		t.Errorf("by last contact the order is %v, want the newest first", got)
	}
}

func TestATokenThatNobodyStoredIsAKindOfAttention(t *testing.T) {
	t.Parallel()
	rows := judged(agents(), 200, 500)
	for query, want := range map[string][]int64{"attention=not_stored": {2, 5}, "attention=any": {2, 5, 4}, "attention=too_old": {5}, "": {2, 5, 4, 6, 1, 3}} {
		if got := ids(fleet.Filter(rows, parse(t, query))); !slices.Equal(got, want) {
			t.Errorf("%q selects %v, want %v", query, got, want)
		}
	}
	if got, want := rows[4].Due, []agent.Rule{agent.Unstored, agent.TooOld}; !slices.Equal(got, want) {
		t.Errorf("due are %q, want %q", got, want)
	}
	if counts := fleet.Select(rows, fleet.Query{}).Counts.Attention; counts[agent.Unstored] != 2 || counts[fleet.AnyAttention] != 3 {
		t.Errorf("the counts are %v", counts)
	}
}

func TestEveryColumnSortsBothWays(t *testing.T) {
	t.Parallel()
	for column, want := range map[string][]int64{
		"agent":     {3, 4, 6, 5, 1, 2},
		"project":   {4, 6, 5, 2, 1, 3},
		"status":    {2, 4, 6, 5, 1, 3},
		"contact":   {5, 1, 3, 2, 4, 6},
		"tokens":    {5, 2, 1, 3, 4, 6},
		"age":       {5, 2, 1, 3, 4, 6},
		"attention": {2, 4, 5, 6, 1, 3},
		"version":   {3, 1, 2, 4, 6, 5},
	} {
		t.Run(column, func(t *testing.T) {
			t.Parallel()
			if got := ids(fleet.Filter(rows(), parse(t, "sort="+column))); !slices.Equal(got, want) {
				t.Errorf("sort=%s: %v, want %v", column, got, want)
			}
			forward := fleet.Filter(rows(), parse(t, "sort="+column))
			backward := fleet.Filter(rows(), parse(t, "sort=-"+column))
			if first := backward[0].ID; first == forward[0].ID {
				t.Errorf("sort=-%s begins with %d, as the other way round", column, first)
			}
		})
	}
	if len(fleet.Columns()) != 8 {
		t.Errorf("there are %d columns, of which 8 are tested", len(fleet.Columns()))
	}
}

func TestTheOrderDoesNotDependOnTheInput(t *testing.T) {
	t.Parallel()
	for _, column := range fleet.Columns() {
		for _, reverse := range []bool{false, true} {
			q := fleet.Query{Sort: column, Reverse: reverse}
			turned := rows()
			slices.Reverse(turned)
			if a, b := ids(fleet.Filter(rows(), q)), ids(fleet.Filter(turned, q)); !slices.Equal(a, b) {
				t.Errorf("%s, reverse %t: %v and %v", column, reverse, a, b)
			}
		}
	}
}

func TestPagesHoldFifty(t *testing.T) {
	t.Parallel()
	var all []fleet.Agent
	for i := range int64(137) {
		all = append(all, one(i+1, "shop", "agent"))
	}
	many := judged(all)
	for query, want := range map[string]struct{ page, rows int }{
		"": {1, 50}, "page=2": {2, 50}, "page=3": {3, 37},
		"page=4": {3, 37}, "page=99999": {3, 37}, "page=99999999999999999999": {1, 50},
		"page=0": {1, 50}, "page=-1": {1, 50}, "page=two": {1, 50},
		"q=nothing": {1, 0}, "q=nothing&page=7": {1, 0},
	} {
		got := fleet.Select(many, parse(t, query))
		if got.Page != want.page || len(got.Rows) != want.rows {
			t.Errorf("%q is page %d with %d rows, want page %d with %d", query, got.Page, len(got.Rows), want.page, want.rows)
		}
	}
	seen := map[int64]bool{}
	for page := range 3 {
		for _, r := range fleet.Select(many, fleet.Query{Page: page + 1}).Rows {
			seen[r.ID] = true
		}
	}
	if len(seen) != 137 {
		t.Errorf("all pages hold %d agents, want 137", len(seen))
	}
}

func TestCountsSayWhatAFilterWouldLeave(t *testing.T) {
	t.Parallel()
	for _, query := range []string{"", "status=connected", "attention=too_old", "group=data", "q=prod&status=unknown", "role=read&attention=any"} {
		q := parse(t, query)
		counts := fleet.Select(rows(), q).Counts
		for _, status := range append(agent.Statuses(), fleet.DownToday) {
			if want := len(fleet.Filter(rows(), q.WithStatus(status))); counts.Status[status] != want {
				t.Errorf("%q counts %d as %s, and the filter leaves %d", query, counts.Status[status], status, want)
			}
		}
		if want := len(fleet.Filter(rows(), q.WithStatus(""))); counts.Statuses != want {
			t.Errorf("%q counts %d of any status, want %d", query, counts.Statuses, want)
		}
		for _, rule := range append(agent.Rules(), fleet.AnyAttention) {
			if want := len(fleet.Filter(rows(), q.WithAttention(rule))); counts.Attention[rule] != want {
				t.Errorf("%q counts %d as %s, and the filter leaves %d", query, counts.Attention[rule], rule, want)
			}
		}
	}
}

func TestGroupsAreListedWithThoseAbove(t *testing.T) {
	t.Parallel()
	want := []string{"data", "data/lake", "shop", "shop/checkout", "shopping"}
	if diff := cmp.Diff(want, fleet.Select(rows(), fleet.Query{Group: "data"}).Groups); diff != "" {
		t.Errorf("groups (-want +got):\n%s", diff)
	}
}

func TestAQueryHasOneAddress(t *testing.T) {
	t.Parallel()
	for query, want := range map[string]string{
		"": "", "page=1": "", "sort=attention": "", "sort=-attention": "sort=-attention",
		"q=+a++b+&status=unknown":                        "q=a++b&status=unknown",
		"page=3&group=shop/&role=manage&sort=-age":       "group=shop&page=3&role=manage&sort=-age",
		"attention=any&status=nonsense&sort=-nonsense":   "attention=any",
		"q=" + strings.Repeat("%E7%8E%AF", 100):          "q=" + strings.Repeat("%E7%8E%AF", 85),
		"q=%FFx":                                         "q=x",
		"group=shop+/":                                   "group=shop",
		"q=" + strings.Repeat("a", 254) + "+b":           "q=" + strings.Repeat("a", 254),
		"sort=contact&attention=too_old&unknown=ignored": "attention=too_old&sort=contact",
	} {
		q := parse(t, query)
		if got := q.Values().Encode(); got != want {
			t.Errorf("%q becomes %q, want %q", query, got, want)
		}
		if again := fleet.Parse(q.Values()); again.Values().Encode() != want {
			t.Errorf("%q does not survive its own address: %q", query, again.Values().Encode())
		}
	}
}

func FuzzAQuerySurvivesItsAddress(f *testing.F) {
	f.Add("q=a&status=connected&sort=-age&page=7&group=a/b&attention=any&role=read")
	f.Fuzz(func(t *testing.T, query string) {
		values, err := url.ParseQuery(query)
		if err != nil {
			return
		}
		q := fleet.Parse(values)
		if again := fleet.Parse(q.Values()); again.Values().Encode() != q.Values().Encode() {
			t.Errorf("%+v became %+v", q, again)
		}
		fleet.Select(rows(), q)
	})
}

func TestLinksKeepTheOtherFiltersAndBeginAtTheFirstPage(t *testing.T) {
	t.Parallel()
	q := parse(t, "q=x&status=unknown&group=shop&sort=age&page=4")
	for got, want := range map[string]string{
		q.WithStatus("connected").Values().Encode():       "group=shop&q=x&sort=age&status=connected",
		q.WithStatus("").Values().Encode():                "group=shop&q=x&sort=age",
		q.WithAttention("idle").Values().Encode():         "attention=idle&group=shop&q=x&sort=age&status=unknown",
		q.WithGroup("data").Values().Encode():             "group=data&q=x&sort=age&status=unknown",
		q.SortedBy(fleet.ByAge).Values().Encode():         "group=shop&q=x&sort=-age&status=unknown",
		q.SortedBy(fleet.ByAgent).Values().Encode():       "group=shop&q=x&sort=agent&status=unknown",
		q.OnPage(5).Values().Encode():                     "group=shop&page=5&q=x&sort=age&status=unknown",
		q.Unfiltered().Values().Encode():                  "sort=age",
		q.SortedBy(fleet.ByAttention).Values().Encode():   "group=shop&q=x&status=unknown",
		(fleet.Query{}).SortedBy("age").Values().Encode(): "sort=age",
	} {
		if got != want {
			t.Errorf("a link leads to %q, want %q", got, want)
		}
	}
	if fleet.Parse(nil).Filtered() || !q.Filtered() {
		t.Error("Filtered does not tell a filter from none")
	}
}
