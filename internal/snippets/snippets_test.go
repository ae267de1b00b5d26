package snippets

import (
	"flag"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

var update = flag.Bool("update", false, "write the golden files anew")

// normal is what an agent of a GitLab with a certificate of its own authority needs.
func normal() Params {
	return Params{
		Agent: "production-eu", AgentID: 7, ProjectID: 20, ProjectPath: "shop/checkout/payments",
		GitLabURL: "https://gitlab.example.com", KASAddress: "wss://kas.example.com", KASVersion: "18.5.1",
		ChartRepo: "https://charts.gitlab.io", PrivateCA: true,
	}
}

// hostileText tries to end every kind of text and to run a command in every language.
const hostileText = "-x'\"\\`touch pwned`$(touch pwned);touch pwned\n&touch pwned|#: ,a={b}[0] ${file(\"/etc/passwd\")}%{if true}$${x} !!binary *a \u202e\u0007\u00e9"

func hostile() Params {
	return Params{
		Agent: hostileText, AgentID: 7, ProjectID: 20, ProjectPath: hostileText, GitLabURL: hostileText,
		KASAddress: hostileText, KASVersion: hostileText, ChartRepo: hostileText, PrivateCA: true,
	}
}

// inputs are the sets of parameters that every property is tried with.
func inputs() map[string]Params {
	plain := normal()
	plain.PrivateCA, plain.KASVersion = false, ""
	return map[string]Params{"normal": normal(), "plain": plain, "hostile": hostile()}
}

// each runs check on every step of every variant for every input.
func each(t *testing.T, check func(t *testing.T, p Params, v Variant, s Step)) {
	t.Helper()
	for name, p := range inputs() {
		for _, v := range Variants() {
			for _, s := range p.Steps(v) {
				t.Run(name+"/"+string(v)+"/"+string(s.ID), func(t *testing.T) {
					t.Parallel()
					check(t, p, v, s)
				})
			}
		}
	}
}

func TestVariantsReadAsTheirGoldenFiles(t *testing.T) {
	t.Parallel()
	for _, v := range Variants() {
		var got strings.Builder
		for _, s := range normal().Steps(v) {
			got.WriteString("-- " + string(s.ID) + " --\n" + s.Code + "\n")
		}
		file := filepath.Join("testdata", string(v)+".golden")
		if *update {
			if err := os.WriteFile(file, []byte(got.String()), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		want, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(string(want), got.String()); diff != "" {
			t.Errorf("%s (-want +got):\n%s", v, diff)
		}
	}
}

// The package cannot print what it is never given.
func TestNoParameterCanHoldASecret(t *testing.T) {
	t.Parallel()
	params := reflect.TypeFor[Params]()
	for field := range params.Fields() {
		switch field.Type.Kind() {
		case reflect.String, reflect.Int64, reflect.Bool:
		default:
			t.Errorf("%s is a %s", field.Name, field.Type)
		}
		if name := strings.ToLower(field.Name); strings.Contains(name, "token") || strings.Contains(name, "secret") {
			t.Errorf("there is a parameter %s", field.Name)
		}
	}
}

func TestWithoutAPrivateAuthorityNothingAsksForItsCertificate(t *testing.T) {
	t.Parallel()
	p := normal()
	p.PrivateCA = false
	for _, v := range Variants() {
		for _, s := range p.Steps(v) {
			if strings.Contains(s.Code, CAFile) || strings.Contains(s.Code, "kasCaCert") || s.ID == StepCA || s.ID == StepCAValues {
				t.Errorf("%s asks for it in %s:\n%s", v, s.ID, s.Code)
			}
		}
	}
}

func TestOnlyGlabNeedsNoToken(t *testing.T) {
	t.Parallel()
	for _, v := range Variants() {
		steps := normal().Steps(v)
		reads := slices.ContainsFunc(steps, func(s Step) bool { return s.ID == StepSecret })
		if want := v != Glab; reads != want {
			t.Errorf("%s reads a token: %t, want %t", v, reads, want)
		}
		if last := steps[len(steps)-1]; v != Glab && last.ID != StepRestart {
			t.Errorf("%s ends with %s, want the restart", v, last.ID)
		}
	}
	if steps := normal().Steps("else"); steps != nil {
		t.Errorf("an unknown variant has steps: %v", steps)
	}
}

func TestNamesFitKubernetesAndHelm(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ name, agent, namespace, release string }{
		{"a short name", "prod", "gitlab-agent-prod", "prod"},
		{"the longest name", strings.Repeat("a", 63), "gitlab-agent-" + strings.Repeat("a", 50), strings.Repeat("a", 53)},
		{"a hyphen at the cuts", strings.Repeat("a", 49) + "-aa-" + strings.Repeat("b", 10), "gitlab-agent-" + strings.Repeat("a", 49), strings.Repeat("a", 49) + "-aa"},
		{"what looks like an option", "--debug", "gitlab-agent---debug", "debug"},
		{"a cut inside a character", strings.Repeat("a", 49) + "éé", "gitlab-agent-" + strings.Repeat("a", 49), strings.Repeat("a", 49) + "éé"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if got := Namespace(tt.agent); got != tt.namespace || len(got) > 63 {
				t.Errorf("namespace %q, want %q", got, tt.namespace)
			}
			if got := Release(tt.agent); got != tt.release || len(got) > 53 {
				t.Errorf("release %q, want %q", got, tt.release)
			}
		})
	}
}

func TestTheImageFollowsTheAgentServer(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ name, url, version, want string }{
		{"as GitLab says it", "https://gitlab.example.com", "18.5.1", "v18.5.1"},
		{"with its v", "https://gitlab.example.com", "v18.5.1", "v18.5.1"},
		{"not known", "https://gitlab.example.com", "", ""},
		{"of GitLab.com, which runs ahead of the releases", "https://gitlab.com", "18.6.0-rc3", ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if got := (Params{GitLabURL: tt.url, KASVersion: tt.version}).imageTag(); got != tt.want {
				t.Errorf("image tag %q, want %q", got, tt.want)
			}
		})
	}
}
