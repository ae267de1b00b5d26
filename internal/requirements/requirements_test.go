// Package requirements holds what is promised to the code: every requirement has its sentence, and
// every sentence its tests.
package requirements_test

import (
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io"
	"maps"
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
}{{"O", 1, 16}, {"S", 1, 6}, {"C", 1, 7}, {"T", 1, 7}, {"H", 1, 12}, {"V", 0, 13}, {"P", 1, 30}, {"B", 1, 7}, {"N", 1, 10}}

func ids() []string {
	var all []string
	for _, chapter := range wanted {
		for n := chapter.first; n <= chapter.last; n++ {
			all = append(all, chapter.letter+strconv.Itoa(n))
		}
	}
	return all
}

// promise is what holds, and which tests fail when it does not: those whose names begin with its id,
// and others that prove it too.
type promise struct {
	id, text string
	also     []string
}

// chapter is a heading of promises.txt with the promises below it.
type chapter struct {
	title    string
	promises []promise
}

var (
	promisePattern = regexp.MustCompile(`^([OSCTHVPBN]\d+): (.+)$`)
	idPattern      = regexp.MustCompile(`^Test([OSCTHVPBN]\d+)[A-Z]`)
)

// chapters reads promises.txt.
func chapters(t *testing.T) []chapter {
	t.Helper()
	text, err := os.ReadFile("promises.txt")
	if err != nil {
		t.Fatal(err)
	}
	var all []chapter
	for line := range strings.Lines(string(text)) {
		line = strings.TrimSuffix(line, "\n")
		if title, ok := strings.CutPrefix(line, "## "); ok {
			all = append(all, chapter{title: title})
			continue
		}
		last := &all[len(all)-1]
		switch m := promisePattern.FindStringSubmatch(line); {
		case m != nil:
			last.promises = append(last.promises, promise{id: m[1], text: m[2]})
		case strings.HasPrefix(line, "    also "):
			one := &last.promises[len(last.promises)-1]
			one.also = append(one.also, strings.TrimPrefix(line, "    also "))
		case line != "":
			t.Errorf("promises.txt: cannot be read: %q", line)
		}
	}
	return all
}

// proofs is docs/proofs.md.
func proofs(all []chapter, existing []string) string {
	var b strings.Builder
	b.WriteString("# What is promised, and what proves it\n\n" +
		"Made by `go test ./internal/requirements -update` from `internal/requirements/promises.txt` and the names of the tests.\n" +
		"[SECURITY.md](../SECURITY.md) is the page to read.\n")
	for _, c := range all {
		fmt.Fprintf(&b, "\n## %s\n\n| id | promise | proof |\n|---|---|---|\n", c.title)
		for _, p := range c.promises {
			fmt.Fprintf(&b, "| %s | %s | `%s` |\n", p.id, p.text, strings.Join(p.tests(existing), "`, `"))
		}
	}
	return b.String()
}

// tests are the names of the tests that prove p.
func (p promise) tests(existing []string) []string {
	var names []string
	for _, name := range existing {
		if provenBy(name) == p.id {
			names = append(names, name)
		}
	}
	return append(names, p.also...)
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
	existing, promised := tests(t), map[string]bool{}
	for _, c := range chapters(t) {
		for _, p := range c.promises {
			if promised[p.id] {
				t.Errorf("promises.txt promises %s twice", p.id)
			}
			promised[p.id] = true
			if len(p.tests(existing)) == len(p.also) {
				t.Errorf("there is no test that begins with Test%s", p.id)
			}
			for _, name := range p.also {
				if _, found := slices.BinarySearch(existing, name); !found {
					t.Errorf("%s names %s, which `go test -list` does not know", p.id, name)
				}
			}
		}
	}
	if got, want := slices.Sorted(maps.Keys(promised)), slices.Sorted(slices.Values(ids())); !slices.Equal(got, want) {
		t.Errorf("promises.txt promises %v, want %v", got, want)
	}
}

var update = flag.Bool("update", false, "write docs/proofs.md anew")

func TestTheTableOfProofsIsCurrent(t *testing.T) {
	t.Parallel()
	existing := tests(t)
	for _, name := range existing {
		if id := provenBy(name); id != "" && !slices.Contains(ids(), id) {
			t.Errorf("%s proves %s, which is no requirement", name, id)
		}
	}
	want, file := proofs(chapters(t), existing), filepath.Join(root, "docs", "proofs.md")
	if *update {
		if err := os.WriteFile(file, []byte(want), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if got, err := os.ReadFile(file); err != nil || string(got) != want {
		t.Errorf("docs/proofs.md is stale, %v: run go test ./internal/requirements -update", err)
	}
}

// provenBy is the requirement that a test's name begins with; empty for none.
func provenBy(name string) string {
	if m := idPattern.FindStringSubmatch(name); m != nil {
		return m[1]
	}
	return ""
}
