package views

import (
	"bytes"
	"fmt"
	"testing"

	"gitlab-agent-portal/internal/i18n"
)

// BenchmarkAgentsTable renders the list of agents alone, as htmx gets it.
func BenchmarkAgentsTable(b *testing.B) {
	for _, rows := range []int{10, 200, 1000} {
		b.Run(fmt.Sprintf("%d rows", rows), func(b *testing.B) {
			p := testPage(i18n.English)
			m := AgentsModel{Project: testProject(), Agents: many(rows)}
			var buffer bytes.Buffer
			b.ReportAllocs()
			for b.Loop() {
				buffer.Reset()
				if err := AgentsTable(p, m).Render(b.Context(), &buffer); err != nil {
					b.Fatal(err)
				}
			}
			b.SetBytes(int64(buffer.Len()))
		})
	}
}
