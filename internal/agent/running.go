package agent

import (
	"cmp"
	"strconv"
	"strings"
)

// Running is what runs in clusters as an agent. The zero value says that nobody knows.
type Running struct {
	// Known says that GitLab told, also where nothing is connected.
	Known bool
	// Versions are the distinct ones of the pods that are connected, the oldest first.
	Versions []string
	// Warned says that GitLab warns of one of them. It is false where the instance knows no such
	// warnings.
	Warned bool
}

// Differ reports whether pods of different versions are connected.
func (r Running) Differ() bool { return len(r.Versions) > 1 }

// CompareVersions orders versions by the numbers between their dots, the older first, and those of
// equal numbers by what is written behind, so that equal texts alone are equal.
func CompareVersions(a, b string) int {
	restA, restB := a, b
	for restA != "" || restB != "" {
		var partA, partB string
		partA, restA, _ = strings.Cut(restA, ".")
		partB, restB, _ = strings.Cut(restB, ".")
		if order := cmp.Compare(leadingNumber(partA), leadingNumber(partB)); order != 0 {
			return order
		}
	}
	return strings.Compare(a, b)
}

// leadingNumber is the number that a text begins with; -1 without one.
func leadingNumber(text string) int {
	end := 0
	for end < len(text) && '0' <= text[end] && text[end] <= '9' {
		end++
	}
	number, err := strconv.Atoi(text[:end])
	if err != nil {
		return -1
	}
	return number
}
