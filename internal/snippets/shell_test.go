package snippets

import (
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// recorder stands in for kubectl, helm, glab and the tools of secret stores: it notes its arguments,
// and what it is given as the token.
const recorder = `#!/bin/sh
printf '%s\0' "${0##*/}" "$@" > "$(mktemp "$CALLS/call.XXXXXX")"
case " $* " in
*" --from-file=token=/dev/stdin "* | *" token=- "*) cat > "$CALLS/token" ;;
*" --filename=- "* | *" --format=yaml "* | *" /dev/stdin "*) cat > /dev/null ;;
esac
`

// typed is a token with everything that a shell could change.
const typed = `glagent-canary.a_b-\n$HOME` + "`id`" + `"'%s*`

// terminal is a folder in which commands are run.
type terminal struct {
	t                   *testing.T
	folder, bin, record string
}

func newTerminal(t *testing.T) terminal {
	t.Helper()
	term := terminal{t, t.TempDir(), t.TempDir(), t.TempDir()}
	for _, name := range []string{"kubectl", "helm", "glab", "vault", "kubeseal", "sops"} {
		if err := os.WriteFile(filepath.Join(term.bin, name), []byte(recorder), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.WriteFile(filepath.Join(term.folder, CAFile), []byte("CERTIFICATE\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	return term
}

// paste gives bash a command and then a line, as they come from somebody who pastes both.
func (term terminal) paste(code, line string) {
	term.t.Helper()
	bash := exec.CommandContext(term.t.Context(), "bash")
	bash.Dir = term.folder
	bash.Env = []string{"PATH=" + term.bin + ":/usr/bin:/bin", "CALLS=" + term.record}
	bash.Stdin = strings.NewReader(code + "\n" + line + "\n")
	if out, err := bash.CombinedOutput(); err != nil {
		term.t.Errorf("running it: %v\n%s", err, out)
	}
}

// calls are the arguments of everything that was run, sorted.
func (term terminal) calls() [][]string {
	term.t.Helper()
	files, err := filepath.Glob(filepath.Join(term.record, "call.*"))
	if err != nil {
		term.t.Fatal(err)
	}
	var all [][]string
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			term.t.Fatal(err)
		}
		all = append(all, strings.Split(strings.TrimSuffix(string(data), "\x00"), "\x00"))
	}
	slices.SortFunc(all, slices.Compare)
	return all
}

// files are the names of what lies in the folder.
func (term terminal) files() []string {
	term.t.Helper()
	entries, err := os.ReadDir(term.folder)
	if err != nil {
		term.t.Fatal(err)
	}
	var names []string
	for _, entry := range entries {
		names = append(names, entry.Name())
	}
	return names
}

// isFile reports whether a step is a file to be written, and nothing that a shell runs.
func isFile(s Step) bool {
	return slices.Contains([]StepID{StepFlux, StepTerraform, StepValues, StepExternal}, s.ID)
}

func TestShellsParseEveryCommand(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, _ Params, _ Variant, s Step) {
		t.Helper()
		if isFile(s) {
			return
		}
		for _, name := range []string{"sh", "bash", "zsh"} {
			parser := exec.CommandContext(t.Context(), name, "-n")
			parser.Stdin = strings.NewReader(s.Code)
			if out, err := parser.CombinedOutput(); err != nil {
				t.Errorf("%s: %v %s\n%s", name, err, out, s.Code)
			}
		}
	})
}

// wantFlags are the values that helm is told by flags.
func wantFlags(p Params) []string {
	var flags []string
	text := func(name, value string) { flags = append(flags, "--set-string", name+"="+escapeHelm(value)) }
	if p.Image != "" {
		text("image.repository", p.Image)
	}
	if tag := p.imageTag(); tag != "" {
		text("image.tag", tag)
	}
	if p.Receptive {
		flags = append(flags, "--set", "config.receptive.enabled=true")
		text("config.api.jwtPublicKey", p.JWTPublicKey)
	} else {
		text("config.kasAddress", p.KASAddress)
	}
	text("config.secretName", p.SecretName)
	return flags
}

// wantHelm is the command that installs the agent, with options.
func wantHelm(p Params, options ...string) []string {
	call := []string{"helm", "upgrade", "--install", p.Release, "gitlab-agent", "--repo", p.ChartRepo, "--namespace", p.Namespace}
	if strings.HasPrefix(p.ChartRepo, "oci:") {
		call = []string{"helm", "upgrade", "--install", p.Release, p.ChartRepo + "/gitlab-agent", "--namespace", p.Namespace}
	}
	call = append(call, options...)
	if p.PrivateCA && !p.Receptive {
		call = append(call, "--set-file", "config.kasCaCert=gitlab-ca.pem")
	}
	return call
}

func wantNamespace(p Params) []string {
	return []string{"kubectl", "create", "namespace", p.Namespace, "--dry-run=client", "--output=yaml"}
}

// wantManifest is the command that writes the secret as YAML.
func wantManifest(p Params) []string {
	return []string{
		"kubectl", "create", "secret", "generic", p.SecretName, "--namespace", p.Namespace,
		"--from-file=token=/dev/stdin", "--dry-run=client", "--output=yaml",
	}
}

// reads reports whether a step asks for a token.
func reads(s Step) bool {
	return slices.Contains([]StepID{StepSecret, StepStore, StepSeal, StepEncrypt, StepLogin}, s.ID)
}

// written is the file that a step leaves behind; "" for none.
func written(id StepID) string {
	return map[StepID]string{
		StepGlabValues: "gitlab-agent-values.yaml", StepSeal: "gitlab-agent-7.sealed.yaml", StepEncrypt: "gitlab-agent-7.sops.yaml",
	}[id]
}

// wantCalls are what a step is to run, by the chart's and the tools' documentation.
func wantCalls(p Params, v Variant, id StepID) [][]string {
	p = p.visible()
	glab := []string{
		"glab", "cluster", "agent", "bootstrap", p.Agent, "--repo", p.GitLabURL + "/" + p.ProjectPath, "--helm-repository-address", p.ChartRepo,
		"--helm-release-name", p.Release, "--helm-release-target-namespace", p.Namespace,
		"--gitlab-agent-token-secret-name", p.SecretName,
	}
	if p.PrivateCA || p.Image != "" {
		glab = append(glab, "--helm-release-values", "gitlab-agent-values.yaml")
	}
	switch id {
	case StepSecret:
		return [][]string{
			{"kubectl", "apply", "--filename=-"},
			{"kubectl", "apply", "--server-side", "--force-conflicts", "--filename=-"},
			wantNamespace(p),
			wantManifest(p),
		}
	case StepCA:
		return [][]string{{"kubectl", "create", "configmap", "gitlab-ca", "--namespace", p.Namespace, "--from-file=ca.crt=gitlab-ca.pem"}}
	case StepStore:
		return [][]string{{"vault", "kv", "put", "-mount=secret", "gitlab-agents/" + p.Agent + "-7", "token=-"}}
	case StepSeal:
		return [][]string{wantManifest(p), {"kubeseal", "--format=yaml"}}
	case StepEncrypt:
		return [][]string{wantManifest(p), {
			"sops", "encrypt", "--input-type=yaml", "--output-type=yaml", "--filename-override=gitlab-agent-7.sops.yaml",
			"--encrypted-regex=^(data|stringData)$", "/dev/stdin",
		}}
	case StepApply:
		file := map[Variant]string{ExternalSecrets: "external", SealedSecrets: "sealed"}[v]
		return [][]string{{"kubectl", "apply", "--filename=-"}, {"kubectl", "apply", "--filename=gitlab-agent-7." + file + ".yaml"}, wantNamespace(p)}
	case StepDecrypt:
		return [][]string{
			{"kubectl", "apply", "--filename=-"},
			{"kubectl", "apply", "--server-side", "--force-conflicts", "--filename=-"},
			wantNamespace(p),
			{"sops", "decrypt", "gitlab-agent-7.sops.yaml"},
		}
	case StepHelm:
		return [][]string{wantHelm(p, wantFlags(p)...)}
	case StepHelmFile:
		return [][]string{wantHelm(p, "--values", "values.yaml")}
	case StepGlab:
		return [][]string{glab}
	case StepRestart:
		return [][]string{{"kubectl", "rollout", "restart", "deployment", "--namespace", p.Namespace, "--selector", "app.kubernetes.io/name=gitlab-agent"}}
	default:
		return nil
	}
}

func TestCommandsRunNothingButWhatTheySay(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, p Params, v Variant, s Step) {
		t.Helper()
		if isFile(s) {
			return
		}
		term := newTerminal(t)
		line := "true"
		if reads(s) {
			line = typed
		}
		term.paste(s.Code, line)
		if diff := cmp.Diff(wantCalls(p, v, s.ID), term.calls()); diff != "" {
			t.Errorf("calls (-want +got):\n%s", diff)
		}
		want := []string{CAFile}
		if file := written(s.ID); file != "" {
			want = []string{file, CAFile}
			slices.Sort(want)
		}
		if got := term.files(); !slices.Equal(got, want) {
			t.Errorf("the folder holds %q, want %q", got, want)
		}
	})
}

// What is pasted with the command must not be taken for the token, and what is typed must
// arrive as it was typed.
func TestTheTypedTokenArrivesUnchanged(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, _ Params, _ Variant, s Step) {
		t.Helper()
		if !reads(s) {
			return
		}
		term := newTerminal(t)
		term.paste(s.Code, typed)
		got, err := os.ReadFile(filepath.Join(term.record, "token"))
		if err != nil || string(got) != typed {
			t.Errorf("the tool was given %q (%v), want %q", got, err, typed)
		}
		for _, call := range term.calls() {
			if strings.Contains(strings.Join(call, " "), "canary") {
				t.Errorf("the token is an argument of %q", call)
			}
		}
	})
}

func TestAnEmptyTokenReplacesNothing(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, _ Params, _ Variant, s Step) {
		t.Helper()
		if !reads(s) {
			return
		}
		term := newTerminal(t)
		bash := exec.CommandContext(t.Context(), "bash")
		bash.Dir = term.folder
		bash.Env = []string{"PATH=" + term.bin + ":/usr/bin:/bin", "CALLS=" + term.record}
		bash.Stdin = strings.NewReader(s.Code + "\n\n")
		if err := bash.Run(); err == nil {
			t.Error("an empty token is taken")
		}
		for _, call := range term.calls() {
			if slices.Contains(call, "secret") || call[0] != "kubectl" {
				t.Errorf("with an empty token it runs %q", call)
			}
		}
		if got := term.files(); !slices.Equal(got, []string{CAFile}) {
			t.Errorf("with an empty token it writes %q", got)
		}
	})
}

func TestGlabIsGivenWhatItHasNoOptionFor(t *testing.T) {
	t.Parallel()
	image := mirrored()
	image.PrivateCA = false
	for name, tt := range map[string]struct {
		params Params
		want   object
	}{
		"the certificate":               {normal(), object{"config": object{"kasCaCert": "CERTIFICATE\n"}}},
		"the image":                     {image, object{"image": object{"repository": "registry.example.com/mirror/agentk"}}},
		"the image and the certificate": {mirrored(), object{"image": object{"repository": "registry.example.com/mirror/agentk"}, "config": object{"kasCaCert": "CERTIFICATE\n"}}},
		"whatever it is called":         {hostile(), object{"image": object{"repository": Visible(hostileText)}, "config": object{"kasCaCert": "CERTIFICATE\n"}}},
	} {
		term := newTerminal(t)
		term.paste(tt.params.Steps(Glab)[0].Code, "true")
		data, err := os.ReadFile(filepath.Join(term.folder, "gitlab-agent-values.yaml"))
		if err != nil {
			t.Fatal(err)
		}
		var got object
		decode(t, string(data), &got)
		if diff := cmp.Diff(tt.want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}

// The escapes were tried out with Helm's own parser; this pins them.
func TestHelmReadsValuesAsTheyAre(t *testing.T) {
	t.Parallel()
	if got, want := escapeHelm(`a,b=c{d}\`), `a\,b=c\{d\}\\`; got != want {
		t.Errorf("escaped: %s, want %s", got, want)
	}
}

func TestUninstallingLooksBeforeItDeletes(t *testing.T) {
	t.Parallel()
	for name, p := range inputs() {
		seen := p.visible()
		term := newTerminal(t)
		steps := p.Uninstall()
		ids := make([]StepID, len(steps))
		for i, step := range steps {
			ids[i] = step.ID
			term.paste(step.Code, "true")
		}
		if want := []StepID{StepInspect, StepUninstall, StepNamespace}; !slices.Equal(ids, want) {
			t.Errorf("%s: the steps are %v, want %v", name, ids, want)
		}
		want := [][]string{
			{"helm", "list", "--namespace", seen.Namespace},
			{"helm", "uninstall", seen.Release, "--namespace", seen.Namespace},
			{"kubectl", "delete", "namespace", seen.Namespace},
			{"kubectl", "delete", "secret", seen.SecretName, "--namespace", seen.Namespace},
			{"kubectl", "get", "all", "--namespace", seen.Namespace},
		}
		if diff := cmp.Diff(want, term.calls()); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
		if got := term.files(); !slices.Equal(got, []string{CAFile}) {
			t.Errorf("the folder holds %q", got)
		}
	}
}
