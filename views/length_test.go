package views

import (
	"strings"
	"testing"
	"time"

	"gitlab-agent-portal/internal/agent"
	"gitlab-agent-portal/internal/fleet"
	"gitlab-agent-portal/internal/i18n"
)

const day = 24 * time.Hour

func TestLengthsAndLimits(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		d                         time.Duration
		length, limit, limitInChi string
	}{
		{90 * day, "90 days", "90 days", "90 天"},
		{day, "1 day", "1 day", "1 天"},
		{60 * time.Hour, "2 days", "60 hours", "60 小时"},
		{36 * time.Hour, "36 hours", "36 hours", "36 小时"},
		{time.Hour, "1 hour", "1 hour", "1 小时"},
		{90 * time.Minute, "90 minutes", "90 minutes", "90 分钟"},
		{30 * time.Minute, "30 minutes", "30 minutes", "30 分钟"},
		{150 * time.Minute, "2 hours", "150 minutes", "150 分钟"},
		{time.Second, "1 second", "1 second", "1 秒"},
		{0, "0 seconds", "0 seconds", "0 秒"},
		{-time.Hour, "0 seconds", "0 seconds", "0 秒"},
	} {
		en := i18n.For(i18n.English)
		if length, limit := Length(en, tt.d), Limit(en, tt.d); length != tt.length || limit != tt.limit {
			t.Errorf("%s is %q, and as a limit %q; want %q and %q", tt.d, length, limit, tt.length, tt.limit)
		}
		if limit := Limit(i18n.For(i18n.Chinese), tt.d); limit != tt.limitInChi {
			t.Errorf("%s is the limit %q, want %q", tt.d, limit, tt.limitInChi)
		}
	}
}

func TestAgesAreInWordsThatFitTheLimit(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		limit    time.Duration
		lang     i18n.Lang
		first    string
		axis     string
		last     string
		helpSays string
	}{
		{90 * day, i18n.English, "0–15 days", "0 limit: 90 days 180+", "180 days and more", "more than 90 days ago"},
		{7 * day, i18n.English, "0–1 day", "0 limit: 7 days 14+", "14 days and more", "more than 7 days ago"},
		{72 * time.Hour, i18n.English, "0–12 hours", "0 limit: 72 hours 144+", "144 hours and more", "more than 3 days ago"},
		{36 * time.Hour, i18n.English, "0–6 hours", "0 limit: 36 hours 72+", "72 hours and more", "more than 36 hours ago"},
		{time.Hour, i18n.English, "0–10 minutes", "0 limit: 60 minutes 120+", "120 minutes and more", "more than 1 hour ago"},
		{7 * day, i18n.Chinese, "0–1 天", "0 上限：7 天 14+", "至少 14 天", "已超过 7 天"},
		{36 * time.Hour, i18n.Chinese, "0–6 小时", "0 上限：36 小时 72+", "至少 72 小时", "已超过 36 小时"},
		{time.Hour, i18n.Chinese, "0–10 分钟", "0 上限：60 分钟 120+", "至少 120 分钟", "已超过 1 小时"},
	} {
		t.Run(tt.limit.String()+" "+string(tt.lang), func(t *testing.T) {
			t.Parallel()
			p := testPage(tt.lang)
			a := fleet.Agent{Project: &agent.Project{}}
			a.SetTokens([]agent.Token{{CreatedAt: p.Now}})
			rows := fleet.Rows([]fleet.Agent{a}, func(int64) bool { return false }, nil, agent.NewThresholds(tt.limit, tt.limit, tt.limit), p.Now)
			m := FleetPictures{MaxAge: tt.limit, Ages: fleet.AgeBars(rows, tt.limit, p.Now)}
			figure := render(t, FleetFigures(p, m)).Find("figure").Last()
			labels := figure.Find("table.data tbody th")
			if first, last := squeeze(labels.First().Text()), squeeze(labels.Last().Text()); first != tt.first || last != tt.last {
				t.Errorf("the ages begin with %q and end with %q, want %q and %q", first, last, tt.first, tt.last)
			}
			seen := map[string]bool{}
			for _, label := range labels.EachIter() {
				text := squeeze(label.Text())
				if seen[text] || strings.HasPrefix(text, "0 ") {
					t.Errorf("an age reads %q", text)
				}
				seen[text] = true
			}
			if axis := squeeze(figure.Find(".age-axis").Text()); axis != tt.axis {
				t.Errorf("the axis reads %q, want %q", axis, tt.axis)
			}
			help := StatusHelpModel{Limits: agent.NewThresholds(tt.limit, tt.limit, tt.limit)}
			if got := help.rule(p.L, agent.TooOld); !strings.Contains(got, tt.helpSays) {
				t.Errorf("the help says %q, want %q in it", got, tt.helpSays)
			}
		})
	}
}
