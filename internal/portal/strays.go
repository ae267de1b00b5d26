package portal

import (
	"reflect"
	"slices"
	"strings"

	"github.com/agnivade/levenshtein"
)

// stray is a variable that the portal does not read, and the one that is perhaps meant.
type stray struct{ name, meant string }

// straysIn finds the variables with a value that look like the portal's: a slip of the pen would
// otherwise leave a default in its place without a word.
func straysIn(environ []string) []stray {
	known := settingNames()
	var strays []stray
	for _, line := range environ {
		name, value, _ := strings.Cut(line, "=")
		if value == "" || slices.Contains(known, name) {
			continue
		}
		if meant := lookalike(name, known); meant != "" {
			strays = append(strays, stray{name, meant})
		}
	}
	return strays
}

// settingNames are config's variables.
func settingNames() []string {
	var names []string
	for field := range reflect.TypeFor[config]().Fields() {
		if name := field.Tag.Get("env"); name != "" {
			names = append(names, name)
		}
	}
	return names
}

// lookalike is the known variable that name comes nearest to; empty where none is near.
func lookalike(name string, known []string) string {
	meant, nearest := "", 4
	for _, other := range known {
		if strings.HasSuffix(other, "_PROXY") { // has many relatives that belong to other programs
			continue
		}
		distance := levenshtein.ComputeDistance(strings.ToUpper(name), other)
		if strings.HasPrefix(strings.ToUpper(name), other) {
			distance = 0 // as _FILE, which not every setting has
		}
		if distance <= slips(other) && distance < nearest {
			meant, nearest = other, distance
		}
	}
	return meant
}

// slips is how many letters of a name may be wrong before it is another name.
func slips(name string) int {
	if len(name) > len("GITLAB_JIHU") {
		return 3
	}
	return 2
}
