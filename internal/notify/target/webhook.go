package target

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"time"

	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"

	"gitlab-agent-portal/gitlabapi"
	"gitlab-agent-portal/internal/notify/message"
	"gitlab-agent-portal/internal/notify/outbound"
)

// maxAfter is how long a receiver may ask to be left alone.
const maxAfter = time.Hour

// Webhook is a receiver that is reached by HTTP.
type Webhook struct {
	// As is the form that it wants.
	As Kind
	// URL is its address, which for most kinds is what lets one write there.
	URL gitlabapi.Secret
	// Secret signs messages; zero where the kind knows no signature, or the receiver wants none.
	Secret gitlabapi.Secret
	Client *outbound.Client
	// Now dates signatures.
	Now func() time.Time
}

// Kind is the form that the receiver wants.
func (w Webhook) Kind() Kind { return w.As }

// Send sends the message once. It is delivered if and only if there is no error, as far as anybody can
// know: an answer that is lost is an error.
func (w Webhook) Send(ctx context.Context, m message.Message) error {
	request, err := w.request(ctx, m)
	if err != nil {
		return err
	}
	request.Header.Set("Content-Type", "application/json; charset=utf-8")
	request.Header.Set("User-Agent", "gitlab-agent-portal")
	answer, err := w.Client.Do(request)
	if err != nil {
		return fmt.Errorf("ask the receiver: %w", err)
	}
	return w.judge(answer)
}

// request puts the message into the receiver's form.
func (w Webhook) request(ctx context.Context, m message.Message) (*http.Request, error) {
	body, err := w.body(m)
	if err != nil {
		return nil, err
	}
	address, err := w.address()
	if err != nil {
		return nil, err
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, address, bytes.NewReader(body))
	if err != nil {
		return nil, errors.New("the receiver's address cannot be used")
	}
	if w.As == KindJSON {
		return request, w.sign(request, m.Name, body)
	}
	return request, nil
}

// sign signs as https://www.standardwebhooks.com says.
func (w Webhook) sign(request *http.Request, name string, body []byte) error {
	signer, err := standardwebhooks.NewWebhook(w.Secret.Reveal())
	if err != nil {
		return errors.New("the secret cannot be used")
	}
	at := w.Now()
	signature, err := signer.Sign(name, at, body)
	if err != nil {
		return fmt.Errorf("sign a message: %w", err)
	}
	request.Header.Set(standardwebhooks.HeaderWebhookID, name)
	request.Header.Set(standardwebhooks.HeaderWebhookTimestamp, strconv.FormatInt(at.Unix(), 10))
	request.Header.Set(standardwebhooks.HeaderWebhookSignature, signature)
	return nil
}

// judge says whether an answer means that the message was taken. Some receivers say 200 and mean no.
func (w Webhook) judge(answer outbound.Answer) error {
	if answer.Status < 200 || answer.Status > 299 {
		return &RejectionError{Status: answer.Status, After: after(answer.Header)}
	}
	switch w.As {
	case KindFeishu, KindDingTalk, KindWeCom:
		var said struct {
			Code    *int `json:"code"`
			ErrCode *int `json:"errcode"`
		}
		if err := json.Unmarshal(answer.Body, &said); err != nil || said.Code == nil && said.ErrCode == nil {
			return fmt.Errorf("an answer that is not the receiver's: %w", &RejectionError{Status: answer.Status})
		}
		for _, code := range []*int{said.Code, said.ErrCode} {
			if code != nil && *code != 0 {
				return &RejectionError{Status: answer.Status, Code: *code}
			}
		}
	default: // for all others the status is what counts
	}
	return nil
}

// after is what Retry-After asks for in seconds, within bounds.
func after(header http.Header) time.Duration {
	seconds, err := strconv.Atoi(header.Get("Retry-After"))
	if err != nil || seconds < 0 {
		return 0
	}
	return min(time.Duration(seconds)*time.Second, maxAfter)
}
