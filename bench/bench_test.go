//go:build unix

package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestMain lets the test's binary play the roles, as the program's own binary does.
func TestMain(m *testing.M) {
	if len(os.Args) > 1 && os.Args[1] == "-role" {
		main()
		return
	}
	os.Exit(m.Run())
}

// A small run goes through everything but the start of the built binary, which tests do not
// build. No figure is judged; that each request got the page is part of the measurement.
func TestEverythingIsMeasured(t *testing.T) {
	t.Parallel()
	var out strings.Builder
	profiles := t.TempDir()
	args := []string{"-web", "", "-requests", "8", "-rounds", "1", "-people", "5", "-agents", "3", "-projects", "3", "-latency", "1ms", "-profile", profiles, "-against", os.Args[0]}
	if err := run(t.Context(), args, &out); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"Page of 3 agents", "bare reverse proxy", "the other portal", "Fleet of 3 projects and 6 agents", "The fleet of one person", "with 5 people", "after a collection"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("the report lacks %q:\n%s", want, &out)
		}
	}
	for _, name := range []string{"cpu.pprof", "allocs.pprof"} {
		if _, err := os.Stat(filepath.Join(profiles, name)); err != nil {
			t.Error(err)
		}
	}
}

func TestKilobytesReadsALineOfProc(t *testing.T) {
	t.Parallel()
	status := "VmHWM:\t   12345 kB\nVmRSS:\t    678 kB\n"
	for field, want := range map[string]uint64{"VmRSS:": 678 << 10, "VmHWM:": 12345 << 10, "VmOther:": 0} {
		if got := kilobytes(status, field); got != want {
			t.Errorf("kilobytes(%s) = %d, want %d", field, got, want)
		}
	}
}

func TestChildrenPlayKnownRolesOnly(t *testing.T) {
	t.Parallel()
	if err := run(t.Context(), []string{"-role", "nobody"}, nil); err == nil {
		t.Error("a role that does not exist was played")
	}
}
