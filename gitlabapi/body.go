package gitlabapi

import (
	"bytes"
	"io"
	"net/http"
	"sync"
)

// maxPooled is the largest buffer that is kept for the next answer.
const maxPooled = 256 << 10

// buffers are shared by answers, one after the other. What a write brings may hold a secret, which
// should not lie about for others, and gets a buffer of its own.
type buffers struct{ pool sync.Pool }

func (b *buffers) get(write bool) *pooledBody {
	if write {
		return &pooledBody{Buffer: new(bytes.Buffer)}
	}
	if used, ok := b.pool.Get().(*bytes.Buffer); ok {
		return &pooledBody{used, b}
	}
	return &pooledBody{new(bytes.Buffer), b}
}

// pooledBody is the body of an answer in memory, until it is closed.
type pooledBody struct {
	*bytes.Buffer
	from *buffers // nil: it is nobody else's
}

// Close gives the buffer back, once. What is read afterwards is empty.
func (b *pooledBody) Close() error {
	used, from := b.Buffer, b.from
	b.Buffer, b.from = new(bytes.Buffer), nil
	if from != nil && used.Cap() <= maxPooled {
		used.Reset()
		from.pool.Put(used)
	}
	return nil
}

// content is what the body of resp holds, good until it is closed. The transport
// has read it.
func content(resp *http.Response) ([]byte, error) {
	if l, ok := resp.Body.(*pooledBody); ok {
		return l.Bytes(), nil
	}
	return io.ReadAll(resp.Body)
}
