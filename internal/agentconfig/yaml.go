package agentconfig

import (
	"errors"
	"regexp"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v4"
)

const (
	// maxVisits is how many nodes are looked at, and bytes of text taken. A file of MaxSize has
	// fewer, unless its aliases lead to the same ones again and again.
	maxVisits = 4 * MaxSize
	// maxMerges is how deep mappings may take over from each other. One that takes over from
	// itself has no end.
	maxMerges = 100
	// maxProblems is how many problems are kept.
	maxProblems = 100
)

// kind is what a node stands for in JSON.
type kind int

const (
	kindNull kind = iota
	kindText
	kindBoolean
	kindNumber
	kindMapping
	kindList
)

// document is the first document of a file, which is all that KAS reads; nil for none.
func document(data []byte) (*yaml.Node, *Problem) {
	if len(data) > MaxSize {
		return nil, &Problem{Code: CodeSize}
	}
	var document yaml.Node
	if err := yaml.Unmarshal(data, &document); err != nil {
		return nil, syntaxProblem(err)
	}
	if document.IsZero() {
		return nil, nil // an empty file, or one of comments
	}
	return document.Content[0], nil
}

// syntaxProblem takes the parser's complaint apart.
func syntaxProblem(err error) *Problem {
	if at, ok := errors.AsType[*yaml.LoadError](err); ok {
		return &Problem{Code: CodeSyntax, Line: at.Mark.Line, Detail: at.Message}
	}
	return &Problem{Code: CodeSyntax, Detail: err.Error()}
}

// target is the node itself, or what it is an alias of.
func target(node *yaml.Node) *yaml.Node {
	if node.Kind == yaml.AliasNode {
		return node.Alias
	}
	return node
}

// plain reports whether a scalar stands there without quotes and without a tag.
func plain(node *yaml.Node) bool { return node.Kind == yaml.ScalarNode && node.Style == 0 }

// oldBooleans are the words that are booleans in YAML 1.1, which KAS reads, and no longer in 1.2.
var oldBooleans = regexp.MustCompile(`^(y|Y|yes|Yes|YES|on|On|ON|n|N|no|No|NO|off|Off|OFF)$`)

// kindOf is what a node, which is no alias, stands for.
func kindOf(node *yaml.Node) kind {
	switch {
	case node.Kind == yaml.MappingNode:
		return kindMapping
	case node.Kind == yaml.SequenceNode:
		return kindList
	case plain(node) && oldBooleans.MatchString(node.Value):
		return kindBoolean
	}
	switch node.ShortTag() {
	case "!!null":
		return kindNull
	case "!!bool":
		return kindBoolean
	case "!!int", "!!float":
		return kindNumber
	default: // also a time, which stays as it was written
		return kindText
	}
}

// truth is a boolean's value.
func truth(node *yaml.Node) bool {
	switch strings.ToLower(node.Value) {
	case "true", "y", "yes", "on":
		return true
	default:
		return false
	}
}

// whole reports whether a number, or a text that holds one, fits into 64 bits without a fraction.
func whole(node *yaml.Node) bool {
	text := node.Value
	if kindOf(node) == kindNumber {
		text = strings.ReplaceAll(text, "_", "")
		if _, err := strconv.ParseInt(text, 0, 64); err == nil {
			return true
		}
	}
	if _, err := strconv.ParseInt(text, 10, 64); err == nil {
		return true
	}
	number, err := strconv.ParseFloat(text, 64)
	return err == nil && number == float64(int64(number))
}

// member is an entry of a mapping.
type member struct {
	name       string
	key, value *yaml.Node
}

// members are the entries of a mapping as KAS's parser has them: of the same name the last one
// counts, and a merge stands where it is written, above what comes after it and below nothing.
type members struct {
	r     *reader
	field string
	at    map[string]int
	list  []member
}

func (r *reader) members(field string, mapping *yaml.Node) []member {
	m := members{r: r, field: field, at: map[string]int{}}
	m.take(mapping, maxMerges)
	return m.list
}

// take adds the entries of a mapping, with so many merges left to go down.
func (m *members) take(mapping *yaml.Node, merges int) {
	if merges == 0 {
		m.r.fail(CodeSize, "", mapping, "")
	}
	m.r.spend(len(mapping.Content)+1, mapping)
	own := map[string]bool{}
	for i := 0; i+1 < len(mapping.Content) && !m.r.stopped; i += 2 {
		key, content := target(mapping.Content[i]), target(mapping.Content[i+1])
		switch {
		case plain(key) && key.Value == "<<":
			m.merge(content, merges-1)
		case key.Kind != yaml.ScalarNode || kindOf(key) == kindNull:
			m.r.fail(CodeKey, m.field, key, "")
		default:
			if own[key.Value] {
				m.r.repeat(join(m.field, key.Value), mapping.Content[i])
			}
			own[key.Value] = true
			m.put(member{key.Value, mapping.Content[i], content})
		}
	}
}

func (m *members) put(entry member) {
	m.r.spend(len(entry.name), entry.key)
	if i, ok := m.at[entry.name]; ok {
		m.list[i] = entry
		return
	}
	m.at[entry.name] = len(m.list)
	m.list = append(m.list, entry)
}

// merge adds what a mapping takes over from others; of a list the first one counts.
func (m *members) merge(from *yaml.Node, merges int) {
	sources := []*yaml.Node{from}
	if from.Kind == yaml.SequenceNode {
		sources = from.Content
	}
	m.r.spend(len(sources), from)
	for i := len(sources) - 1; i >= 0 && !m.r.stopped; i-- {
		if source := target(sources[i]); source.Kind == yaml.MappingNode {
			m.take(source, merges)
		} else {
			m.r.fail(CodeMapping, join(m.field, "<<"), source, "")
		}
	}
}
