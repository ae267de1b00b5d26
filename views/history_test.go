package views

import (
	"strings"
	"testing"
	"time"

	"github.com/a-h/templ"
	"github.com/google/go-cmp/cmp"

	"gitlab-agent-portal/internal/agent"
	"gitlab-agent-portal/internal/history"
	"gitlab-agent-portal/internal/i18n"
)

// testStrip is a connection with an outage, of which the beginning is not known.
func testStrip() HistoryStrip {
	up, down := history.StateConnected, history.StateNotConnected
	return HistoryStrip{From: before(6 * day), Until: testNow(), Cells: []history.State{history.StateUnknown, up, up, down, up, up}}
}

func testSums() history.Sums {
	return history.Sums{Connected: 4 * day, NotConnected: day, Unknown: day, Outages: 1}
}

func testCounts() []history.Count {
	var counts []history.Count
	for i, c := range [][2]int{{0, 0}, {3, 3}, {2, 3}, {2, 3}, {0, 0}, {4, 4}} {
		at := before(time.Duration(6-i) * day)
		counts = append(counts, history.Count{From: at, Until: at.Add(day), At: at, Connected: c[0], Known: c[1]})
	}
	return counts
}

func testHistory() HistoryModel {
	m := HistoryModel{
		Seen: true, FirstSeen: before(5 * day), ReadAt: testNow(), Present: history.Present{State: history.StateConnected, Since: before(2 * day)},
		Periods: []HistoryPeriod{{7, testSums()}, {30, history.Sums{Unknown: day}}}, Strip: testStrip(), Weeks: []HistoryWeek{{before(6 * day), testSums()}}, More: true,
	}
	for kind := history.Connected; kind <= history.Unknown; kind++ {
		event := HistoryEvent{Transition: history.Transition{At: before(day), Kind: kind}}
		if kind == history.TokenCreated || kind == history.TokenRevoked {
			event.TokenID = 9
		}
		if kind == history.TokenCreated {
			event.TokenName = hostileName
		}
		m.Events = append(m.Events, event)
	}
	return m
}

// watchedState is a state of a portal that has a watch.
func watchedState[M any](name string, page, fragment func(Page, M) templ.Component, model M) state {
	watched := func(component func(Page, M) templ.Component) func(Page) templ.Component {
		return func(p Page) templ.Component {
			p.Watched = true
			return component(p, model)
		}
	}
	return state{name, watched(page), watched(fragment)}
}

func historyStates() []state {
	past, unseen, quiet := testAgent(), testAgent(), testAgent()
	past.Tab, past.History = TabHistory, testHistory()
	unseen.Tab = TabHistory
	quiet.Tab, quiet.History = TabHistory, testHistory()
	quiet.History.Events, quiet.History.Present = nil, history.Present{State: history.StateNotConnected, Since: before(day), AtLeast: true}
	fleet := testFleet()
	fleet.Rows[0].History = &FleetHistory{testStrip(), testSums(), history.Present{State: history.StateConnected, Since: before(2 * day)}}
	fleet.Pictures.Connected = &ConnectedChart{Days: 30, Counts: testCounts(), URL: "/portal/history"}
	page := HistoryPageModel{
		Days: 30, Group: hostileName, Connected: ConnectedChart{Days: 30, Counts: testCounts(), PerDay: testCounts()}, Total: testSums(), Agents: 3, MaxAgents: 10,
		Periods: []TabLink{{Text: "30", URL: "/a", Current: true}}, ReportURL: "/portal/report",
		Worst: []HistoryRow{{AgentName: hostileName, ProjectPath: hostileName, AgentURL: "/a", ProjectURL: "/b", Strip: testStrip(), Sums: testSums()}},
	}
	report := ReportModel{
		Query: ReportQuery{Group: hostileName, Month: "2026-11"}, Groups: []string{"shop"}, Month: time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC), Until: testNow(), Last: "2026-11",
		Began: before(20 * day), PrevURL: "/a", NextURL: "/b", CSVURL: "/c", More: 1, MaxAgents: 10,
		Totals: ReportTotals{Sums: testSums(), Agents: 3, Oldest: before(90 * day)},
		Rows: []ReportRow{
			{AgentID: 1, ProjectID: 20, AgentName: hostileName, ProjectPath: hostileName, Sums: testSums(), Oldest: before(90 * day)},
			{AgentName: hostileName, ProjectPath: hostileName, GoneAt: before(day)},
		},
	}
	return []state{
		watchedState("agent, its past", AgentPage, AgentTab, past),
		watchedState("agent that the watch does not know", AgentPage, AgentTab, unseen),
		watchedState("agent to which nothing happened", AgentPage, AgentTab, quiet),
		watchedState("fleet with its past", FleetPage, FleetFragment, fleet),
		watchedState("history", HistoryPage, HistoryFragment, page),
		watchedState("history, empty", HistoryPage, HistoryFragment, HistoryPageModel{}),
		watchedState("history, being read", HistoryPage, HistoryFragment, HistoryPageModel{Reading: true}),
		both("history without a watch", HistoryPage, HistoryFragment, HistoryPageModel{Off: true}),
		watchedState("report", ReportPage, ReportFragment, report),
		watchedState("report, empty", ReportPage, ReportFragment, ReportModel{Month: report.Month, Until: report.Month.AddDate(0, 1, 0)}),
		watchedState("report, being read", ReportPage, ReportFragment, ReportModel{Reading: true}),
		watchedState("report of a wrong month", ReportPage, ReportFragment, ReportModel{Query: ReportQuery{Month: hostileName}, Wrong: "Wrong."}),
		both("report without a watch", ReportPage, ReportFragment, ReportModel{Off: true}),
	}
}

func TestAStripIsHigherTheBetterItsState(t *testing.T) {
	t.Parallel()
	strip := testStrip()
	if diff := cmp.Diff("M1 0h2V24h-2M4 0h2V24h-2", strip.path(history.StateConnected)); diff != "" {
		t.Errorf("connected (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff("M3 12h1V24h-1", strip.path(history.StateNotConnected)); diff != "" {
		t.Errorf("not connected (-want +got):\n%s", diff)
	}
	runs := strip.runs()
	if last := runs[len(runs)-1]; len(runs) != 4 || !last.from.Equal(before(2*day)) || !last.until.Equal(testNow()) {
		t.Errorf("the last of %d runs is from %v until %v", len(runs), last.from, last.until)
	}
	heights := map[int]bool{}
	for _, state := range []history.State{history.StateConnected, history.StateNotConnected, history.StateUnknown} {
		heights[stripLevel(state)] = true
	}
	if len(heights) != 3 {
		t.Errorf("three states have %d heights", len(heights))
	}
}

func TestTheChartLeavesOutWhatIsNotKnown(t *testing.T) {
	t.Parallel()
	chart := ConnectedChart{Days: 6, Counts: testCounts()}
	for name, tt := range map[string][2]string{
		"connected": {"M1 100V25H2V50H4V100zM5 100V0H6V100z", chart.connected()},
		"known":     {"M1 100V25H4V100zM5 100V0H6V100z", chart.known()},
		"the line":  {"M1 25V25H4M5 0V0H6", chart.line()},
	} {
		if diff := cmp.Diff(tt[0], tt[1]); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
	if worst := chart.worst(); worst.Connected != 2 || !worst.At.Equal(before(4*day)) || chart.whole() {
		t.Errorf("the worst is %+v", worst)
	}
	if none := (ConnectedChart{Counts: make([]history.Count, 3)}); none.isKnown() || none.connected() != "" {
		t.Errorf("of nothing known the chart draws %q", none.connected())
	}
}

func TestPercentSaysNoMoreThanIsKnown(t *testing.T) {
	t.Parallel()
	for share, want := range map[history.Share]string{history.Whole: "100%", 9999: "99.99%", 9950: "99.50%", 100: "1.00%", 1: "0.01%", 0: "0%"} {
		if got := percent(share); got != want {
			t.Errorf("percent(%d) = %q, want %q", share, got, want)
		}
	}
	if got := availability(i18n.For(i18n.English), history.Sums{Unknown: day}); got != "Unknown" {
		t.Errorf("of nothing known the availability is %q", got)
	}
}

func TestARowSaysSinceWhenUnlessTheListKnowsBetter(t *testing.T) {
	t.Parallel()
	l := i18n.For(i18n.English)
	for name, tt := range map[string]struct {
		status  agent.Status
		present history.Present
		want    string
	}{
		"as the list":            {agent.StatusConnected, history.Present{State: history.StateConnected, Since: before(3 * day)}, "3 days"},
		"since a moment":         {agent.StatusConnected, history.Present{State: history.StateConnected, Since: testNow()}, "1 minute"},
		"before the watch began": {agent.StatusConnected, history.Present{State: history.StateConnected, Since: before(3 * day), AtLeast: true}, "3 days+"},
		"the list is newer":      {agent.StatusNotConnected, history.Present{State: history.StateConnected, Since: before(3 * day)}, ""},
		"nothing known":          {agent.StatusUnknown, history.Present{}, ""},
	} {
		row := FleetRow{Row: testFleetRow("shop/cart", agent.Agent{}, tt.status, 0), History: &FleetHistory{Present: tt.present}}
		if got := row.since(l, testNow()); got != tt.want {
			t.Errorf("%s: %q, want %q", name, got, tt.want)
		}
	}
}

func TestTheNavigationLeadsToTheHistoryOnlyWhereThereIsOne(t *testing.T) {
	t.Parallel()
	p := testPage(i18n.English)
	for watched, want := range map[bool]int{true: 1, false: 0} {
		p.Watched = watched
		page := render(t, AgentPage(p, testAgent()))
		wantCount(t, page.Selection, `header nav a[href="/portal/history"]`, want)
		wantCount(t, page.Selection, `.tabs a[href$="tab=history"]`, want)
	}
}

func TestAMonthIsCalledByItsName(t *testing.T) {
	t.Parallel()
	october := time.Date(2026, 10, 1, 0, 0, 0, 0, time.UTC)
	for lang, want := range map[i18n.Lang]string{i18n.English: "October 2026", i18n.Chinese: "2026 年 10 月"} {
		if got := monthWord(i18n.For(lang), october); got != want {
			t.Errorf("%s: %q, want %q", lang, got, want)
		}
	}
	for month := range 12 {
		if got := monthWord(i18n.For(i18n.English), october.AddDate(0, month, 0)); !strings.HasPrefix(got, october.AddDate(0, month, 0).Month().String()) {
			t.Errorf("month %d is %q", month, got)
		}
	}
}
