package i18n

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// catalogue returns the texts of a language.
func catalogue(t *testing.T, lang Lang) map[string]message {
	t.Helper()
	messages, err := load(lang)
	if err != nil {
		t.Fatal(err)
	}
	return messages
}

// forms returns the forms of a message.
func (m message) forms() []text {
	if m.one == nil {
		return []text{m.other}
	}
	return []text{*m.one, m.other}
}

// places returns the names of what is filled into any form of m.
func (m message) places() []string {
	var names []string
	for _, form := range m.forms() {
		names = append(names, form.names...)
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// String has a Latin letter for every name or number, and a Chinese word for a time.
func (t text) String() string {
	var b strings.Builder
	for i, literal := range t.literals {
		b.WriteString(literal)
		switch {
		case i == len(t.names):
		case t.names[i] == "When":
			b.WriteString("刚刚")
		default:
			b.WriteString("x")
		}
	}
	return b.String()
}

func TestJiHuIsCalledByItsOwnNameInChinese(t *testing.T) {
	t.Parallel()
	bare := regexp.MustCompile(`(^|[^狐])GitLab|极狐极狐| 极狐`)
	jihu := For(Chinese).JiHu()
	for id, m := range jihu.messages {
		if bare.MatchString(m.other.String()) {
			t.Errorf("%s says %q", id, m.other)
		}
	}
	if got := jihu.T("common.view_in_gitlab"); got != "在极狐GitLab 中查看" || jihu.JiHu() != jihu {
		t.Errorf("a link to the instance says %q", got)
	}
	if got := For(Chinese).T("common.view_in_gitlab"); got != "在 GitLab 中查看" {
		t.Errorf("a link to another instance says %q", got)
	}
	if got, want := For(English).JiHu().T("common.view_in_gitlab"), For(English).T("common.view_in_gitlab"); got != want {
		t.Errorf("a link in English says %q, want %q", got, want)
	}
}

func TestCataloguesSayTheSame(t *testing.T) {
	t.Parallel()
	english, chinese := catalogue(t, English), catalogue(t, Chinese)
	for id, m := range english {
		other, ok := chinese[id]
		if !ok {
			t.Errorf("%s has no Chinese", id)
			continue
		}
		if diff := cmp.Diff(m.places(), other.places()); diff != "" {
			t.Errorf("%s takes other values in Chinese (-en +zh):\n%s", id, diff)
		}
		if m.other.String() == "" || other.other.String() == "" {
			t.Errorf("%s is empty", id)
		}
	}
	for id := range chinese {
		if _, ok := english[id]; !ok {
			t.Errorf("%s has no English", id)
		}
	}
}

func TestChineseHasChinesePunctuation(t *testing.T) {
	t.Parallel()
	rules := map[string]*regexp.Regexp{
		"ASCII punctuation beside a Chinese character":   regexp.MustCompile(`\p{Han}[,.;:!?()"']|[,.;:!?()"']\p{Han}`),
		"no space between a Chinese character and Latin": regexp.MustCompile(`\p{Han}[A-Za-z0-9]|[A-Za-z0-9]\p{Han}`),
		"a space beside full-width punctuation":          regexp.MustCompile(`\s[，。；：！？（）]|[，。；：！？（）]\s`),
		"a half-width mark after Latin or a value":       regexp.MustCompile(`[,;!?]|[A-Za-z0-9]:(\s|$)|\.$`),
		"three dots for an ellipsis":                     regexp.MustCompile(`\.\.\.|[^…]…($|[^…])`),
	}
	for id, m := range catalogue(t, Chinese) {
		for name, rule := range rules {
			for _, form := range m.forms() {
				if rule.MatchString(form.String()) {
					t.Errorf("%s: %s: %s", id, name, form)
				}
			}
		}
	}
}

func TestPluralsCount(t *testing.T) {
	t.Parallel()
	for _, lang := range languages() {
		for id, m := range catalogue(t, lang) {
			hasCount := slices.Contains(m.places(), "Count")
			if m.one != nil && !hasCount {
				t.Errorf("%s in %s has a plural but no place for the number", id, lang)
			}
			if m.one == nil && hasCount && lang == English {
				t.Errorf("%s counts, but has one form for one and many", id)
			}
		}
	}
}

// usage is what the sources say about texts.
type usage struct {
	asked    map[string]string // id given to T, N, Parts or Sentence → file
	prefixes []string          // of ids that are put together
	literals map[string]bool   // everything that looks like an id
}

func readUsage(t *testing.T) usage {
	t.Helper()
	call := regexp.MustCompile(`(?:\.(?:T|N|Parts)\(|Sentence\([\w.]+,\s*)"([a-z0-9_.]+)"(\s*\+)?`)
	literal := regexp.MustCompile(`"([a-z0-9_]+(?:\.[a-z0-9_]+)+)"`)
	used := usage{asked: map[string]string{}, literals: map[string]bool{}}
	for _, path := range sources(t) {
		content, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		for _, found := range call.FindAllStringSubmatch(string(content), -1) {
			if found[2] != "" {
				used.prefixes = append(used.prefixes, found[1])
				continue
			}
			used.asked[found[1]] = path
		}
		for _, found := range literal.FindAllStringSubmatch(string(content), -1) {
			used.literals[found[1]] = true
		}
	}
	return used
}

// sources lists what a person wrote: no tests, nothing generated.
func sources(t *testing.T) []string {
	t.Helper()
	var paths []string
	for _, folder := range []string{"../../views", "../../handlers", "../../internal"} {
		err := filepath.WalkDir(folder, func(path string, entry fs.DirEntry, err error) error {
			isSource := strings.HasSuffix(path, ".go") || strings.HasSuffix(path, ".templ")
			if isSource && !strings.HasSuffix(path, "_test.go") && !strings.HasSuffix(path, "_templ.go") {
				paths = append(paths, path)
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	return paths
}

func TestEveryTextAskedForExists(t *testing.T) {
	t.Parallel()
	messages, used := catalogue(t, English), readUsage(t)
	if len(used.asked) < 100 {
		t.Fatalf("found %d texts in use, want the whole portal's", len(used.asked))
	}
	for id, path := range used.asked {
		if _, ok := messages[id]; !ok {
			t.Errorf("%s asks for %s, which no catalogue has", path, id)
		}
	}
	for _, prefix := range used.prefixes {
		if !slices.ContainsFunc(keys(messages), func(id string) bool { return strings.HasPrefix(id, prefix) }) {
			t.Errorf("no catalogue has a text that begins with %s", prefix)
		}
	}
}

func TestNoTextIsUnused(t *testing.T) {
	t.Parallel()
	used := readUsage(t)
	for id := range catalogue(t, English) {
		put := slices.ContainsFunc(used.prefixes, func(prefix string) bool { return strings.HasPrefix(id, prefix) })
		if !used.literals[id] && !put {
			t.Errorf("nobody asks for %s", id)
		}
	}
}

func keys(messages map[string]message) []string {
	ids := make([]string, 0, len(messages))
	for id := range messages {
		ids = append(ids, id)
	}
	return ids
}
