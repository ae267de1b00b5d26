package notify_test

import (
	"context"
	"errors"
	"io"
	"maps"
	"net"
	"net/http"
	"net/mail"
	"net/textproto"
	"strings"
	"sync"
	"testing"

	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"
)

// received is what a receiver has: the text of each message by its id, and how often each came.
type received struct {
	mu    sync.Mutex
	texts map[string]string
	times map[string]int
	cut   map[string]bool
	// hold, unless nil, is told of the next message, whose answer then waits for good.
	hold chan string
}

func newReceived() *received {
	return &received{texts: map[string]string{}, times: map[string]int{}, cut: map[string]bool{}}
}

// take notes a message, and reports whether it is to be answered.
func (r *received) take(id, text string) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.texts[id] = text
	r.times[id]++
	if r.hold == nil {
		return true
	}
	r.cut[id] = true
	r.hold <- id
	r.hold = nil
	return false
}

// holdNext makes the next message one that arrives and is never answered.
func (r *received) holdNext() <-chan string {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.hold = make(chan string, 1)
	return r.hold
}

func (r *received) messages() map[string]string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return maps.Clone(r.texts)
}

// repeated are the messages that came more than once, and those among them whose answer was not cut.
func (r *received) repeated() (all, unexplained []string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for id, times := range r.times {
		if times > 1 {
			all = append(all, id)
			if !r.cut[id] {
				unexplained = append(unexplained, id)
			}
		}
	}
	return all, unexplained
}

// receiver is a server that can be killed and started again at the same address.
type receiver struct {
	*received
	address string
	serve   func(ctx context.Context, l net.Listener)
	stop    context.CancelFunc
	ended   chan struct{}
}

func (r *receiver) start(t *testing.T) {
	t.Helper()
	if r.address == "" {
		r.address = "127.0.0.1:0"
	}
	listener, err := new(net.ListenConfig).Listen(t.Context(), "tcp", r.address)
	if err != nil {
		t.Fatal(err)
	}
	r.address = listener.Addr().String()
	ctx, stop := context.WithCancel(context.WithoutCancel(t.Context()))
	r.stop, r.ended = stop, make(chan struct{})
	ended := r.ended
	go func() {
		defer close(ended)
		r.serve(ctx, listener)
	}()
	t.Cleanup(r.kill)
}

// kill cuts every connection, whatever is on it.
func (r *receiver) kill() {
	r.stop()
	<-r.ended
}

const testSecret = "whsec_MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE="

// httpReceiver takes webhooks that are signed as Standard Webhooks says.
func httpReceiver(t *testing.T) *receiver {
	t.Helper()
	verifier, err := standardwebhooks.NewWebhook(testSecret)
	if err != nil {
		t.Fatal(err)
	}
	r := &receiver{received: newReceived()}
	handler := http.HandlerFunc(func(w http.ResponseWriter, request *http.Request) {
		body, err := io.ReadAll(request.Body)
		if err == nil {
			err = verifier.VerifyIgnoringTimestamp(body, request.Header) // the senders' clocks are fast
		}
		if err != nil {
			t.Errorf("a webhook that is not the portal's: %v", err)
			w.WriteHeader(http.StatusBadRequest)
			return
		}
		if !r.take(request.Header.Get(standardwebhooks.HeaderWebhookID), string(body)) {
			<-request.Context().Done()
		}
	})
	r.serve = func(ctx context.Context, l net.Listener) {
		server := &http.Server{Handler: handler}
		context.AfterFunc(ctx, func() { _ = server.Close() })
		_ = server.Serve(l)
		<-ctx.Done()
	}
	return r
}

// smtpReceiver takes mail, as far as RFC 5321 asks.
func smtpReceiver() *receiver {
	r := &receiver{received: newReceived()}
	r.serve = func(ctx context.Context, l net.Listener) {
		context.AfterFunc(ctx, func() { _ = l.Close() })
		var talks sync.WaitGroup
		defer talks.Wait()
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			stop := context.AfterFunc(ctx, func() { _ = conn.Close() })
			talks.Go(func() {
				defer stop()
				defer func() { _ = conn.Close() }()
				r.talk(textproto.NewConn(conn))
			})
		}
	}
	return r
}

// talk is one conversation with a client.
func (r *receiver) talk(c *textproto.Conn) {
	say := func(line string) bool { return c.PrintfLine("%s", line) == nil }
	say("220 receiver")
	for {
		line, err := c.ReadLine()
		if err != nil {
			return
		}
		switch verb, _, _ := strings.Cut(strings.ToUpper(line), " "); verb {
		case "EHLO":
			say("250-receiver")
			say("250 8BITMIME")
		case "DATA":
			say("354 go on")
			id, text, err := readMail(c)
			if err != nil {
				return
			}
			if !r.take(id, text) {
				_, _ = c.ReadLine() // until somebody ends the connection
				return
			}
			say("250 taken")
		case "QUIT":
			say("221 bye")
			return
		default:
			say("250 well")
		}
	}
}

func readMail(c *textproto.Conn) (id, text string, err error) {
	content, err := c.ReadDotBytes()
	if err != nil {
		return "", "", err
	}
	letter, err := mail.ReadMessage(strings.NewReader(string(content)))
	if err != nil {
		return "", "", err
	}
	id = letter.Header.Get("Message-Id")
	if id == "" {
		return "", "", errors.New("a mail without an id")
	}
	return id, string(content), nil
}
