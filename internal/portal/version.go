package portal

import (
	"cmp"
	"fmt"
	"runtime"
	"runtime/debug"
	"strings"
)

// version and revision say what the toolchain cannot know where it builds without the history of
// the source, as in an image: -ldflags "-X gitlab-agent-portal/internal/portal.version=v1.2.3 -X …".
var version, revision string //nolint:gochecknoglobals // the linker sets variables only

// build is what the program was built from.
type build struct {
	// version is a tag, or what Go makes of the commits since; "devel" where nobody knows.
	version string
	// revision is the commit; empty where nobody knows.
	revision string
	// isModified says that the source differed from that commit.
	isModified bool
}

// thisBuild is the running program's.
func thisBuild() build {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		info = new(debug.BuildInfo)
	}
	return buildOf(info, version, revision)
}

// buildOf is what the toolchain has noted, unless the linker was told better.
func buildOf(info *debug.BuildInfo, version, revision string) build {
	noted := make(map[string]string, len(info.Settings))
	for _, setting := range info.Settings {
		noted[setting.Key] = setting.Value
	}
	return build{
		version:    cmp.Or(version, strings.Trim(info.Main.Version, "()"), "devel"),
		revision:   cmp.Or(revision, noted["vcs.revision"]),
		isModified: revision == "" && noted["vcs.modified"] == "true",
	}
}

// String is a line for people and for reports of faults.
func (b build) String() string {
	details := []string{runtime.Version()}
	if b.revision != "" {
		details = append([]string{"revision " + b.revision}, details...)
	}
	if b.isModified {
		details = append(details, "changed since that revision")
	}
	return fmt.Sprintf("gitlab-agent-portal %s (%s)", b.version, strings.Join(details, ", "))
}
