package views

import (
	"strings"
	"testing"
	"time"

	"github.com/PuerkitoBio/goquery"

	"gitlab-agent-portal/internal/agent"
	"gitlab-agent-portal/internal/fleet"
	"gitlab-agent-portal/internal/i18n"
)

func testScan() *FleetScan {
	return &FleetScan{ProgressURL: "/portal/fleet/progress", HereURL: "/portal/?q=a", WaitURL: "/portal/?q=a&wait=1", Progress: fleet.Progress{Done: 7, Total: 20}}
}

// testFleetRow is an agent of a project, last used so long ago; 0: never.
func testFleetRow(path string, a agent.Agent, status agent.Status, idle time.Duration, due ...agent.Rule) fleet.Row {
	row := fleet.Row{Agent: fleet.Agent{Project: &agent.Project{ID: 20, Path: path}, Agent: a}, Status: status, Due: due}
	if idle > 0 {
		row.LastContact = before(idle)
	}
	return row
}

func testFleet() FleetModel {
	m := FleetModel{
		Form: FleetForm{Groups: []string{"shop", "shop/web"}, Query: fleet.Query{Group: "shop", Sort: fleet.ByAge}}, Read: true, ReadAt: before(12 * time.Second),
		RefreshURL: "/portal/?refresh=1", CSVURL: "/portal/fleet.csv", JSONURL: "/portal/fleet.json", UnfilteredURL: "/portal/",
		Total: 4, Matched: 4, Projects: true, AllStatuses: FleetFilter{Count: 4, URL: "/portal/", On: true},
		AnyAttention: FleetFilter{Attention: fleet.AnyAttention, Count: 2, URL: "/portal/?attention=any"},
		Attention:    []FleetFilter{{Attention: agent.NoToken, Count: 1, URL: "/portal/?attention=no_token"}, {Attention: agent.Idle}, {Attention: agent.TooOld, On: true, URL: "/portal/"}},
		Columns:      []FleetColumn{{Column: fleet.ByAgent, URL: "/portal/?sort=agent"}, {Column: fleet.ByAge, URL: "/portal/?sort=-age", Sorted: fleet.Descending}, {Column: fleet.ByTokens, URL: "?", Sorted: fleet.Ascending}},
		Rows: []FleetRow{
			{
				Row: testFleetRow("shop/web/checkout", agent.Agent{ID: 1, Name: "prod-eu", TokenCount: 2, Tokens: []agent.Token{{CreatedAt: before(100 * 24 * time.Hour)}}}, agent.StatusConnected, 2*time.Minute, agent.TooOld, agent.Unfinished),
				Ref: "20.1", DueURLs: map[agent.Rule]string{agent.TooOld: "/portal/a", agent.Unfinished: "/portal/a"}, Act: &Action{"Rotate", "/portal/a"},
			},
			{Row: testFleetRow(hostileName, agent.Agent{ID: 2, Name: hostileName, TokenCount: 1, Tokens: []agent.Token{{CreatedAt: before(30 * time.Hour)}}}, agent.StatusNotConnected, 3*time.Hour)},
			{Row: testFleetRow("shop/cart", agent.Agent{ID: 3, Name: longName}, agent.StatusNeverConnected, 0, agent.NoToken, agent.NeverUsed, agent.Idle, agent.TooMany)},
			{Row: testFleetRow("shop/cart", agent.Agent{ID: 4, Name: "lab", TokenCount: agent.Unread}, agent.StatusUnknown, 0)},
		},
		Pager: Pager{Page: 2, Pages: 3, Prev: "?page=1", Next: "?page=3"},
		Pictures: FleetPictures{
			MaxAge: 90 * 24 * time.Hour, TooOldURL: "/portal/?attention=too_old",
			Ages: []fleet.AgeBar{{To: 45 * 24 * time.Hour, Tokens: 40}, {From: 45 * 24 * time.Hour, To: 90 * 24 * time.Hour}, {From: 90 * 24 * time.Hour, Tokens: 1, TooOld: true}},
		},
	}
	for _, status := range agent.Statuses() {
		m.Statuses = append(m.Statuses, FleetFilter{Status: status, Count: 1, URL: "/portal/?status=" + string(status)})
	}
	for _, group := range []string{"shop", hostileName, ""} {
		bar := FleetGroupBar{Group: group, Total: 7}
		if group != "" {
			bar.URL = "/portal/?group=x"
		}
		for i, status := range agent.Statuses() {
			bar.Segments = append(bar.Segments, FleetSegment{Status: status, Count: i, URL: bar.URL})
		}
		m.Pictures.Groups = append(m.Pictures.Groups, bar)
	}
	return m
}

// troubledFleet is stale, being read again, incomplete and without GraphQL.
func troubledFleet() FleetModel {
	m := testFleet()
	m.Scan, m.ReadAt, m.Fallback, m.MoreWarnings = testScan(), before(3*time.Minute), agent.FallbackRefused, 5
	m.Warnings = []FleetWarning{{Warning: fleet.Warning{Kind: fleet.ListIncomplete}, RetryURL: "/portal/?retry=1"}}
	for id, kind := range []fleet.WarningKind{fleet.Unavailable, fleet.Slow, fleet.NotVisible, fleet.RateLimited} {
		project := &agent.Project{ID: int64(id + 1), Path: hostileName}
		m.Warnings = append(m.Warnings, FleetWarning{Warning: fleet.Warning{Project: project, Kind: kind}, RetryURL: "/portal/?retry=1"})
	}
	return m
}

func TestFleetWaitsWithAProgressBarAndAWayWithoutScript(t *testing.T) {
	t.Parallel()
	p := testPage(i18n.English)
	p.WaitURL = testScan().WaitURL
	waiting := FleetModel{Scan: testScan()}
	page := render(t, FleetPage(p, waiting))
	wantCount(t, page.Selection, "#fleet progress[value='7'][max='20']", 1)
	wantText(t, page.Selection, "#fleet label[for=scan]", "7 of 20 projects read")
	wantCount(t, page.Selection, "#fleet table", 0)
	wantAttr(t, page.Selection, "#fleet", "hx-trigger", "ready")
	wantCount(t, page.Selection, `head noscript`, 1)
	if !strings.Contains(page.Find("head noscript").Text()+html(t, FleetPage(p, waiting)), `content="0;url=/portal/?q=a&amp;wait=1"`) {
		t.Error("a browser without script is led nowhere")
	}
	wantCount(t, render(t, FleetProgress(p, fleet.Progress{})).Selection, "progress:not([value])", 1)
}

func TestFleetShowsItsRows(t *testing.T) {
	t.Parallel()
	page := render(t, FleetPage(testPage(i18n.English), testFleet()))
	row := func(n int) *goquery.Selection { return page.Find("table.fleet tbody tr").Eq(n) }
	wantText(t, row(0), "td.wide", "shop/web/checkout")
	wantText(t, row(0), "td[data-label='Oldest']", "100 days")
	wantText(t, row(0), ".due", "Old token")
	wantText(t, row(0), ".due", "Unfinished rotation")
	wantCount(t, row(0), ".actions a", 1)
	wantText(t, row(1), "td[data-label='Oldest']", "30 hours")
	wantCount(t, row(1), ".due a, .actions a", 0)
	wantText(t, row(2), "td[data-label='Last contact']", "Never")
	wantText(t, row(3), "td[data-label='Last contact']", "Unknown")
	wantText(t, row(3), "td[data-label='Tokens']", "Unknown")
	wantText(t, page.Selection, ".fleet-state", "Updated 12 seconds ago")
	wantCount(t, page.Selection, "th[aria-sort=descending]", 1)
	wantCount(t, page.Selection, ".filters [data-kind=idle]", 0)
	wantCount(t, page.Selection, ".filters [data-kind=too_old][aria-current=true]", 1)
}

func TestFleetSelectsWhatCanBeManaged(t *testing.T) {
	t.Parallel()
	page := render(t, FleetPage(testPage(i18n.English), testFleet()))
	form := page.Find("form.selection")
	wantCount(t, page.Selection, "input[name=agent]", 1)
	wantText(t, form, "label:has([name=agent])", "Select prod-eu of shop/web/checkout")
	wantCount(t, form, ".selection-bar button.button:not([type=button], [form])", 3)
	wantAttr(t, page.Find("table.fleet tbody tr").Eq(1), ".select .why", "title", "Not selectable: you need the Maintainer role.")
	wantCount(t, form, "tbody tr:has(.select) .due a.badge", 2)
	wantCount(t, form, "tbody tr:has(.select .why) .due a.badge", 0)
	wantCount(t, form, "thead td:first-child", 1)
	readOnly := testFleet()
	readOnly.Rows = readOnly.Rows[1:]
	wantCount(t, render(t, FleetPage(testPage(i18n.English), readOnly)).Selection, "form.selection, .select, [name=agent]", 0)
}

func TestFleetNamesWhatIsMissing(t *testing.T) {
	t.Parallel()
	page := render(t, FleetPage(testPage(i18n.English), troubledFleet()))
	wantCount(t, page.Selection, ".fleet-warnings li", 5)
	wantCount(t, page.Selection, ".fleet-warnings li a[hx-get]", 5)
	wantText(t, page.Selection, ".fleet-warnings", "5 more projects are missing")
	wantText(t, page.Selection, "#fleet", "GitLab does not let you use GraphQL")
	wantText(t, page.Selection, ".fleet-state", "Updated 3 minutes ago")
	wantCount(t, page.Selection, ".fleet-state [hx-sse\\:connect]", 1)
	wantCount(t, page.Selection, "table.fleet", 1)
}

func TestPicturesHaveTheirNumbersBehindThem(t *testing.T) {
	t.Parallel()
	m := testFleet()
	m.Charts = true
	page := render(t, FleetPage(testPage(i18n.English), m))
	groups := page.Find("figure").First()
	if rows := groups.Find("table.data tbody tr").Length(); rows != len(m.Pictures.Groups) {
		t.Errorf("the table of groups has %d rows, want %d", rows, len(m.Pictures.Groups))
	}
	for i, bar := range m.Pictures.Groups {
		for j, segment := range m.Pictures.draw(i18n.For(i18n.English), bar) {
			rect := groups.Find("svg").Eq(i).Find("rect").Eq(j)
			if !strings.HasSuffix(rect.Find("title").Text(), segment.title(i18n.For(i18n.English))) {
				t.Errorf("segment %d of group %d is titled %q", j, i, rect.Find("title").Text())
			}
		}
	}
	ages := page.Find("figure").Last()
	wantCount(t, ages, "table.data tbody tr", len(m.Pictures.Ages))
	wantCount(t, ages, "svg rect", 2) // of three, one is empty
	wantCount(t, ages, "svg line.age-line", 1)
	wantCount(t, ages, "svg a.mark[aria-label] rect.age-old", 1)
	wantCount(t, ages, "svg g.mark[tabindex='0'][role=img][aria-label]", 1)
	wantText(t, ages, ".age-scale", "40 20 0")
}

func TestSegmentsStayWithinThePicture(t *testing.T) {
	t.Parallel()
	pictures := testFleet().Pictures
	for _, bar := range pictures.Groups {
		end := 0
		for _, segment := range pictures.draw(i18n.For(i18n.English), bar) {
			if segment.x < end || segment.width <= 0 || segment.x+segment.width > barWidth || segment.height <= 0 {
				t.Errorf("a segment from %d, %d wide, after %d", segment.x, segment.width, end)
			}
			end = segment.x + segment.width
		}
	}
	for _, bar := range pictures.drawAges() {
		if bar.y+bar.height != ageHeight || bar.height < 0 || bar.Tokens > 0 && bar.height < ageLeastSeen {
			t.Errorf("a bar of %d tokens is %d high at %d", bar.Tokens, bar.height, bar.y)
		}
	}
}

func TestPickerIsAListBox(t *testing.T) {
	t.Parallel()
	m := PaletteModel{
		Agents:   []fleet.Row{testFleetRow("shop/web", agent.Agent{ID: 7, Name: hostileName}, agent.StatusConnected, time.Minute)},
		Projects: []agent.Project{{ID: 20, Name: "checkout", Path: "shop/checkout"}, {ID: 21, Name: hostileName, Path: hostileName}},
		Actions:  []PaletteAction{{Text: "Activity", URL: "/portal/activity", Icon: IconHistory}}, Unread: true,
	}
	picker := render(t, Palette(testPage(i18n.English), m))
	wantAttr(t, picker.Selection, "input", "role", "combobox")
	wantAttr(t, picker.Selection, "input", "aria-controls", "picker-list")
	wantCount(t, picker.Selection, "#picker-list[role=listbox] [role=group] a[role=option][tabindex='-1'][href]", 4)
	wantText(t, picker.Selection, "#find-agent-7", "shop/web")
	wantCount(t, picker.Selection, "#find-agent-7 [data-status=connected]", 1)
	wantText(t, render(t, PaletteOptions(testPage(i18n.English), PaletteModel{})).Selection, "[role=option]", "Nothing matches")
	visitor := testPage(i18n.English)
	visitor.User = nil
	wantCount(t, render(t, WelcomePage(visitor, WelcomeModel{})).Selection, "#picker-link", 0)
	wantCount(t, render(t, FleetPage(testPage(i18n.English), testFleet())).Selection, "header a#picker-link[href='/portal/find'][aria-keyshortcuts='/ Control+K']", 1)
}

func TestAFleetRowTellsTheAgeOfItsOldestToken(t *testing.T) {
	t.Parallel()
	tests := map[time.Duration]string{
		-time.Minute:         "<1 hour", // GitLab's clock is ahead
		20 * time.Minute:     "<1 hour",
		time.Hour:            "1 hour",
		30 * time.Hour:       "30 hours",
		100 * 24 * time.Hour: "100 days",
	}
	for age, want := range tests {
		row := testFleetRow("a", agent.Agent{Tokens: []agent.Token{{CreatedAt: testNow().Add(-age)}}}, agent.StatusConnected, 0)
		if got := (FleetRow{Row: row}).age(i18n.For(i18n.English), testNow()); got != want {
			t.Errorf("age %v reads %q, want %q", age, got, want)
		}
	}
}
