package target

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"strconv"
	"strings"

	"gitlab-agent-portal/internal/notify/message"
)

// What the receivers take at most, in bytes, with room for what is around the text.
const (
	slackText      = 3000  // https://docs.slack.dev/reference/methods/chat.postMessage: 4,000 characters are well
	mattermostText = 12000 // 16,383 characters
	teamsText      = 20000 // a card of 28 KB
	feishuText     = 15000 // a request of 20 KB
	dingTalkText   = 15000 // a message of 20,000 bytes
	weComText      = 2000  // a text of 2,048 bytes
)

// body is the message as the receiver wants it.
func (w Webhook) body(m message.Message) ([]byte, error) {
	if w.As == KindJSON {
		return m.JSON()
	}
	form, err := w.form(m)
	if err != nil {
		return nil, err
	}
	body, err := json.Marshal(form)
	if err != nil {
		return nil, fmt.Errorf("write a message as JSON: %w", err)
	}
	return body, nil
}

// form is the JSON of a chat. Where a chat takes text without marking up, it is sent so: names stay what
// they are, and call nobody.
func (w Webhook) form(m message.Message) (any, error) {
	switch w.As {
	case KindSlack: // https://docs.slack.dev/messaging/formatting-message-text
		return map[string]any{"text": forSlack(m.Text(slackText)), "mrkdwn": false, "unfurl_links": false}, nil
	case KindMattermost: // https://developers.mattermost.com/integrate/webhooks/incoming/
		return map[string]any{"text": forMattermost(m.Text(mattermostText))}, nil
	case KindTeams:
		return teamsCard(m), nil
	case KindFeishu: // https://open.feishu.cn/document/client-docs/bot-v3/add-custom-bot
		form := map[string]any{"msg_type": "text", "content": map[string]any{"text": m.Text(feishuText)}}
		if !w.Secret.IsZero() {
			timestamp := strconv.FormatInt(w.Now().Unix(), 10)
			form["timestamp"], form["sign"] = timestamp, hmacBase64(timestamp+"\n"+w.Secret.Reveal(), "")
		}
		return form, nil
	case KindDingTalk: // https://open.dingtalk.com/document/orgapp/custom-robots-send-group-messages
		return textMessage(m.Text(dingTalkText)), nil
	case KindWeCom: // https://developer.work.weixin.qq.com/document/path/91770
		return textMessage(m.Text(weComText)), nil
	default:
		return nil, errors.New("there is no such kind of webhook")
	}
}

func textMessage(text string) map[string]any {
	return map[string]any{"msgtype": "text", "text": map[string]any{"content": text}}
}

// address is where to send. DingTalk wants its signature there.
func (w Webhook) address() (string, error) {
	if w.As != KindDingTalk || w.Secret.IsZero() {
		return w.URL.Reveal(), nil
	}
	u, err := url.Parse(w.URL.Reveal())
	if err != nil {
		return "", errors.New("the receiver's address cannot be used")
	}
	timestamp := strconv.FormatInt(w.Now().UnixMilli(), 10)
	query := u.Query()
	query.Set("timestamp", timestamp)
	query.Set("sign", hmacBase64(w.Secret.Reveal(), timestamp+"\n"+w.Secret.Reveal()))
	u.RawQuery = query.Encode()
	return u.String(), nil
}

func hmacBase64(key, text string) string {
	sum := hmac.New(sha256.New, []byte(key))
	sum.Write([]byte(text))
	return base64.StdEncoding.EncodeToString(sum.Sum(nil))
}

// forSlack escapes what Slack reads as a control sequence in any text.
func forSlack(text string) string {
	return strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;").Replace(text)
}

// forMattermost keeps Markdown from reading anything into a text but its links.
func forMattermost(text string) string {
	escape := strings.NewReplacer(`\`, `\\`, "`", "\\`", "*", `\*`, "_", `\_`, "~", `\~`, "[", `\[`, "]", `\]`, "#", `\#`, "<", `\<`, "|", `\|`, "@", "@\u200b")
	var lines []string
	for line := range strings.SplitSeq(text, "\n") {
		if !strings.HasPrefix(line, "https://") && !strings.HasPrefix(line, "http://") {
			line = escape.Replace(line)
		}
		lines = append(lines, line)
	}
	return strings.Join(lines, "\n")
}

// teamsCard is a message for a workflow of Teams': an adaptive card, in which nothing is marked up
// (https://learn.microsoft.com/power-automate/teams/teams-app-create).
func teamsCard(m message.Message) map[string]any {
	var blocks []any
	for i, line := range strings.Split(m.Text(teamsText), "\n") {
		if line == "" || line == m.URL {
			continue
		}
		run := map[string]any{"type": "TextRun", "text": line}
		if i == 0 {
			run["weight"] = "bolder"
		}
		blocks = append(blocks, map[string]any{"type": "RichTextBlock", "inlines": []any{run}})
	}
	card := map[string]any{
		"$schema": "http://adaptivecards.io/schemas/adaptive-card.json", "type": "AdaptiveCard", "version": "1.4", "body": blocks,
		"actions": []any{map[string]any{"type": "Action.OpenUrl", "title": m.LinkText(), "url": m.URL}},
	}
	return map[string]any{"type": "message", "attachments": []any{
		map[string]any{"contentType": "application/vnd.microsoft.card.adaptive", "contentUrl": nil, "content": card},
	}}
}
