package gitlabapi

import (
	"bytes"
	"io"
	"net/http"
	"sync"
)

// maxPooled is the largest buffer that is kept for the next answer.
const maxPooled = 256 << 10

// buffers are on loan to answers. What a write brings may hold a secret, which
// should not lie about for others, and gets a buffer of its own.
type buffers struct{ pool sync.Pool }

func (b *buffers) take(write bool) *loan {
	if write {
		return &loan{Buffer: new(bytes.Buffer)}
	}
	if used, ok := b.pool.Get().(*bytes.Buffer); ok {
		return &loan{used, b}
	}
	return &loan{new(bytes.Buffer), b}
}

// loan is the body of an answer in memory, until it is closed.
type loan struct {
	*bytes.Buffer
	from *buffers // nil: nobody wants it back
}

// Close gives the buffer back, once. What is read afterwards is empty.
func (l *loan) Close() error {
	used, from := l.Buffer, l.from
	l.Buffer, l.from = new(bytes.Buffer), nil
	if from != nil && used.Cap() <= maxPooled {
		used.Reset()
		from.pool.Put(used)
	}
	return nil
}

// content is what the body of resp holds, good until it is closed. The transport
// has read it.
func content(resp *http.Response) ([]byte, error) {
	if l, ok := resp.Body.(*loan); ok {
		return l.Bytes(), nil
	}
	return io.ReadAll(resp.Body)
}
