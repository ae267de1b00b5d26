package agentconfig

import (
	"cmp"
	"strings"
	"unicode"
)

// Code is what kind of problem a file has.
type Code string

// The problems. KAS takes nothing of a file that has one; see Problems.Certain.
const (
	CodeSyntax    Code = "syntax"    // no YAML; Problem.Detail has the parser's words
	CodeSize      Code = "size"      // larger than MaxSize, or grown by aliases
	CodeUnknown   Code = "unknown"   // Problem.Field is no key of the schema
	CodeRemoved   Code = "removed"   // Problem.Field was one until GitLab Problem.Detail
	CodeKey       Code = "key"       // a key in Problem.Field is no text
	CodeMapping   Code = "mapping"   // Problem.Field has to be a mapping
	CodeList      Code = "list"      // Problem.Field has to be a list
	CodeText      Code = "text"      // Problem.Field has to be a text
	CodeBoolean   Code = "boolean"   // Problem.Field has to be true or false
	CodeInteger   Code = "integer"   // Problem.Field has to be a whole number
	CodeDuration  Code = "duration"  // Problem.Field has to be seconds, as "90s"
	CodeChoice    Code = "choice"    // Problem.Field has to be one of Problem.Detail
	CodeEmpty     Code = "empty"     // Problem.Field is missing or empty
	CodeRequired  Code = "required"  // Problem.Field is missing, which older versions or newer ones do without
	CodeOneOf     Code = "one_of"    // Problem.Field has to have one of the keys in Problem.Detail
	CodeExclusive Code = "exclusive" // Problem.Field has more than one of the keys in Problem.Detail
)

// Problem is what is wrong in one place of a file.
type Problem struct {
	Code  Code
	Line  int    // counted from 1; 0: not known
	Field string // such as "ci_access.projects.id"; "" for the file; printable
	// Detail is the parser's own words, or names that the code speaks of.
	Detail string
}

// compare puts problems into the order of the file.
func (p Problem) compare(other Problem) int {
	return cmp.Or(cmp.Compare(p.Line, other.Line), cmp.Compare(p.Field, other.Field))
}

// Problems are what is wrong with a file, in its order, maxProblems at most; none: KAS takes it. KAS
// itself stops at the first.
type Problems []Problem

// Certain reports whether every KAS refuses the file. Another version may know a key, and another
// instance may read larger files.
func (p Problems) Certain() bool {
	for _, problem := range p {
		switch problem.Code {
		case CodeUnknown, CodeRemoved, CodeRequired, CodeSize:
		default:
			return true
		}
	}
	return false
}

// maxKey is how much of a key that nobody knows is repeated, in characters.
const maxKey = 60

// printable is a key as it can be shown in a sentence: what is invisible, or turns the words around
// it, is replaced, and the rest of a long one is left out.
func printable(key string) string {
	shown := []rune(strings.Map(func(c rune) rune {
		if unicode.IsPrint(c) {
			return c
		}
		return unicode.ReplacementChar
	}, key[:min(len(key), maxKey*4)]))
	if len(shown) > maxKey {
		return string(shown[:maxKey]) + "…"
	}
	return string(shown)
}
