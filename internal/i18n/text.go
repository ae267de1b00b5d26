package i18n

import (
	"fmt"
	"strconv"
	"strings"
)

// text is a message cut at its places: literal[0] name[0] literal[1] name[1] … literal[n].
type text struct {
	literals []string
	names    []string
}

// newText cuts s at its places {{.Name}}.
func newText(s string) text {
	var t text
	for {
		before, rest, found := strings.Cut(s, "{{.")
		name, after, closed := strings.Cut(rest, "}}")
		if !found || !closed {
			t.literals = append(t.literals, s)
			return t
		}
		t.literals = append(t.literals, before)
		t.names = append(t.names, name)
		s = after
	}
}

// Part is a stretch of a text: words of the catalogue, or the value that was filled in at the place
// called Name.
type Part struct{ Text, Name string }

// parts is what fill would join, so that values can be marked up.
func (t text) parts(args []any) []Part {
	parts := make([]Part, 0, 2*len(t.literals))
	for i, literal := range t.literals {
		if literal != "" {
			parts = append(parts, Part{Text: literal})
		}
		if i < len(t.names) {
			parts = append(parts, Part{Text: value(args, t.names[i]), Name: t.names[i]})
		}
	}
	return parts
}

// fill puts the values among args, names and values in turn, into the places of t.
func (t text) fill(args []any) string {
	if len(t.names) == 0 {
		return t.literals[0]
	}
	var b strings.Builder
	for i, name := range t.names {
		b.WriteString(t.literals[i])
		b.WriteString(value(args, name))
	}
	b.WriteString(t.literals[len(t.names)])
	return b.String()
}

// value is what args gives for name; a place that nobody filled stays visible.
func value(args []any, name string) string {
	for i := 0; i+1 < len(args); i += 2 {
		if args[i] != name {
			continue
		}
		switch v := args[i+1].(type) {
		case string:
			return v
		case int:
			return strconv.Itoa(v)
		default:
			return fmt.Sprint(v)
		}
	}
	return "{{." + name + "}}"
}
