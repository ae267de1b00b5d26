package fuzztest

import (
	"slices"
	"testing"
)

func TestMutationsAreManyAndTheSameEachTime(t *testing.T) {
	t.Parallel()
	first := Mutations(Executions, "/projects?q=pay", "")
	if again := Mutations(Executions, "/projects?q=pay", ""); !slices.Equal(first, again) {
		t.Error("two calls made different seeds")
	}
	slices.Sort(first)
	if different := len(slices.Compact(first)); different < Executions/3 {
		t.Errorf("%d of %d seeds differ, want more", different, Executions)
	}
}
