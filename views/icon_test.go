package views

import (
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// The sprite holds the icons that the views use, and no others.
func TestIconsAreInTheSprite(t *testing.T) {
	t.Parallel()
	listed, err := os.ReadFile("../static/icons/icons.txt")
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(iconConstants(t), strings.Fields(string(listed))); diff != "" {
		t.Errorf("views/icon.go and static/icons/icons.txt differ (-views +sprite):\n%s", diff)
	}
}

// iconConstants returns the values of the constants in icon.go, sorted.
func iconConstants(t *testing.T) []string {
	t.Helper()
	file, err := parser.ParseFile(token.NewFileSet(), "icon.go", nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	ast.Inspect(file, func(node ast.Node) bool {
		spec, ok := node.(*ast.ValueSpec)
		if !ok {
			return true
		}
		name, err := strconv.Unquote(spec.Values[0].(*ast.BasicLit).Value)
		if err != nil {
			t.Fatal(err)
		}
		names = append(names, name)
		return false
	})
	slices.Sort(names)
	return names
}
