package gitlabtest

import (
	"fmt"
	"maps"
	"strings"

	"github.com/vektah/gqlparser/v2/ast"
)

// cost is what a query would take by GitLab's count.
type cost struct {
	complexity, depth int
}

// graphqlLimits are those of lib/gitlab/graphql and app/graphql/gitlab_schema.rb: anonymous callers
// may ask for less and administrators for more.
func (c *call) graphqlLimits() cost {
	limit := c.settings.ComplexityLimit
	switch {
	case c.user == nil:
		return cost{complexity: limit - 50, depth: 15}
	case c.user.Admin:
		return cost{complexity: limit + 50, depth: 20}
	default:
		return cost{complexity: limit, depth: 20}
	}
}

// problem is GitLab's sentence for a query beyond the limits, empty for one within them.
func (q cost) problem(limit cost) string {
	switch {
	case q.complexity > limit.complexity:
		return fmt.Sprintf("Query has complexity of %d, which exceeds max complexity of %d", q.complexity, limit.complexity)
	case q.depth > limit.depth:
		return fmt.Sprintf("Query has depth of %d, which exceeds max depth of %d", q.depth, limit.depth)
	default:
		return ""
	}
}

func queryCost(operation *ast.OperationDefinition, variables map[string]any) cost {
	complexity, depth := selectionCost(operation.SelectionSet, withDefaults(operation, variables))
	return cost{complexity, depth}
}

// withDefaults are the variables with the operation's own defaults for those that were not given.
func withDefaults(operation *ast.OperationDefinition, variables map[string]any) map[string]any {
	filled := maps.Clone(variables)
	if filled == nil {
		filled = map[string]any{}
	}
	for _, definition := range operation.VariableDefinitions {
		if _, given := filled[definition.Variable]; given || definition.DefaultValue == nil {
			continue
		}
		// A default that has no value was refused by the validation.
		filled[definition.Variable], _ = definition.DefaultValue.Value(nil)
	}
	return filled
}

// declaredCost is that of fields whose complexity GitLab's types declare. They are not multiplied by
// the rows asked for (app/graphql/types/clusters/agent_type.rb).
var declaredCost = map[string]int{"ClusterAgent.connections": 5} //nolint:gochecknoglobals // a table

// gitalyCost is what fields cost beside for asking where repositories are kept (calls_gitaly in
// app/graphql/types/repository_type.rb and tree/tree_type.rb).
var gitalyCost = map[string]int{"Repository.rootRef": 1, "Repository.tree": 1, "Tree.blobs": 1} //nolint:gochecknoglobals // a table

// argumentCost is what an argument adds to the cost of its field (app/graphql/resolvers/base_resolver.rb).
var argumentCost = map[string]int{"sort": 1, "search": 5} //nolint:gochecknoglobals // a table

// selectionCost adds up the fields: each costs one more than its children and some arguments, and a
// connection that again for every hundred rows asked for, in whole numbers.
func selectionCost(selections ast.SelectionSet, variables map[string]any) (complexity, depth int) {
	for _, selection := range selections {
		own, below := oneCost(selection, variables)
		complexity += own
		depth = max(depth, below)
	}
	return complexity, depth
}

func oneCost(selection ast.Selection, variables map[string]any) (complexity, depth int) {
	switch selected := selection.(type) {
	case *ast.InlineFragment:
		return selectionCost(selected.SelectionSet, variables)
	case *ast.FragmentSpread:
		return selectionCost(selected.Definition.SelectionSet, variables)
	case *ast.Field:
		children, below := selectionCost(selected.SelectionSet, variables)
		name := selected.ObjectDefinition.Name + "." + selected.Name
		if declared := declaredCost[name]; declared > 0 {
			return children + declared, below + 1
		}
		own := children + 1 + gitalyCost[name]
		for _, argument := range selected.Arguments {
			own += argumentCost[argument.Name]
		}
		if isConnection(selected) {
			own = own * (100 + askedFor(selected, variables)) / 100
		}
		return own, below + 1
	default:
		return 0, 0
	}
}

func isConnection(field *ast.Field) bool {
	return strings.HasSuffix(field.Definition.Type.Name(), "Connection")
}

// askedFor is the number of rows of a connection that the query wants; the largest page without
// a word about it.
func askedFor(field *ast.Field, variables map[string]any) int {
	switch first := field.ArgumentMap(variables)["first"].(type) {
	case int64:
		return int(min(first, maxPerPage))
	case float64: // a variable as JSON has it
		return int(min(first, maxPerPage))
	default:
		return maxPerPage
	}
}
