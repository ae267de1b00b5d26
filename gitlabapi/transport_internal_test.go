package gitlabapi

import (
	"errors"
	"net/http"
	"strings"
	"testing"
)

// roundTripper is a function in the place of the network.
type roundTripper func(*http.Request) (*http.Response, error)

func (f roundTripper) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

// What net/http cannot rewind it cannot send twice, whether over HTTP/1 or HTTP/2.
func TestTheBodyOfAWriteCannotBeRewound(t *testing.T) {
	t.Parallel()
	for name, write := range map[string]bool{"a write": true, "a read": false} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			rewindable := false
			opts := Options{}.withDefaults()
			network := newTransport(addresses{}, opts)
			network.base = roundTripper(func(r *http.Request) (*http.Response, error) {
				rewindable = r.GetBody != nil
				return nil, errors.New("cut")
			})
			ctx := withAttempt(t.Context(), attempt{op: "test", write: write})
			req, err := http.NewRequestWithContext(ctx, http.MethodPost, "http://gitlab.test", strings.NewReader("body"))
			if err != nil {
				t.Fatal(err)
			}
			if _, err := network.RoundTrip(req); err == nil { //nolint:bodyclose // there is no response
				t.Fatal("no error, want one")
			}
			if rewindable == write {
				t.Errorf("the body can be rewound: %v, want %v", rewindable, !write)
			}
			if req.GetBody == nil {
				t.Error("the caller's request was changed")
			}
		})
	}
}
