package gitlabapi

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

// fiftyAgents is the page that the portal shows most.
func fiftyAgents() []byte {
	agents := make([]string, 50)
	for i := range agents {
		agents[i] = fmt.Sprintf(`{"id":%d,"name":"agent-%d","config_project":{"id":20,"description":"","name":"test",`+
			`"name_with_namespace":"Administrator / test","path":"test","path_with_namespace":"root/test",`+
			`"created_at":"2022-03-20T20:42:40.221Z"},"created_at":"2022-04-20T20:42:40.221Z","created_by_user_id":42}`, i+1, i)
	}
	return []byte("[" + strings.Join(agents, ",") + "]")
}

func BenchmarkDecodeFiftyAgents(b *testing.B) {
	body := fiftyAgents()
	b.SetBytes(int64(len(body)))
	b.ReportAllocs()
	for b.Loop() {
		var wire []agentJSON
		if err := json.Unmarshal(body, &wire); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkAgentsPage is the whole call, with the server in the same process.
func BenchmarkAgentsPage(b *testing.B) {
	body := fiftyAgents()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		w.Header().Set("X-Next-Page", "")
		_, _ = w.Write(body)
	}))
	b.Cleanup(server.Close)
	c, err := New(server.URL, Options{})
	if err != nil {
		b.Fatal(err)
	}
	b.SetBytes(int64(len(body)))
	b.ReportAllocs()
	for b.Loop() {
		page, err := c.AgentsPage(b.Context(), ProjectID(20), 1, 50)
		if err != nil || len(page.Items) != 50 {
			b.Fatalf("%d agents, %v", len(page.Items), err)
		}
	}
}
