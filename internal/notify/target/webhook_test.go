package target_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"

	"gitlab-agent-portal/gitlabapi"
	"gitlab-agent-portal/internal/alert"
	"gitlab-agent-portal/internal/i18n"
	"gitlab-agent-portal/internal/notify/message"
	"gitlab-agent-portal/internal/notify/outbound"
	"gitlab-agent-portal/internal/notify/target"
)

var now = time.Date(2026, 11, 24, 9, 0, 0, 0, time.UTC)

// note is a message about an agent whose names hold what chats read as more than text, as far as GitLab
// allows it.
func note() message.Message {
	links := message.Links{Alerts: "https://portal/alerts", Agent: func(int64, int64) string { return "https://portal/a_b/agent" }}
	return message.Write(i18n.For(i18n.English), links, message.Batch{Name: "its-name", At: now, Changes: []alert.Change{{Alert: alert.Alert{
		ID: 1, Kind: alert.Idle, Subject: alert.Subject{ProjectID: 7, ProjectPath: "shop/a_b_c", AgentID: 9, AgentName: "pr<o>d"}, Since: now,
	}}}})
}

const (
	plainText = "[Info] pr<o>d of shop/a_b_c has a token that is not used any more\n\nsince 2026-11-24 09:00 UTC\n\nSee who has the token, and revoke it if nobody needs it.\n\nhttps://portal/a_b/agent"
	whsec     = "whsec_MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE="
)

// exchange is what a receiver was sent.
type exchange struct {
	path   string
	header http.Header
	body   []byte
}

// send sends the note to a receiver that answers so.
func send(t *testing.T, w target.Webhook, status int, header, answer string) (exchange, error) {
	t.Helper()
	var got exchange
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		got = exchange{r.URL.RequestURI(), r.Header, body}
		if header != "" {
			w.Header().Set("Retry-After", header)
		}
		w.WriteHeader(status)
		_, _ = io.WriteString(w, answer)
	}))
	t.Cleanup(server.Close)
	w.URL = gitlabapi.NewSecret(server.URL + "/hook?access_token=canary")
	w.Client = outbound.NewClient(outbound.Options{Allowed: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}})
	if w.Now == nil {
		w.Now = func() time.Time { return now }
	}
	err := w.Send(t.Context(), note())
	return got, err
}

func TestEveryChatGetsItsForm(t *testing.T) {
	t.Parallel()
	const well = `{"code":0,"errcode":0}`
	quoted := func(text string) string {
		content, err := json.Marshal(text)
		if err != nil {
			t.Fatal(err)
		}
		return string(content)
	}
	for _, tt := range []struct {
		as     target.Kind
		secret string
		want   string
		path   string
	}{
		{target.KindSlack, "", `{"text":` + quoted(strings.NewReplacer("<", "&lt;", ">", "&gt;").Replace(plainText)) + `,"mrkdwn":false,"unfurl_links":false}`, "/hook?access_token=canary"},
		{target.KindMattermost, "", `{"text":` + quoted(strings.NewReplacer("[Info]", `\[Info\]`, "a_b_c", `a\_b\_c`, "<", `\<`).Replace(plainText)) + `}`, "/hook?access_token=canary"},
		{target.KindFeishu, "", `{"msg_type":"text","content":{"text":` + quoted(plainText) + `}}`, "/hook?access_token=canary"},
		// The signatures are those of openssl dgst -sha256 -hmac.
		{target.KindFeishu, "SECfeishu", `{"timestamp":"1795510800","sign":"T0L4sUKBARIJ/A4nrG18O+UCy42K7qwnuDvIgO7TDUU=","msg_type":"text","content":{"text":` + quoted(plainText) + `}}`, "/hook?access_token=canary"},
		{target.KindDingTalk, "", `{"msgtype":"text","text":{"content":` + quoted(plainText) + `}}`, "/hook?access_token=canary"},
		{target.KindDingTalk, "SECdingtalk", `{"msgtype":"text","text":{"content":` + quoted(plainText) + `}}`, "/hook?access_token=canary&sign=VGVXsUD7AhYDFWT7ZbpJh1ZdJdIDCEr0RHDb44hkMIU%3D&timestamp=1795510800000"},
		{target.KindWeCom, "", `{"msgtype":"text","text":{"content":` + quoted(plainText) + `}}`, "/hook?access_token=canary"},
	} {
		got, err := send(t, target.Webhook{As: tt.as, Secret: gitlabapi.NewSecret(tt.secret)}, http.StatusOK, "", well)
		if err != nil {
			t.Errorf("%s: %v", tt.as, err)
			continue
		}
		if diff := cmp.Diff(decoded(t, []byte(tt.want)), decoded(t, got.body)); diff != "" || got.path != tt.path {
			t.Errorf("%s at %s, want %s (-want +got):\n%s", tt.as, got.path, tt.path, diff)
		}
		if got.header.Get("Content-Type") != "application/json; charset=utf-8" {
			t.Errorf("%s: the type is %s", tt.as, got.header.Get("Content-Type"))
		}
	}
}

func decoded(t *testing.T, text []byte) any {
	t.Helper()
	var value any
	if err := json.Unmarshal(text, &value); err != nil {
		t.Fatalf("%v: %s", err, text)
	}
	return value
}

func TestTeamsGetsACardWithoutMarkup(t *testing.T) {
	t.Parallel()
	got, err := send(t, target.Webhook{As: target.KindTeams}, http.StatusAccepted, "", "")
	if err != nil {
		t.Fatal(err)
	}
	var card struct {
		Type        string
		Attachments []struct {
			ContentType string
			Content     struct {
				Type, Version string
				Body          []struct {
					Type    string
					Inlines []struct{ Type, Text string }
				}
				Actions []struct{ Type, Title, URL string }
			}
		}
	}
	if err := json.Unmarshal(got.body, &card); err != nil {
		t.Fatal(err)
	}
	if card.Type != "message" || len(card.Attachments) != 1 || card.Attachments[0].ContentType != "application/vnd.microsoft.card.adaptive" {
		t.Fatalf("the card is %s", got.body)
	}
	content := card.Attachments[0].Content
	var lines []string
	for _, block := range content.Body {
		if block.Type != "RichTextBlock" || block.Inlines[0].Type != "TextRun" {
			t.Errorf("a block is %+v, want plain text", block)
		}
		lines = append(lines, block.Inlines[0].Text)
	}
	if got := strings.Join(lines, "|"); got != "[Info] pr<o>d of shop/a_b_c has a token that is not used any more|since 2026-11-24 09:00 UTC|See who has the token, and revoke it if nobody needs it." {
		t.Errorf("the card says %s", got)
	}
	if action := content.Actions[0]; action.Type != "Action.OpenUrl" || action.Title != "Open in the portal" || action.URL != "https://portal/a_b/agent" {
		t.Errorf("the card leads by %+v", action)
	}
}

func TestJSONIsSignedAsStandardWebhooksSays(t *testing.T) {
	t.Parallel()
	got, err := send(t, target.Webhook{As: target.KindJSON, Secret: gitlabapi.NewSecret(whsec), Now: time.Now}, http.StatusNoContent, "", "")
	if err != nil {
		t.Fatal(err)
	}
	verifier, err := standardwebhooks.NewWebhook(whsec)
	if err != nil {
		t.Fatal(err)
	}
	if err := verifier.Verify(got.body, got.header); err != nil || got.header.Get("webhook-id") != "its-name" {
		t.Errorf("the signature of %s: %v", got.header.Get("webhook-id"), err)
	}
	if err := verifier.Verify(append(got.body, ' '), got.header); err == nil {
		t.Error("another body has the same signature")
	}
}

func TestAnAnswerThatMeansNoIsAnError(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		as     target.Kind
		status int
		after  string
		answer string
		want   *target.RejectionError // nil for a message that was taken
	}{
		{target.KindSlack, 200, "", "ok", nil},
		{target.KindSlack, 404, "", "no_service canary", &target.RejectionError{Status: 404}},
		{target.KindSlack, 302, "", "", &target.RejectionError{Status: 302}},
		{target.KindMattermost, 429, "90", "", &target.RejectionError{Status: 429, After: 90 * time.Second}},
		{target.KindTeams, 503, "999999", "", &target.RejectionError{Status: 503, After: time.Hour}},
		{target.KindTeams, 503, "soon", "", &target.RejectionError{Status: 503}},
		{target.KindFeishu, 200, "", `{"code":0,"msg":"success"}`, nil},
		{target.KindFeishu, 200, "", `{"code":19021,"msg":"sign match fail canary"}`, &target.RejectionError{Status: 200, Code: 19021}},
		{target.KindDingTalk, 200, "", `{"errcode":310000,"errmsg":"canary"}`, &target.RejectionError{Status: 200, Code: 310000}},
		{target.KindWeCom, 200, "", `{"errcode":45009,"errmsg":"canary"}`, &target.RejectionError{Status: 200, Code: 45009}},
		{target.KindWeCom, 200, "", `<html>canary</html>`, &target.RejectionError{Status: 200}},
		{target.KindWeCom, 200, "", `{}`, &target.RejectionError{Status: 200}},
	} {
		_, err := send(t, target.Webhook{As: tt.as}, tt.status, tt.after, tt.answer)
		what := fmt.Sprintf("%s that answers %d %s", tt.as, tt.status, tt.answer)
		if tt.want == nil {
			if err != nil {
				t.Errorf("%s: %v", what, err)
			}
			continue
		}
		got, ok := errors.AsType[*target.RejectionError](err)
		if !ok || *got != *tt.want || !errors.Is(err, target.ErrRejected) || strings.Contains(err.Error(), "canary") {
			t.Errorf("%s: %v (%+v), want %+v and nothing of what was written", what, err, got, tt.want)
		}
	}
}
