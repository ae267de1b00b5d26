package agentconfig

import (
	"regexp"
	"slices"
	"strings"

	"go.yaml.in/yaml/v4"
)

// reader reads a document by the schema, and collects what is wrong with it.
type reader struct {
	problems Problems
	repeated []Repeat
	visits   int
	// stopped: there is no use, or no end, in reading on.
	stopped bool
}

// object is a mapping that the schema knows, without the keys that hold null.
type object map[string]value

// value is what was read of a field.
type value struct {
	text   string
	yes    bool
	items  []value
	fields object
}

// read reads a file by the schema.
func read(data []byte) (object, *reader) {
	r := &reader{}
	root, problem := document(data)
	if problem != nil {
		r.problems = Problems{*problem}
	}
	if root == nil || kindOf(target(root)) == kindNull {
		return nil, r
	}
	fields := r.message("", target(root), configurationFile())
	slices.SortStableFunc(r.problems, Problem.compare)
	return fields, r
}

func (r *reader) fail(code Code, field string, node *yaml.Node, detail string) {
	if !r.stopped {
		r.problems = append(r.problems, Problem{Code: code, Field: field, Line: node.Line, Detail: detail})
	}
	r.stopped = r.stopped || code == CodeSize || len(r.problems) == maxProblems
}

func (r *reader) repeat(field string, key *yaml.Node) {
	again := Repeat{Line: key.Line, Field: field}
	if len(r.repeated) < maxProblems && !slices.Contains(r.repeated, again) {
		r.repeated = append(r.repeated, again)
	}
}

// spend counts visits of n nodes, and fails when they are too many.
func (r *reader) spend(n int, at *yaml.Node) {
	if r.visits += n; r.visits > maxVisits {
		r.fail(CodeSize, "", at, "")
	}
}

func join(field, key string) string {
	if key = printable(key); field == "" {
		return key
	}
	return field + "." + key
}

// message reads a mapping whose keys the schema knows.
func (r *reader) message(path string, node *yaml.Node, m *message) object {
	if kindOf(node) != kindMapping {
		r.fail(CodeMapping, path, node, "")
		return nil
	}
	read := object{}
	for _, entry := range r.members(path, node) {
		if r.stopped {
			return nil
		}
		at := join(path, entry.name)
		f, known := m.fields[entry.name]
		if !known {
			r.unknown(at, entry, m)
		} else if kindOf(entry.value) != kindNull {
			read[entry.name] = r.field(at, entry.value, f)
		}
	}
	r.missing(path, node, m, read)
	return read
}

func (r *reader) unknown(path string, entry member, m *message) {
	if since, ok := m.removed[entry.name]; ok {
		r.fail(CodeRemoved, path, entry.key, since)
		return
	}
	r.fail(CodeUnknown, path, entry.key, "")
}

// missing looks for what a message has to have.
func (r *reader) missing(path string, node *yaml.Node, m *message, read object) {
	for name, f := range m.fields {
		if _, ok := read[name]; !ok && f.filled && f.shape == shapeText && !f.list {
			r.fail(CodeEmpty, join(path, name), node, "")
		} else if !ok && f.filled && f.of != nil {
			r.fail(CodeRequired, join(path, name), node, "")
		}
	}
	given := 0
	for _, name := range m.oneOf {
		if _, ok := read[name]; ok {
			given++
		}
	}
	switch {
	case len(m.oneOf) == 0 || given == 1:
	case given == 0:
		r.fail(CodeOneOf, path, node, strings.Join(m.oneOf, ", "))
	default:
		r.fail(CodeExclusive, path, node, strings.Join(m.oneOf, ", "))
	}
}

// field reads the value of a known key, which is not null.
func (r *reader) field(path string, node *yaml.Node, f field) value {
	if !f.list {
		return r.single(path, node, f)
	}
	if kindOf(node) != kindList {
		r.fail(CodeList, path, node, "")
		return value{}
	}
	r.spend(len(node.Content), node)
	if f.some && len(node.Content) == 0 {
		r.fail(CodeEmpty, path, node, "")
	}
	var items []value
	for _, content := range node.Content {
		if r.stopped {
			return value{}
		}
		items = append(items, r.single(path, target(content), f))
	}
	return value{items: items}
}

// single reads one value of a field.
func (r *reader) single(path string, node *yaml.Node, f field) value {
	switch f.shape {
	case shapeMessage:
		return value{fields: r.message(path, node, f.of)}
	case shapeText:
		return r.text(path, node, f)
	case shapeBoolean:
		if kindOf(node) != kindBoolean {
			r.fail(CodeBoolean, path, node, "")
		}
		return value{yes: truth(node)}
	case shapeLabels:
		r.labels(path, node)
	default:
		r.other(path, node, f)
	}
	return value{}
}

func (r *reader) text(path string, node *yaml.Node, f field) value {
	r.spend(len(node.Value)+1, node)
	switch {
	case kindOf(node) != kindText:
		r.fail(CodeText, path, node, "")
	case f.filled && node.Value == "":
		r.fail(CodeEmpty, path, node, "")
	}
	return value{text: node.Value}
}

// seconds is how protobuf writes a duration as JSON.
var seconds = regexp.MustCompile(`^[-+]?((0|[1-9]\d{0,11})(\.\d{0,9})?|\.\d{0,9})s$`)

// other reads a value that nothing is taken from.
func (r *reader) other(path string, node *yaml.Node, f field) {
	switch kind := kindOf(node); f.shape {
	case shapeInteger:
		if kind != kindNumber && kind != kindText || !whole(node) {
			r.fail(CodeInteger, path, node, "")
		}
	case shapeDuration:
		zero := strings.Trim(node.Value, "+0.s") == "" || strings.HasPrefix(node.Value, "-")
		if kind != kindText || !seconds.MatchString(node.Value) || f.filled && zero {
			r.fail(CodeDuration, path, node, "")
		}
	case shapeLevel:
		named := kind == kindText && slices.Contains(logLevels(), node.Value)
		if !named && (kind != kindNumber || !whole(node)) {
			r.fail(CodeChoice, path, node, strings.Join(logLevels(), ", "))
		}
	}
}

// labels reads a mapping of texts by names of any kind.
func (r *reader) labels(path string, node *yaml.Node) {
	if kindOf(node) != kindMapping {
		r.fail(CodeMapping, path, node, "")
		return
	}
	for _, entry := range r.members(path, node) {
		if r.stopped {
			return
		}
		r.text(join(path, entry.name), entry.value, text())
	}
}
