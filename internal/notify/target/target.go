// Package target sends a message to where a route leads: to people by mail, or to a webhook in the form
// that its receiver wants.
package target

import (
	"errors"
	"fmt"
	"time"
)

// Kind is what receives messages. Its text is its name in NOTIFY_FILE and in metrics.
type Kind string

// The kinds.
const (
	KindMail       Kind = "mail"
	KindJSON       Kind = "json"
	KindSlack      Kind = "slack"
	KindMattermost Kind = "mattermost"
	KindTeams      Kind = "teams"
	KindFeishu     Kind = "feishu"
	KindDingTalk   Kind = "dingtalk"
	KindWeCom      Kind = "wecom"
)

// Webhooks lists the kinds that are reached by HTTP.
func Webhooks() []Kind {
	return []Kind{KindJSON, KindSlack, KindMattermost, KindTeams, KindFeishu, KindDingTalk, KindWeCom}
}

// Kinds lists all kinds.
func Kinds() []Kind { return append([]Kind{KindMail}, Webhooks()...) }

// ErrRejected is the error of a receiver that answered and did not take the message.
var ErrRejected = errors.New("the receiver did not take it")

// RejectionError says how a receiver did not take a message. It contains nothing of what the receiver wrote.
type RejectionError struct {
	// Status is that of HTTP or SMTP; Code the receiver's own one, 0 for none.
	Status, Code int
	// After is how long the receiver wants to be left alone; 0 if it does not say.
	After time.Duration
}

// Error names the numbers.
func (r *RejectionError) Error() string {
	if r.Code != 0 {
		return fmt.Sprintf("%v: status %d, code %d", ErrRejected, r.Status, r.Code)
	}
	return fmt.Sprintf("%v: status %d", ErrRejected, r.Status)
}

// Is makes it an ErrRejected.
func (r *RejectionError) Is(err error) bool { return err == ErrRejected }
