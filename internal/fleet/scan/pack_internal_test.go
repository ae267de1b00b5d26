package scan

import (
	"fmt"
	"reflect"
	"runtime"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"gitlab-agent-portal/internal/agent"
	"gitlab-agent-portal/internal/fleet"
)

// fill gives every field of a value one of its own, so that a field that is not packed shows. What
// points at other values is left to the caller.
func fill(v reflect.Value, next *int64) {
	*next++
	switch v.Kind() {
	case reflect.Struct:
		if v.Type() == reflect.TypeFor[time.Time]() {
			v.Set(reflect.ValueOf(time.Date(2026, 11, 29, 12, 0, int(*next), int(*next), time.UTC)))
			return
		}
		for _, field := range v.Fields() {
			fill(field, next)
		}
	case reflect.String:
		v.SetString(fmt.Sprintf("文字 %d", *next))
	case reflect.Int, reflect.Int64:
		v.SetInt(*next * 1_000_003)
	case reflect.Bool:
		v.SetBool(true)
	case reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), 2, 2))
		for i := range v.Len() {
			fill(v.Index(i), next)
		}
	case reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		fill(v.Elem(), next)
	default:
		panic(v.Kind())
	}
}

func TestAPackedFleetIsTheSameFleet(t *testing.T) {
	t.Parallel()
	full := new(fleet.Snapshot)
	fill(reflect.ValueOf(full).Elem(), new(int64))
	full.Agents[0].Project, full.Agents[1].Project = full.Projects[1], full.Projects[0]
	full.Warnings[0].Project, full.Warnings[1].Project = full.Projects[1], nil
	read := time.Date(2026, 11, 29, 9, 0, 0, 123_456_789, time.UTC)
	project := &agent.Project{ID: 1<<63 - 1, Path: "a/b"}
	for name, snapshot := range map[string]*fleet.Snapshot{
		"with all fields filled in": full,
		"of a GitLab that says little": {ReadAt: read, Projects: []*agent.Project{project}, Agents: []fleet.Agent{
			{Project: project, Agent: agent.Agent{ID: 5, TokenCount: agent.Unread}},
			{Project: project, Agent: agent.Agent{ID: 3, Tokens: []agent.Token{{ID: 9}, {ID: 2}}, TokenCount: 3}},
		}},
		"of nobody": {ReadAt: read},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := unpack(pack(snapshot))
			if diff := cmp.Diff(snapshot, got, cmpopts.EquateEmpty()); diff != "" {
				t.Errorf("(-packed +unpacked):\n%s", diff)
			}
			for i := range got.Agents {
				if !slices.Contains(got.Projects, got.Agents[i].Project) {
					t.Error("an agent's project is not the fleet's")
				}
			}
		})
	}
}

// large is a fleet of so many projects with two agents each and, over all, seven tokens for every four.
func large(projects int) *fleet.Snapshot {
	now := time.Date(2026, 11, 29, 12, 0, 0, 0, time.UTC)
	s := &fleet.Snapshot{ReadAt: now}
	ada := agent.Person{ID: 7, Username: "ada", Name: "Ada Lovelace"}
	for i := range projects {
		project := &agent.Project{ID: int64(100 + i), Name: fmt.Sprintf("Service Number %d", i), Path: fmt.Sprintf("shop/service-%03d", i), Access: agent.AccessManage, Maintains: true}
		s.Projects = append(s.Projects, project)
		for n := range 2 {
			one := agent.Agent{ID: int64(9000 + 2*i + n), Name: fmt.Sprintf("production-cluster-%d-eu-west", n), CreatedAt: now.AddDate(0, -1, 0).Add(time.Duration(i) * time.Minute), CreatedBy: ada}
			var tokens []agent.Token
			for number := range 2 - (i*n)%2 {
				tokens = append(tokens, agent.Token{
					ID: int64(50_000 + 4*i + 2*n + number), Name: fmt.Sprintf("token-%d", number), CreatedAt: now.AddDate(0, 0, -i%90), CreatedBy: ada, LastUsedAt: now.Add(-time.Duration(i) * time.Second), UseKnown: true,
				})
			}
			one.SetTokens(tokens)
			s.Agents = append(s.Agents, fleet.Agent{Project: project, Agent: one})
		}
	}
	return s
}

// BenchmarkKeptFleet measures what 500 projects take in memory, and what showing them again costs.
func BenchmarkKeptFleet(b *testing.B) {
	held := func(make func() any) float64 {
		var before, after runtime.MemStats
		var all []any
		runtime.GC()
		runtime.ReadMemStats(&before)
		for range 20 {
			all = append(all, make())
		}
		runtime.GC()
		runtime.ReadMemStats(&after)
		runtime.KeepAlive(all)
		return float64(after.HeapAlloc-before.HeapAlloc) / 20 / 1000
	}
	packed := pack(large(500))
	b.Run("pack", func(b *testing.B) {
		s := large(500)
		for b.Loop() {
			pack(s)
		}
		b.ReportMetric(held(func() any { return large(500) }), "kB/snapshot")
		b.ReportMetric(held(func() any { return pack(large(500)) }), "kB/packed")
	})
	b.Run("unpack", func(b *testing.B) {
		for b.Loop() {
			unpack(packed)
		}
	})
}
