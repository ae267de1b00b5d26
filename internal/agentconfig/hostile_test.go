package agentconfig_test

import (
	"strings"
	"testing"
	"unicode"

	"github.com/google/go-cmp/cmp"

	"gitlab-agent-portal/internal/agentconfig"
	"gitlab-agent-portal/internal/fuzztest"
)

// What is small to send must not be large to read, nor take long: an early version took
// minutes for some of these, within the test's own limit of time.
func TestParseRefusesWhatGrows(t *testing.T) {
	t.Parallel()
	const full = agentconfig.MaxSize - 200
	merges := "custom_data:\n- &a {}\n"
	for c := 'b'; c <= 'z'; c++ {
		before := "*" + string(c-1)
		merges += "- &" + string(c) + " {<<: [" + strings.Repeat(before+",", 9) + before + "]}\n"
	}
	for name, file := range map[string]string{
		"more than is read":         strings.Repeat("#", agentconfig.MaxSize+1),
		"many grants of many names": "custom_data: &e [" + strings.Repeat("a,", full/4) + "]\nci_access: {groups: [&g {id: a, environments: *e}, " + strings.Repeat("*g,", full/6) + "]}\n",
		"a long name, many times":   "custom_data: &e " + strings.Repeat("a", full/2) + "\nci_access: {groups: [{id: a, environments: [" + strings.Repeat("*e,", full/8) + "]}]}\n",
		"a long key, many times":    "custom_data: &e\n  ? " + strings.Repeat("a", full/2) + "\n  : 1\nci_access: {groups: [" + strings.Repeat("*e,", full/8) + "]}\n",
		"merges of merges":          merges + "ci_access: *z\n",
		"a merge of itself":         "ci_access: &a {<<: *a}\n",
		"a deep nest":               strings.Repeat("[", full),
		"a problem everywhere":      strings.Repeat("[]: 1\n", full/6),
	} {
		got, problems := agentconfig.Parse([]byte(file))
		if len(problems) == 0 || len(problems) > 100 {
			t.Errorf("%s is taken as %.100v with %d problems", name, got, len(problems))
		}
	}
	for name, file := range map[string]string{
		"a large file":          "ci_access:\n  groups:\n" + strings.Repeat("    - id: shop/web\n", full/19),
		"a key again and again": strings.Repeat("ci_access: {}\n", full/14),
		"another key, a lot":    strings.Repeat("flux: {}\n", full/9),
		"aliases nobody reads":  "custom_data: [&a [x,x], &b [*a,*a], [*b,*b]]\nci_access: {}\n",
	} {
		if got, problems := agentconfig.Parse([]byte(file)); len(problems) > 0 || len(got.Repeated) > 100 {
			t.Errorf("%s: %v, %d repeats", name, problems, len(got.Repeated))
		}
	}
}

func FuzzParse(f *testing.F) {
	seeds := []string{
		everything, "ci_access: {groups: [{id: a}]}", "custom_data: &g {a: b}\nci_access: {<<: *g}", "ci_access: &a {<<: *a}", "? [a]\n: b", "- ", "\t",
	}
	for _, seed := range append(seeds, fuzztest.Mutations(fuzztest.Executions, seeds...)...) {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		got, problems := agentconfig.Parse(data)
		if empty := cmp.Equal(config{}, got); len(problems) > 0 && !empty {
			t.Errorf("a refused file lets somebody in: %v", got)
		}
		for _, problem := range problems {
			if strings.ContainsFunc(problem.Field, func(c rune) bool { return !unicode.IsPrint(c) }) {
				t.Errorf("the field %q cannot be shown", problem.Field)
			}
		}
		agentconfig.Judge(got, agentconfig.Home{Project: "shop/web"})
	})
}
