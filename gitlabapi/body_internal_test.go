package gitlabapi

import (
	"bytes"
	"io"
	"net/http"
	"strings"
	"testing"
)

// read returns the body of an answer as the transport leaves it.
func read(t *testing.T, pool *buffers, write bool, text string) (*http.Response, []byte) {
	t.Helper()
	resp := &http.Response{
		StatusCode: http.StatusOK, ContentLength: -1,
		Header: http.Header{"Content-Type": {"application/json"}},
		Body:   io.NopCloser(strings.NewReader(text)),
	}
	if err := buffer(resp, pool.get(write), attempt{write: write}); err != nil {
		t.Fatal(err)
	}
	held, err := content(resp)
	if err != nil || string(held) != text {
		t.Fatalf("the body holds %.20q, %v, want %.20q", held, err, text)
	}
	return resp, held
}

// holds reports whether text lies in what the pool gives out next. A pool may
// forget at any time, so that only what must not be found can be tested.
func (b *buffers) holds(text string) bool {
	used := b.get(false).Buffer
	return bytes.Contains(used.Bytes()[:used.Cap()], []byte(text))
}

func TestBodiesOfWritesAreNotShared(t *testing.T) {
	t.Parallel()
	var pool buffers
	for range 20 {
		resp, _ := read(t, &pool, true, `{"token":"glagent-canary"}`)
		if err := resp.Body.Close(); err != nil {
			t.Fatal(err)
		}
		if pool.holds("glagent-canary") {
			t.Fatal("the next answer's buffer holds the secret of a write")
		}
	}
}

func TestABufferIsGivenBackOnce(t *testing.T) {
	t.Parallel()
	var pool buffers
	for range 20 {
		resp, _ := read(t, &pool, false, `["first"]`)
		for range 2 {
			if err := resp.Body.Close(); err != nil {
				t.Fatal(err)
			}
		}
		if rest, err := io.ReadAll(resp.Body); err != nil || len(rest) > 0 {
			t.Fatalf("after Close the body holds %q, %v, want nothing", rest, err)
		}
		one, two := pool.get(false), pool.get(false)
		if one.Buffer == two.Buffer {
			t.Fatal("two answers share a buffer")
		}
	}
}

func TestLargeBuffersAreNotKept(t *testing.T) {
	t.Parallel()
	var pool buffers
	for range 20 {
		resp, held := read(t, &pool, false, `"`+strings.Repeat("x", maxPooled)+`"`)
		if cap(held) <= maxPooled {
			t.Fatalf("a buffer of %d bytes, want a large one", cap(held))
		}
		if err := resp.Body.Close(); err != nil {
			t.Fatal(err)
		}
		if next := pool.get(false); next.Cap() > maxPooled {
			t.Fatal("a large buffer was kept")
		}
	}
}
