package gitlabtest

import (
	"bytes"
	"encoding/json"
	"maps"
	"net/http"
	"strconv"
)

// Answer is a complete response before it is sent.
type Answer struct {
	Status int
	Header http.Header
	Body   []byte
}

// refusal is an Answer that ends the evaluation of a request early.
type refusal struct{ Answer }

// Error makes a refusal an error, so that a handler can return it.
func (r refusal) Error() string { return strconv.Itoa(r.Status) + " " + string(r.Body) }

func jsonAnswer(status int, v any) Answer {
	var body bytes.Buffer
	enc := json.NewEncoder(&body)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		panic("gitlabtest: " + err.Error()) // only our own structs are encoded
	}
	return Answer{
		Status: status,
		Header: http.Header{"Content-Type": {"application/json"}},
		Body:   bytes.TrimSuffix(body.Bytes(), []byte("\n")),
	}
}

func textAnswer(status int, text string) Answer {
	return Answer{Status: status, Header: http.Header{"Content-Type": {"text/plain"}}, Body: []byte(text)}
}

func htmlAnswer(status int, body []byte) Answer {
	return Answer{
		Status: status,
		Header: http.Header{"Content-Type": {"text/html; charset=utf-8"}, "X-Frame-Options": {"DENY"}},
		Body:   body,
	}
}

func emptyAnswer(status int) Answer { return Answer{Status: status, Header: http.Header{}} }

func redirectAnswer(status int, location string) Answer {
	a := textAnswer(status, "This resource has been moved permanently to "+location+".")
	a.Header.Set("Location", location)
	return a
}

// with returns a copy of a with one more header.
func (a Answer) with(name, value string) Answer {
	a = a.clone()
	a.Header.Set(name, value)
	return a
}

// clone is a copy of a whose header can be changed.
func (a Answer) clone() Answer {
	a.Header = maps.Clone(a.Header)
	return a
}

// send writes a to w.
func (a Answer) send(w http.ResponseWriter) {
	maps.Copy(w.Header(), a.Header)
	w.WriteHeader(a.Status)
	// The client may be gone, which is no concern of a server's.
	_, _ = w.Write(a.Body)
}
