// Package agentconfig reads the part of an agent's configuration file that says whom it lets
// in (https://docs.gitlab.com/user/clusters/agent/ci_cd_workflow/ and
// https://docs.gitlab.com/user/clusters/agent/user_access/). What it does not know it skips:
// GitLab adds keys from version to version.
package agentconfig

import (
	"errors"
	"fmt"

	"go.yaml.in/yaml/v4"
)

// Path is where GitLab looks for the configuration of the agent, on the default branch.
func Path(agent string) string { return ".gitlab/agents/" + agent + "/config.yaml" }

// MaxSize is how large a file is read, in bytes. It is what GitLab's agent server reads unless
// it is set up otherwise (max_configuration_file_size).
const MaxSize = 128 << 10

const (
	// maxVisits is how many nodes are looked at, and bytes of text taken. A file of MaxSize has
	// fewer, unless its aliases lead to the same ones again and again.
	maxVisits = 4 * MaxSize
	// maxMerges is how deep mappings may take over from each other. One that takes over from
	// itself has no end.
	maxMerges = 100
)

// Config is whom an agent lets in.
type Config struct {
	CI   Access // ci_access: pipelines
	User Access // user_access: people, by their role there
}

// Access is one of the two lists.
type Access struct {
	Groups, Projects []Grant
	// Instance says that everybody on the instance is let in.
	Instance bool
}

// Grant lets a group or a project in.
type Grant struct {
	Path         string   // full path
	Environments []string // the only ones; none: all
	// ProtectedBranches says that pipelines of other branches stay outside.
	ProtectedBranches bool
}

// Problem is what is wrong with a file.
type Problem string

// The problems. GitLab takes no part of a file that has one.
const (
	ProblemSyntax  Problem = "syntax"  // no YAML; Error.Detail has the parser's words
	ProblemMapping Problem = "mapping" // Error.Field has to be a mapping
	ProblemList    Problem = "list"    // Error.Field has to be a list
	ProblemText    Problem = "text"    // Error.Field has to be a text
	ProblemBoolean Problem = "boolean" // Error.Field has to be true or false
	ProblemTwice   Problem = "twice"   // Error.Field stands there twice
	ProblemSize    Problem = "size"    // the file is larger than MaxSize, or grows by its aliases
)

// Error is the first problem of a file.
type Error struct {
	Problem Problem
	Line    int    // counted from 1; 0: not known
	Field   string // such as "ci_access.projects.id"
	Detail  string
}

// Error names the problem and its place, for logs.
func (e *Error) Error() string {
	return fmt.Sprintf("agent configuration: line %d: %s %s%s", e.Line, e.Problem, e.Field, e.Detail)
}

// Parse reads a file. Its error is an *Error.
func Parse(data []byte) (Config, error) {
	if len(data) > MaxSize {
		return Config{}, &Error{Problem: ProblemSize}
	}
	var document yaml.Node
	if err := yaml.Unmarshal(data, &document); err != nil {
		return Config{}, syntaxError(err)
	}
	if document.IsZero() {
		return Config{}, nil // an empty file, or one of comments
	}
	// Read by hand: decoding takes minutes for a few kilobytes that repeat a key.
	r := reader{}
	root := r.mapping("", document.Content[0])
	config := Config{CI: r.access("ci_access", root), User: r.access("user_access", root)}
	if r.err != nil {
		return Config{}, r.err
	}
	return config, nil
}

// syntaxError takes the parser's complaint apart.
func syntaxError(err error) *Error {
	if at, ok := errors.AsType[*yaml.LoadError](err); ok {
		return &Error{Problem: ProblemSyntax, Line: at.Mark.Line, Detail: at.Message}
	}
	return &Error{Problem: ProblemSyntax, Detail: err.Error()}
}

// reader keeps the first problem that it meets; after one, everything reads as empty.
type reader struct {
	err    error
	visits int
}

func (r *reader) fail(problem Problem, field string, node *yaml.Node) {
	if r.err == nil {
		r.err = &Error{Problem: problem, Field: field, Line: node.Line}
	}
}

// spend counts visits of n nodes, and fails when they are too many.
func (r *reader) spend(n int, at *yaml.Node) {
	if r.visits += n; r.visits > maxVisits {
		r.fail(ProblemSize, "", at)
	}
}

// value is what a node stands for: an alias for its anchor, null for nothing.
func value(node *yaml.Node) *yaml.Node {
	if node != nil && node.Kind == yaml.AliasNode {
		node = node.Alias
	}
	if node == nil || node.Tag == "!!null" {
		return nil
	}
	return node
}

func (r *reader) mapping(field string, node *yaml.Node) *yaml.Node {
	switch node = value(node); {
	case node == nil:
	case node.Kind != yaml.MappingNode:
		r.fail(ProblemMapping, field, node)
	default:
		return node
	}
	return nil
}

// get is the value of a key, also of one that the mapping takes over from others.
func (r *reader) get(mapping *yaml.Node, key string) *yaml.Node {
	return r.lookUp(mapping, key, maxMerges)
}

// lookUp is get with so many merges left to go down.
func (r *reader) lookUp(mapping *yaml.Node, key string, merges int) *yaml.Node {
	if mapping == nil || r.err != nil {
		return nil
	}
	if merges == 0 {
		r.fail(ProblemSize, "", mapping)
		return nil
	}
	r.spend(len(mapping.Content)+1, mapping)
	var found *yaml.Node
	var merged []*yaml.Node
	for i := 0; i+1 < len(mapping.Content); i += 2 {
		switch name, content := mapping.Content[i], mapping.Content[i+1]; {
		case name.Value == key && found != nil:
			r.fail(ProblemTwice, key, name)
		case name.Value == key:
			found = content
		case name.Tag == "!!merge":
			merged = append(merged, mergedFrom(value(content))...)
		}
	}
	if found != nil {
		return value(found)
	}
	for _, other := range merged {
		if found := r.lookUp(value(other), key, merges-1); found != nil {
			return found
		}
	}
	return nil
}

func mergedFrom(node *yaml.Node) []*yaml.Node {
	if node != nil && node.Kind == yaml.SequenceNode {
		return node.Content
	}
	return []*yaml.Node{node}
}

func (r *reader) access(field string, root *yaml.Node) Access {
	list := r.mapping(field, r.get(root, field))
	return Access{
		Groups:   r.grants(field+".groups", r.get(list, "groups")),
		Projects: r.grants(field+".projects", r.get(list, "projects")),
		Instance: r.get(list, "instance") != nil,
	}
}

func (r *reader) grants(field string, node *yaml.Node) []Grant {
	var grants []Grant
	for _, item := range r.list(field, node) {
		grant := r.mapping(field, item)
		path := r.text(field+".id", r.get(grant, "id"), item)
		if r.err != nil {
			return nil
		}
		grants = append(grants, Grant{
			Path:              path,
			Environments:      r.texts(field+".environments", r.get(grant, "environments")),
			ProtectedBranches: r.boolean(field+".protected_branches_only", r.get(grant, "protected_branches_only")),
		})
	}
	return grants
}

func (r *reader) list(field string, node *yaml.Node) []*yaml.Node {
	switch node = value(node); {
	case node == nil:
	case node.Kind != yaml.SequenceNode:
		r.fail(ProblemList, field, node)
	default:
		r.spend(len(node.Content), node)
		return node.Content
	}
	return nil
}

// text is a text that has to be there; without one, the problem is where around is.
func (r *reader) text(field string, node, around *yaml.Node) string {
	if node = value(node); node == nil {
		r.fail(ProblemText, field, around)
		return ""
	}
	if node.Tag != "!!str" || node.Value == "" {
		r.fail(ProblemText, field, node)
	}
	r.spend(len(node.Value), node)
	return node.Value
}

func (r *reader) texts(field string, node *yaml.Node) []string {
	var texts []string
	for _, item := range r.list(field, node) {
		if r.err != nil {
			return nil
		}
		texts = append(texts, r.text(field, item, item))
	}
	return texts
}

func (r *reader) boolean(field string, node *yaml.Node) bool {
	yes := false
	if node != nil && node.Decode(&yes) != nil {
		r.fail(ProblemBoolean, field, node)
	}
	return yes
}
