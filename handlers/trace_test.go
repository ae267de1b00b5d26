package handlers_test

import (
	"maps"
	"net/http"
	"strings"
	"testing"
)

const (
	testTrace  = "4bf92f3577b34da6a3ce929d0e0e4736"
	testParent = "00-" + testTrace + "-00f067aa0ba902b7-01"
)

// sent is what GitLab was told about a page's request, by the header's name.
type sent struct{ id, parent, state string }

// ask gets the list of projects with the given headers, and returns the page's answer and what GitLab
// was told with every one of its calls.
func (p *portal) ask(b *browser, header http.Header) (*answer, sent) {
	p.t.Helper()
	p.gitlab.ResetCounters()
	r := b.request(http.MethodGet, "/projects", nil)
	maps.Copy(r.Header, header)
	page := b.send(r)
	var all sent
	for i, call := range p.gitlab.Requests() {
		told := sent{call.CorrelationID, call.TraceParent, call.TraceState}
		if i > 0 && told != all {
			p.t.Errorf("GitLab was told %v with one call and %v with another", all, told)
		}
		all = told
	}
	return page, all
}

func TestARequestKeepsItsNameFromTheProxyToGitLab(t *testing.T) {
	t.Parallel()
	p := newPortal(t, func(s *setUp) { s.behindProxy = true })
	lead := p.as("lead")
	tests := []struct {
		name   string
		header http.Header
		want   sent // "new" for an id of the portal's own
	}{
		{"nothing", nil, sent{"new", "", ""}},
		{"an id", http.Header{"X-Request-Id": {"7f3c_a.b:c-1"}}, sent{"7f3c_a.b:c-1", "", ""}},
		{"an id and a trace", http.Header{"X-Request-Id": {"a1"}, "Traceparent": {testParent}, "Tracestate": {"rojo=00f0", "congo=t61"}}, sent{"a1", testParent, "rojo=00f0,congo=t61"}},
		{"a longer id than anybody needs", http.Header{"X-Request-Id": {strings.Repeat("a", 65)}}, sent{"new", "", ""}},
		{"an id with marks", http.Header{"X-Request-Id": {`a","level":"ERROR`}}, sent{"new", "", ""}},
		{"two ids", http.Header{"X-Request-Id": {"a1", "b2"}}, sent{"new", "", ""}},
		{"no id", http.Header{"X-Request-Id": {""}}, sent{"new", "", ""}},
		{"a trace in capital letters", http.Header{"Traceparent": {strings.ToUpper(testParent)}}, sent{"new", "", ""}},
		{"a trace of zeros", http.Header{"Traceparent": {"00-" + strings.Repeat("0", 32) + "-00f067aa0ba902b7-01"}}, sent{"new", "", ""}},
		{"a trace of the version that is none", http.Header{"Traceparent": {"ff" + testParent[2:]}}, sent{"new", "", ""}},
		{"a state without a trace", http.Header{"Tracestate": {"rojo=1"}}, sent{"new", "", ""}},
		{"a state that is too long", http.Header{"Traceparent": {testParent}, "Tracestate": {strings.Repeat("a", 513)}}, sent{"new", testParent, ""}},
	}
	for _, tt := range tests { // one after the other: the simulator counts for all
		page, got := p.ask(lead, tt.header)
		id := page.header.Get("X-Request-Id")
		if tt.want.id == "new" && len(id) == 26 {
			tt.want.id = id
		}
		if got != tt.want || id != tt.want.id {
			t.Errorf("%s: GitLab was told %v and the browser %q, want %v", tt.name, got, id, tt.want)
		}
		if !strings.Contains(p.logs.String(), `"request_id":"`+id+`"`) {
			t.Errorf("%s: the log does not name the request %q", tt.name, id)
		}
	}
	if !strings.Contains(p.logs.String(), `"trace_id":"`+testTrace+`"`) {
		t.Error("the log does not name the trace")
	}
}

func TestV8AStrangersNameForARequestDoesNotCount(t *testing.T) {
	t.Parallel()
	p := newPortal(t)
	page, got := p.ask(p.as("lead"), http.Header{"X-Request-Id": {"forged"}, "Traceparent": {testParent}, "Tracestate": {"rojo=1"}})
	if id := page.header.Get("X-Request-Id"); id == "forged" || got != (sent{id, "", ""}) {
		t.Errorf("GitLab was told %v and the browser %q, want an id of the portal's own and no trace", got, id)
	}
}
