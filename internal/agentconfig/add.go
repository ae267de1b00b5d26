package agentconfig

import (
	"bytes"
	"errors"
	"reflect"
	"slices"
	"strings"

	"go.yaml.in/yaml/v4"
)

var (
	// ErrRefused says that a file has problems, and so takes no grant.
	ErrRefused = errors.New("agentconfig: the file has problems")
	// ErrGranted says that the list has the path already.
	ErrGranted = errors.New("agentconfig: it is granted already")
	// ErrLayout says that the file is written in a way that no grant can be added to.
	ErrLayout = errors.New("agentconfig: no place for the grant was found")
)

// NewGrant is a grant to add to a file.
type NewGrant struct {
	// People says that it goes into user_access, and Group that it is one and no project.
	People, Group bool
	Grant
}

func (g NewGrant) list() string {
	if g.People {
		return "user_access"
	}
	return "ci_access"
}

func (g NewGrant) kind() string {
	if g.Group {
		return "groups"
	}
	return "projects"
}

// in is the list of a configuration that the grant belongs to.
func (g NewGrant) in(config *Config) *[]Grant {
	access := &config.CI
	if g.People {
		access = &config.User
	}
	if g.Group {
		return &access.Groups
	}
	return &access.Projects
}

// Add adds a grant to a file at the end of its list, and leaves everything else as it is written,
// comments included. Only what is written in braces is written anew. What it returns says what the file
// said, and the grant: anything else is ErrLayout.
func Add(data []byte, grant NewGrant) ([]byte, error) {
	before, problems := Parse(data)
	if len(problems) > 0 {
		return nil, ErrRefused
	}
	list := grant.in(&before)
	if slices.ContainsFunc(*list, func(g Grant) bool { return strings.EqualFold(g.Path, grant.Path) }) {
		return nil, ErrGranted
	}
	*list = append(*list, grant.Grant)
	for _, way := range []func([]byte, NewGrant) []byte{insert, rewrite} {
		changed := way(data, grant)
		if after, problems := Parse(changed); len(problems) == 0 && changed != nil && reflect.DeepEqual(before, after) {
			return changed, nil
		}
	}
	return nil, ErrLayout
}

// item is the grant as the item of a list.
func (g NewGrant) item() *yaml.Node {
	item := mapping("id", scalar(g.Path))
	if g.Namespace != "" {
		item.Content = append(item.Content, scalar("default_namespace"), scalar(g.Namespace))
	}
	if len(g.Environments) > 0 {
		names := &yaml.Node{Kind: yaml.SequenceNode}
		for _, name := range g.Environments {
			names.Content = append(names.Content, scalar(name))
		}
		item.Content = append(item.Content, scalar("environments"), names)
	}
	if g.ProtectedRefs {
		item.Content = append(item.Content, scalar("protected_branches_only"), &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!bool", Value: "true"})
	}
	return item
}

func scalar(text string) *yaml.Node {
	return &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!str", Value: text}
}

func mapping(key string, value *yaml.Node) *yaml.Node {
	return &yaml.Node{Kind: yaml.MappingNode, Content: []*yaml.Node{scalar(key), value}}
}

// missing is what has to be added, and below what: the keys that the file does not have yet, the item
// in them.
func (g NewGrant) missing(root *yaml.Node) (below, node *yaml.Node) {
	access := child(root, g.list())
	items := &yaml.Node{Kind: yaml.SequenceNode, Content: []*yaml.Node{g.item()}}
	if access == nil {
		lists := mapping(g.kind(), items)
		if g.People {
			lists.Content = append(mapping("access_as", mapping("agent", &yaml.Node{Kind: yaml.MappingNode})).Content, lists.Content...)
		}
		return root, mapping(g.list(), lists)
	}
	if list := child(access, g.kind()); list != nil {
		return list, items
	}
	return access, mapping(g.kind(), items)
}

// child is the value of a key of a mapping, nil for none.
func child(m *yaml.Node, key string) *yaml.Node {
	for i := 0; i+1 < len(m.Content); i += 2 {
		if m.Content[i].Value == key {
			return m.Content[i+1]
		}
	}
	return nil
}

// insert adds the grant as lines of their own, where what it is added to is written as lines; nil where
// it is not.
func insert(data []byte, grant NewGrant) []byte {
	root, _ := document(data)
	if root == nil || kindOf(root) == kindNull {
		_, node := grant.missing(&yaml.Node{Kind: yaml.MappingNode})
		return splice(data, bytes.Count(data, []byte("\n"))+1, 1, node)
	}
	below, node := grant.missing(root)
	if root.Kind != yaml.MappingNode || below.Style&yaml.FlowStyle != 0 || len(below.Content) == 0 {
		return nil
	}
	return splice(data, lastLine(below), below.Column, node)
}

// lastLine is the last line of what is written in lines.
func lastLine(node *yaml.Node) int {
	last := node.Line
	if node.Style&(yaml.LiteralStyle|yaml.FoldedStyle) != 0 {
		last += strings.Count(node.Value, "\n")
	}
	for _, content := range node.Content {
		last = max(last, lastLine(content))
	}
	return last
}

// splice puts a node behind a line, beginning in a column, both counted from 1.
func splice(data []byte, line, column int, node *yaml.Node) []byte {
	written := encode(node)
	if written == nil {
		return nil
	}
	lines := strings.SplitAfter(string(data), "\n")
	at := min(line, len(lines))
	head := strings.Join(lines[:at], "")
	if head != "" && !strings.HasSuffix(head, "\n") {
		head += "\n"
	}
	indent := strings.Repeat(" ", max(column-1, 0))
	var added strings.Builder
	for text := range strings.Lines(string(written)) {
		added.WriteString(indent + text)
	}
	return []byte(head + added.String() + strings.Join(lines[at:], ""))
}

// rewrite adds the grant by writing the whole file anew; nil where that is not possible.
func rewrite(data []byte, grant NewGrant) []byte {
	var file yaml.Node
	if err := yaml.Unmarshal(data, &file); err != nil || len(file.Content) == 0 || file.Content[0].Kind != yaml.MappingNode {
		return nil
	}
	root := file.Content[0]
	if access := child(root, grant.list()); access != nil && kindOf(access) == kindNull {
		access.Kind, access.Tag, access.Value = yaml.MappingNode, "", ""
	}
	below, node := grant.missing(root)
	if kindOf(below) == kindNull {
		below.Kind, below.Tag, below.Value = yaml.SequenceNode, "", ""
	}
	below.Style &^= yaml.FlowStyle
	root.Style &^= yaml.FlowStyle
	if access := child(root, grant.list()); access != nil {
		access.Style &^= yaml.FlowStyle
	}
	below.Content = append(below.Content, node.Content...)
	return encode(&file)
}

// encode writes a node with two spaces a level, as GitLab's documentation does; nil where it cannot.
func encode(node *yaml.Node) []byte {
	var out bytes.Buffer
	encoder := yaml.NewEncoder(&out)
	encoder.SetIndent(2)
	if err := errors.Join(encoder.Encode(node), encoder.Close()); err != nil {
		return nil
	}
	return out.Bytes()
}
