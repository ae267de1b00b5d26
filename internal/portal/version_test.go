package portal

import (
	"encoding/json"
	"runtime"
	"runtime/debug"
	"strings"
	"testing"
)

func TestABuildKnowsItsVersion(t *testing.T) {
	t.Parallel()
	noted := func(version string, settings ...string) *debug.BuildInfo {
		info := &debug.BuildInfo{Main: debug.Module{Version: version}}
		for i := 0; i < len(settings); i += 2 {
			info.Settings = append(info.Settings, debug.BuildSetting{Key: settings[i], Value: settings[i+1]})
		}
		return info
	}
	tests := []struct {
		name              string
		info              *debug.BuildInfo
		version, revision string
		want              string
	}{
		{"nothing is known", noted(""), "", "", "devel (GO)"},
		{"a build of go run", noted("(devel)"), "", "", "devel (GO)"},
		{"a tag", noted("v1.2.3", "vcs.revision", "abc", "vcs.modified", "false"), "", "", "v1.2.3 (revision abc, GO)"},
		{"a changed source", noted("v1.2.3+dirty", "vcs.revision", "abc", "vcs.modified", "true"), "", "", "v1.2.3+dirty (revision abc, GO, changed since that revision)"},
		{"an image, whose builder was told", noted("(devel)"), "v1.2.3", "def", "v1.2.3 (revision def, GO)"},
		{"a builder who knows better", noted("v0.0.0+dirty", "vcs.revision", "abc", "vcs.modified", "true"), "v1.2.3", "def", "v1.2.3 (revision def, GO)"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			want := "gitlab-agent-portal " + strings.ReplaceAll(tt.want, "GO", runtime.Version())
			if got := buildOf(tt.info, tt.version, tt.revision).String(); got != want {
				t.Errorf("the build is %q, want %q", got, want)
			}
		})
	}
}

func TestTheVersionIsAskedForWithoutSettings(t *testing.T) {
	t.Parallel()
	out := new(output)
	if err := Run(t.Context(), []string{"-version"}, nil, out); err != nil || out.String() != thisBuild().String()+"\n" {
		t.Errorf("Run -version = %q, %v, want the build in one line", out, err)
	}
}

func TestThePortalSaysWhatItIsAndWhatItWorksWith(t *testing.T) {
	t.Parallel()
	gitlab := newOrganisation(t)
	portal := startPortal(t, gitlab, nil, "METRICS_ADDR=127.0.0.1:0", "GITLAB_SCOPE=read_api", "DATABASE_URL=sqlite:"+t.TempDir()+"/portal.db")
	var line map[string]any
	first, _, _ := strings.Cut(portal.output.String(), "\n")
	if err := json.Unmarshal([]byte(first), &line); err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]string{
		"msg": "the portal answers", "version": thisBuild().version, "gitlab": gitlab.URL, "database": "sqlite", "scope": "read_api",
		"address": portal.listener.Addr().String(), "public_url": portal.url,
	} {
		if line[name] != want {
			t.Errorf("the first line's %s is %v, want %q: %s", name, line[name], want, first)
		}
	}
	b := newBrowser(t)
	if got, want := b.get(portal.url+"/healthz").body, "ok\nversion "+thisBuild().version+"\n"; got != want {
		t.Errorf("GET /healthz = %q, want %q", got, want)
	}
	if got := b.get("http://" + portal.metrics(t) + "/metrics").body; !strings.Contains(got, `portal_build_info{goversion="`+runtime.Version()+`",revision="`) {
		t.Error("the metrics lack portal_build_info")
	}
}
