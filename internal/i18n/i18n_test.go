package i18n

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestMatch(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		cookie, header string
		want           Lang
	}{
		"nothing said":                      {"", "", English},
		"the choice wins over the browser":  {"en", "zh-CN", English},
		"a choice of Chinese":               {"zh-CN", "en", Chinese},
		"a choice that is none":             {"xx'; DROP", "zh-CN,zh;q=0.9", Chinese},
		"the browser asks for Chinese":      {"", "zh-CN,zh;q=0.9,en;q=0.8", Chinese},
		"Chinese without a country":         {"", "zh", Chinese},
		"Chinese in other characters":       {"", "zh-TW", Chinese},
		"English preferred":                 {"", "en-GB,en;q=0.9,zh;q=0.5", English},
		"a language the portal lacks":       {"", "fr-FR,fr;q=0.9", English},
		"one it lacks, then one it has":     {"", "fr;q=0.9,zh;q=0.8", Chinese},
		"a header that is none":             {"", ";;;=\x00", English},
		"a header of a hundred thousand ;s": {"", string(make([]byte, 100_000)), English},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if got := Match(test.cookie, test.header); got != test.want {
				t.Errorf("Match(%q, …) = %s, want %s", test.cookie, got, test.want)
			}
		})
	}
}

func TestForUnknownLanguageSpeaksEnglish(t *testing.T) {
	t.Parallel()
	if got := For("fr").Lang(); got != English {
		t.Errorf("Lang() = %s, want %s", got, English)
	}
}

func TestText(t *testing.T) {
	t.Parallel()
	en, zh := For(English), For(Chinese)
	tests := map[string]struct{ got, want string }{
		"plain":                     {en.T("agents.register"), "Register agent"},
		"Chinese":                   {zh.T("agents.register"), "注册代理"},
		"filled in":                 {en.T("agents.heading", "Project", "shop"), "Agents of shop"},
		"the right value":           {en.T("common.page_of", "Pages", 3, "Page", 2), "Page 2 of 3"},
		"a value is not a template": {en.T("agents.heading", "Project", "{{.Count}}"), "Agents of {{.Count}}"},
		"a forgotten value shows":   {en.T("agents.heading", "Agent", "x"), "Agents of {{.Project}}"},
		"an odd value":              {en.T("agents.heading", "Project", int64(7)), "Agents of 7"},
		"a name without its value":  {en.T("agents.heading", "Project"), "Agents of {{.Project}}"},
		"an unknown id shows":       {en.T("agents.no_such"), "agents.no_such"},
		"one":                       {en.N("projects.found", 1), "1 project"},
		"none":                      {en.N("projects.found", 0), "0 projects"},
		"many":                      {en.N("projects.found", 21), "21 projects"},
		"Chinese has one form":      {zh.N("projects.found", 1), "1 个项目"},
		"an unknown plural shows":   {en.N("projects.no_such", 2), "projects.no_such"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if test.got != test.want {
				t.Errorf("got %q, want %q", test.got, test.want)
			}
		})
	}
}

func TestParts(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		got, want []Part
	}{
		"a value inside":   {For(English).Parts("agents.delete.heading", "Agent", "x"), []Part{{"Delete agent ", ""}, {"x", "Agent"}, {"?", ""}}},
		"a value in front": {For(Chinese).Parts("agents.heading", "Project", "x"), []Part{{"x", "Project"}, {" 的代理", ""}}},
		"no value":         {For(English).Parts("agents.register"), []Part{{"Register agent", ""}}},
		"an unknown id":    {For(English).Parts("no.such"), []Part{{"no.such", ""}}},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if diff := cmp.Diff(test.want, test.got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func TestAgo(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 11, 24, 3, 7, 0, 0, time.UTC)
	tests := []struct {
		since   time.Duration
		en, zh  string
		comment string
	}{
		{-time.Hour, "2026-11-24 04:07 UTC", "2026-11-24 04:07 UTC", "a clock ahead of ours"},
		{-time.Minute, "2026-11-24 03:08 UTC", "2026-11-24 03:08 UTC", ""},
		{-59 * time.Second, "just now", "刚刚", "clocks never agree to the second"},
		{59 * time.Second, "just now", "刚刚", ""},
		{time.Minute, "1 minute ago", "1 分钟前", ""},
		{59*time.Minute + 59*time.Second, "59 minutes ago", "59 分钟前", "rounded down"},
		{time.Hour, "1 hour ago", "1 小时前", ""},
		{23 * time.Hour, "23 hours ago", "23 小时前", ""},
		{24 * time.Hour, "1 day ago", "1 天前", ""},
		{59 * day, "59 days ago", "59 天前", ""},
		{60 * day, "2 months ago", "2 个月前", ""},
		{729 * day, "24 months ago", "24 个月前", ""},
		{730 * day, "2 years ago", "2 年前", ""},
	}
	for _, test := range tests {
		then := now.Add(-test.since)
		if got := For(English).Ago(now, then); got != test.en {
			t.Errorf("Ago(%s) = %q, want %q", test.since, got, test.en)
		}
		if got := For(Chinese).Ago(now, then); got != test.zh {
			t.Errorf("Ago(%s) = %q, want %q", test.since, got, test.zh)
		}
	}
}

func TestDateIsUTCWhateverTheZone(t *testing.T) {
	t.Parallel()
	there := time.Date(2026, 11, 24, 11, 7, 59, 0, time.FixedZone("+08", 8*3600))
	if got, want := For(Chinese).Date(there), "2026-11-24 03:07 UTC"; got != want {
		t.Errorf("Date() = %q, want %q", got, want)
	}
}

func TestWhatStandsBetween(t *testing.T) {
	t.Parallel()
	en, zh := For(English), For(Chinese)
	tests := map[string]struct{ got, want string }{
		"sentences":            {en.Sentences("Done.", "Go on."), "Done. Go on."},
		"Chinese sentences":    {zh.Sentences("已完成。", "请继续。"), "已完成。请继续。"},
		"one sentence":         {en.Sentences("Done."), "Done."},
		"names":                {en.List([]string{"staging", "production"}), "staging, production"},
		"names within Chinese": {zh.List([]string{"staging", "production"}), "staging、production"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if test.got != test.want {
				t.Errorf("got %q, want %q", test.got, test.want)
			}
		})
	}
}
