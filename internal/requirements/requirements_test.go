// Package requirements holds SECURITY.md to the code: every requirement has its row there, and
// every row its tests.
package requirements_test

import (
	"encoding/json"
	"errors"
	"go/ast"
	"go/parser"
	"go/token"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

const root = "../.."

// wanted are the ids of the requirements, by the letter of their chapter.
var wanted = []struct {
	letter      string
	first, last int
}{{"O", 1, 15}, {"S", 1, 6}, {"C", 1, 6}, {"T", 1, 7}, {"H", 1, 12}, {"V", 0, 13}, {"P", 1, 30}, {"B", 1, 6}, {"N", 8, 10}}

func ids() []string {
	var all []string
	for _, chapter := range wanted {
		for n := chapter.first; n <= chapter.last; n++ {
			all = append(all, chapter.letter+strconv.Itoa(n))
		}
	}
	return all
}

// row is one line of SECURITY.md: a requirement, what is promised, and the tests that prove it.
type row struct {
	promise string
	tests   []string
}

var (
	rowPattern  = regexp.MustCompile(`(?m)^\| ([OSCTHVPBN]\d+) \| (.+) \| (.+) \|$`)
	testPattern = regexp.MustCompile("`(Test\\w+)`")
	idPattern   = regexp.MustCompile(`^Test([OSCTHVPBN]\d+)[A-Z]`)
)

// rows reads SECURITY.md.
func rows(t *testing.T) map[string]row {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(root, "SECURITY.md"))
	if err != nil {
		t.Fatal(err)
	}
	found := map[string]row{}
	for _, m := range rowPattern.FindAllStringSubmatch(string(text), -1) {
		if _, twice := found[m[1]]; twice {
			t.Errorf("SECURITY.md has two rows for %s", m[1])
		}
		r := row{promise: m[2]}
		for _, name := range testPattern.FindAllStringSubmatch(m[3], -1) {
			r.tests = append(r.tests, name[1])
		}
		found[m[1]] = r
	}
	return found
}

// tests are the names that `go test -list .` prints over all packages, with and without the
// browser tests. They are read from the files that go test would compile: linking every test
// binary only to ask for its list would take minutes.
func tests(t *testing.T) []string {
	t.Helper()
	var names []string
	for _, tags := range []string{"", "e2e"} {
		for _, file := range testFiles(t, tags) {
			names = append(names, testsIn(t, file)...)
		}
	}
	slices.Sort(names)
	return slices.Compact(names)
}

func testFiles(t *testing.T, tags string) []string {
	t.Helper()
	list := exec.CommandContext(t.Context(), "go", "list", "-json=Dir,TestGoFiles,XTestGoFiles", "-tags="+tags, "./...")
	list.Dir, list.Env = root, append(os.Environ(), "CGO_ENABLED=0")
	out, err := list.Output()
	if err != nil {
		t.Fatalf("listing the packages: %v", err)
	}
	var files []string
	for decoder := json.NewDecoder(strings.NewReader(string(out))); ; {
		var pkg struct {
			Dir                       string
			TestGoFiles, XTestGoFiles []string
		}
		if err := decoder.Decode(&pkg); errors.Is(err, io.EOF) {
			return files
		} else if err != nil {
			t.Fatal(err)
		}
		for _, name := range slices.Concat(pkg.TestGoFiles, pkg.XTestGoFiles) {
			files = append(files, filepath.Join(pkg.Dir, name))
		}
	}
}

func testsIn(t *testing.T, file string) []string {
	t.Helper()
	parsed, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.SkipObjectResolution)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, declaration := range parsed.Decls {
		function, ok := declaration.(*ast.FuncDecl)
		if ok && function.Recv == nil && strings.HasPrefix(function.Name.Name, "Test") && function.Name.Name != "TestMain" {
			names = append(names, function.Name.Name)
		}
	}
	return names
}

func TestEveryRequirementIsPromisedAndProven(t *testing.T) {
	t.Parallel()
	documented, existing := rows(t), tests(t)
	for _, id := range ids() {
		r, ok := documented[id]
		if !ok {
			t.Errorf("SECURITY.md has no row for %s", id)
			continue
		}
		if !slices.ContainsFunc(r.tests, func(name string) bool { return provenBy(name) == id }) {
			t.Errorf("%s names no test that begins with Test%s", id, id)
		}
		for _, name := range r.tests {
			if _, found := slices.BinarySearch(existing, name); !found {
				t.Errorf("%s names %s, which `go test -list` does not know", id, name)
			}
		}
	}
	known := ids()
	for id := range documented {
		if !slices.Contains(known, id) {
			t.Errorf("SECURITY.md has a row for %s, which is no requirement", id)
		}
	}
}

// TestEveryProofIsDocumented is the other direction: who adds a proof says so.
func TestEveryProofIsDocumented(t *testing.T) {
	t.Parallel()
	documented := rows(t)
	for _, name := range tests(t) {
		if id := provenBy(name); id != "" && !slices.Contains(documented[id].tests, name) {
			t.Errorf("%s is not named in the row of %s in SECURITY.md", name, id)
		}
	}
}

// provenBy is the id in a test's name, or empty.
func provenBy(name string) string {
	if m := idPattern.FindStringSubmatch(name); m != nil {
		return m[1]
	}
	return ""
}
