package gitlabtest

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/vektah/gqlparser/v2"
	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/gqlerror"
	"github.com/vektah/gqlparser/v2/parser"
	"github.com/vektah/gqlparser/v2/validator"
	"github.com/vektah/gqlparser/v2/validator/rules"
)

var errOutputOnly = errors.New("this type is for output only")

// maxQueryText is how long a query may be.
const maxQueryText = 10_000

// lackingFields are the fields that this instance does not know.
func (c *call) lackingFields() []string {
	lacking := slices.Clone(c.settings.GraphQLLacks)
	if c.settings.CommunityEdition {
		lacking = append(lacking, "Group.clusterAgents", "ClusterAgent.isReceptive")
	}
	return lacking
}

func schemaWithout(fields []string) *ast.Schema {
	schema := gqlparser.MustLoadSchema(&ast.Source{Name: "schema.graphql", Input: graphqlSource})
	for _, name := range fields {
		typeName, field, _ := strings.Cut(name, ".")
		definition := schema.Types[typeName]
		if definition == nil || definition.Fields.ForName(field) == nil {
			panic("gitlabtest: Settings.GraphQLLacks names an unknown field " + name)
		}
		definition.Fields = slices.DeleteFunc(definition.Fields, func(f *ast.FieldDefinition) bool { return f.Name == field })
	}
	return schema
}

// validateGraphQL parses and checks a query. One unknown field is enough to refuse all of it.
func (c *call) validateGraphQL(query string) (*ast.QueryDocument, []graphqlError) {
	if len(query) > maxQueryText {
		return nil, []graphqlError{{Message: "Query too large"}}
	}
	document, err := parser.ParseQuery(&ast.Source{Input: query})
	if err != nil {
		return nil, []graphqlError{{Message: "Parse error on " + err.Error()}}
	}
	list := validator.ValidateWithRules(c.graphql.knownSchema(c.lackingFields()), document, rules.NewDefaultRules())
	if len(list) == 0 {
		return document, nil
	}
	if undefined := undefinedFields(document); len(undefined) > 0 {
		return nil, undefined
	}
	return nil, mapSlice(list, invalidQuery)
}

func invalidQuery(problem *gqlerror.Error) graphqlError {
	out := graphqlError{Message: problem.Message}
	for _, at := range problem.Locations {
		out.Locations = append(out.Locations, graphqlLocation{at.Line, at.Column})
	}
	return out
}

// undefinedFields are the errors that GitLab reports for fields which it does not know.
func undefinedFields(document *ast.QueryDocument) []graphqlError {
	var found []graphqlError
	for _, operation := range document.Operations {
		start := strings.TrimSpace(string(operation.Operation) + " " + operation.Name)
		found = append(found, undefinedIn(operation.SelectionSet, []any{start})...)
	}
	for _, fragment := range document.Fragments {
		found = append(found, undefinedIn(fragment.SelectionSet, []any{"fragment " + fragment.Name})...)
	}
	return found
}

func undefinedIn(selections ast.SelectionSet, path []any) []graphqlError {
	var found []graphqlError
	for _, selection := range selections {
		switch selected := selection.(type) {
		case *ast.InlineFragment:
			found = append(found, undefinedIn(selected.SelectionSet, path)...)
		case *ast.Field:
			here := append(slices.Clone(path), selected.Alias)
			if selected.Definition == nil && selected.ObjectDefinition != nil {
				found = append(found, undefinedField(selected, here))
			}
			found = append(found, undefinedIn(selected.SelectionSet, here)...)
		}
	}
	return found
}

func undefinedField(field *ast.Field, path []any) graphqlError {
	typeName := field.ObjectDefinition.Name
	return graphqlError{
		Message:    fmt.Sprintf("Field '%s' doesn't exist on type '%s'", field.Name, typeName),
		Locations:  []graphqlLocation{{field.Position.Line, field.Position.Column}},
		Path:       path,
		Extensions: &graphqlExtensions{Code: "undefinedField", TypeName: typeName, FieldName: field.Name},
	}
}
