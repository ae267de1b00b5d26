package message_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"gitlab-agent-portal/internal/alert"
	"gitlab-agent-portal/internal/i18n"
	"gitlab-agent-portal/internal/notify/message"
)

var began = time.Date(2026, 11, 24, 2, 10, 0, 0, time.UTC)

func links() message.Links {
	return message.Links{Alerts: "https://portal/alerts", Agent: func(project, agent int64) string {
		return fmt.Sprintf("https://portal/%d/%d", project, agent)
	}}
}

// changes are those of count agents; one that is over ended an hour after it began.
func changes(kind alert.Kind, count int, over bool) []alert.Change {
	var all []alert.Change
	for i := range count {
		one := alert.Alert{ID: int64(i + 1), Kind: kind, Since: began.Add(time.Duration(i) * time.Minute), OpenedAt: began.Add(30 * time.Minute)}
		if !kind.OfWatch() {
			one.Subject = alert.Subject{ProjectID: 7, ProjectPath: "shop/web/app", AgentID: int64(i + 1), AgentName: fmt.Sprintf("agent-%d", i+1)}
		}
		if over {
			one.ResolvedAt = began.Add(time.Hour)
		}
		all = append(all, alert.Change{Alert: one})
	}
	return all
}

func write(lang i18n.Lang, all []alert.Change) message.Message {
	return message.Write(i18n.For(lang), links(), message.Batch{Name: "name", At: began, Changes: all})
}

func TestOneChangeNamesItsAgent(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		lang i18n.Lang
		over bool
		want string
	}{
		{i18n.English, false, "[Critical] agent-1 of shop/web/app lost contact\n\nsince 2026-11-24 02:10 UTC\n\nSee whether the cluster and the agent’s pods run, and what their log says.\n\nhttps://portal/7/1"},
		{i18n.English, true, "Resolved: agent-1 of shop/web/app lost contact\n\nuntil 2026-11-24 03:10 UTC\n\nhttps://portal/7/1"},
		{i18n.Chinese, false, "【严重】shop/web/app 的代理 agent-1 失去联系\n\n始于 2026-11-24 02:10 UTC\n\n请检查集群和代理的 Pod 是否在运行，并查看它们的日志。\n\nhttps://portal/7/1"},
		{i18n.Chinese, true, "【已恢复】shop/web/app 的代理 agent-1 失去联系\n\n截至 2026-11-24 03:10 UTC\n\nhttps://portal/7/1"},
	} {
		if diff := cmp.Diff(tt.want, write(tt.lang, changes(alert.Disconnected, 1, tt.over)).Text(4000)); diff != "" {
			t.Errorf("in %s, over: %v (-want +got):\n%s", tt.lang, tt.over, diff)
		}
	}
}

func TestAStormIsOneMessage(t *testing.T) {
	t.Parallel()
	all := changes(alert.Disconnected, 37, false)
	m := write(i18n.English, all)
	if m.Heading != "[Critical] 37 agents of shop/web lost contact since 2026-11-24 02:10 UTC" || m.URL != "https://portal/alerts" {
		t.Errorf("the heading is %q, leading to %s", m.Heading, m.URL)
	}
	if len(m.Lines) != message.MaxItems+1 || m.Lines[0] != "agent-1 of shop/web/app: since 2026-11-24 02:10 UTC" || m.Lines[message.MaxItems] != "and 17 more" {
		t.Errorf("the lines are %q", m.Lines)
	}
	for path, want := range map[string]string{
		"shop/api":     "[Critical] 37 agents of shop lost contact since 2026-11-24 02:10 UTC",
		"shopping/api": "[Critical] 37 agents lost contact since 2026-11-24 02:10 UTC",
	} {
		all[36].ProjectPath = path
		if got := write(i18n.English, all).Heading; got != want {
			t.Errorf("with %s the heading is %q, want %q", path, got, want)
		}
	}
	all[36].ProjectPath = "shop/api"
	if got, want := write(i18n.Chinese, all).Heading, "【严重】shop 的 37 个代理自 2026-11-24 02:10 UTC 起失去联系"; got != want {
		t.Errorf("the heading is %q, want %q", got, want)
	}
}

func TestEveryKindHasWordsForOneAndForMany(t *testing.T) {
	t.Parallel()
	for _, kind := range alert.Kinds() {
		for _, lang := range []i18n.Lang{i18n.English, i18n.Chinese} {
			for _, count := range []int{1, 2} {
				text := write(lang, changes(kind, count, false)).Text(4000)
				if strings.Contains(text, "notify.") || strings.Contains(text, "{{") {
					t.Errorf("%d of %s in %s: %s", count, kind, lang, text)
				}
			}
		}
	}
}

func TestADigestCountsByKind(t *testing.T) {
	t.Parallel()
	all := append(changes(alert.TokenDue, 3, false), changes(alert.Disconnected, 2, true)...)
	for lang, want := range map[i18n.Lang]string{
		i18n.English: "Agents this week: 3 new alerts, 2 resolved\n\nLost contact: 0 new, 2 resolved\nToken due: 3 new, 0 resolved\n\nhttps://portal/alerts",
		i18n.Chinese: "本周代理概况：新增告警 3 条，恢复 2 条\n\n失去联系：新增 0 条，恢复 2 条\n令牌即将到期：新增 3 条，恢复 0 条\n\nhttps://portal/alerts",
	} {
		m := message.Write(i18n.For(lang), links(), message.Batch{Name: "name", At: began, Digest: true, Changes: all})
		if diff := cmp.Diff(want, m.Text(4000)); diff != "" || m.Type != "alert.digest" {
			t.Errorf("%s in %s (-want +got):\n%s", m.Type, lang, diff)
		}
	}
}

func TestATextKeepsItsBoundItsHeadingAndItsLink(t *testing.T) {
	t.Parallel()
	m := write(i18n.Chinese, changes(alert.Disconnected, 37, false))
	for limit := 300; limit <= 3000; limit += 7 {
		text := m.Text(limit)
		if len(text) > limit || !strings.HasPrefix(text, m.Heading+"\n") || !strings.HasSuffix(text, "\n"+m.URL) {
			t.Fatalf("within %d bytes it is %d: %s", limit, len(text), text)
		}
		if named := strings.Count(text, "agent-"); named > 0 && !strings.Contains(text, fmt.Sprintf("另有 %d 个", 37-named)) {
			t.Fatalf("within %d bytes it names %d and does not say how many more: %s", limit, named, text)
		}
	}
}

func TestJSONHasEveryChange(t *testing.T) {
	t.Parallel()
	all := changes(alert.Disconnected, 25, true)
	text, err := write(i18n.English, all).JSON()
	if err != nil {
		t.Fatal(err)
	}
	var got struct {
		Type string
		Data struct {
			Kind, Severity, URL string
			Alerts              []map[string]any
		}
	}
	if err := json.Unmarshal(text, &got); err != nil {
		t.Fatal(err)
	}
	if got.Type != "alert.resolved" || got.Data.Kind != "disconnected" || got.Data.Severity != "critical" || len(got.Data.Alerts) != 25 {
		t.Errorf("the message is %s", text)
	}
	want := map[string]any{
		"id": 3.0, "state": "resolved", "kind": "disconnected", "severity": "critical", "group": "shop/web", "project_id": 7.0, "project": "shop/web/app", "agent_id": 3.0, "agent": "agent-3",
		"since": "2026-11-24T02:12:00Z", "opened_at": "2026-11-24T02:40:00Z", "resolved_at": "2026-11-24T03:10:00Z", "url": "https://portal/7/3",
	}
	if diff := cmp.Diff(want, got.Data.Alerts[2]); diff != "" {
		t.Errorf("an alert (-want +got):\n%s", diff)
	}
	ofWatch, err := write(i18n.English, changes(alert.WatchFailing, 1, false)).JSON()
	if err != nil || strings.Contains(string(ofWatch), "agent_id") || !strings.Contains(string(ofWatch), `"url":"https://portal/alerts"`) {
		t.Errorf("an alert of the watch is %s, %v", ofWatch, err)
	}
}

func TestJSONOfAStormStaysWithinWhatReceiversTake(t *testing.T) {
	t.Parallel()
	text, err := write(i18n.English, changes(alert.Disconnected, 10_000, false)).JSON()
	if err != nil {
		t.Fatal(err)
	}
	if len(text) > 1<<19 || !strings.Contains(string(text), `"more":9000`) || strings.Count(string(text), `"state"`) != message.MaxInJSON {
		t.Errorf("it has %d bytes, and %d alerts: %s", len(text), strings.Count(string(text), `"state"`), text[max(0, len(text)-100):])
	}
	if few, err := write(i18n.English, changes(alert.Disconnected, 25, false)).JSON(); err != nil || strings.Contains(string(few), "more") {
		t.Errorf("of a few it is %s, %v", few, err)
	}
}
