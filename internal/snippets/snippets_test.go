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
		Namespace: "gitlab-agent-production-eu", Release: "production-eu", SecretName: "gitlab-agent-token",
	}
}

// mirrored is normal where chart and image come from a registry of the company's own.
func mirrored() Params {
	p := normal()
	p.ChartRepo, p.Image = "oci://registry.example.com/mirror/charts", "registry.example.com/mirror/agentk"
	return p
}

// receptive is an agent that GitLab connects to.
func receptive() Params {
	p := normal()
	p.Receptive, p.JWTPublicKey = true, "MCowBQYDK2VwAyEAr3cEpt1veAgentsKnowGitLabByThis="
	return p
}

// hostileText tries to end every kind of text and to run a command in every language.
const hostileText = "-x'\"\\`touch pwned`$(touch pwned);touch pwned\n&touch pwned|#: ,a={b}[0] ${file(\"/etc/passwd\")}%{if true}$${x} !!binary *a \u202e\u0007\u00e9"

func hostile() Params {
	return Params{
		Agent: hostileText, AgentID: 7, ProjectID: 20, ProjectPath: hostileText, GitLabURL: hostileText,
		KASAddress: "wss://x/" + strings.Map(pathOnly, hostileText), KASVersion: hostileText, ChartRepo: hostileText, PrivateCA: true,
		Namespace: hostileText, Release: hostileText, SecretName: hostileText, Image: hostileText,
	}
}

// pathOnly drops what would take an address its sense.
func pathOnly(r rune) rune {
	if strings.ContainsRune(" ?#%\n", r) || isInvisible(r) {
		return -1
	}
	return r
}

// inputs are the sets of parameters that every property is tried with.
func inputs() map[string]Params {
	plain, caller := normal(), hostile()
	plain.PrivateCA, plain.KASVersion = false, ""
	caller.Receptive, caller.JWTPublicKey = true, hostileText
	return map[string]Params{
		"normal": normal(), "plain": plain, "mirrored": mirrored(), "receptive": receptive(), "hostile": hostile(), "hostile receptive": caller,
	}
}

// each runs check on every step of every variant for every input.
func each(t *testing.T, check func(t *testing.T, p Params, v Variant, s Step)) {
	t.Helper()
	for name, p := range inputs() {
		for _, v := range p.Variants() {
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
	for name, p := range map[string]Params{"": normal(), "mirrored-": mirrored(), "receptive-": receptive()} {
		for _, v := range p.Variants() {
			wantGolden(t, name+string(v), p.Steps(v))
		}
	}
	wantGolden(t, "uninstall", normal().Uninstall())
	wantGolden(t, "diagnosis", normal().Diagnosis())
	wantGolden(t, "use", slices.Concat(proxied().People(), []Step{normal().Job(), normal().GrantUsers(), normal().GrantJobs()}))
}

// wantGolden compares steps with a golden file, or writes it.
func wantGolden(t *testing.T, name string, steps []Step) {
	t.Helper()
	var got strings.Builder
	for _, s := range steps {
		got.WriteString("-- " + string(s.ID) + " --\n" + s.Code + "\n")
	}
	file := filepath.Join("testdata", name+".golden")
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
		t.Errorf("%s (-want +got):\n%s", name, diff)
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
		if name := strings.ToLower(field.Name); name != "secretname" && (strings.Contains(name, "token") || strings.Contains(name, "secret")) {
			t.Errorf("there is a parameter %s", field.Name)
		}
	}
}

func TestWithoutAPrivateAuthorityNothingAsksForItsCertificate(t *testing.T) {
	t.Parallel()
	p := normal()
	p.PrivateCA = false
	for _, v := range p.Variants() {
		for _, s := range p.Steps(v) {
			if strings.Contains(s.Code, CAFile) || strings.Contains(s.Code, "kasCaCert") || s.ID == StepCA || s.ID == StepGlabValues {
				t.Errorf("%s asks for it in %s:\n%s", v, s.ID, s.Code)
			}
		}
	}
}

func TestOnlyGlabNeedsNoToken(t *testing.T) {
	t.Parallel()
	for _, v := range normal().Variants() {
		steps := normal().Steps(v)
		asks := slices.ContainsFunc(steps, reads)
		if want := v != Glab; asks != want {
			t.Errorf("%s reads a token: %t, want %t", v, asks, want)
		}
		if last := steps[len(steps)-1]; v != Glab && last.ID != StepRestart {
			t.Errorf("%s ends with %s, want the restart", v, last.ID)
		}
	}
	if steps := normal().Steps("else"); steps != nil {
		t.Errorf("an unknown variant has steps: %v", steps)
	}
}

func TestTheImageFollowsTheAgentServer(t *testing.T) {
	t.Parallel()
	const own = "https://gitlab.example.com"
	for _, tt := range []struct{ name, url, version, want string }{
		{"as GitLab says it", own, "18.5.1", "v18.5.1"},
		{"with its v", own, "v18.5.1", "v18.5.1"},
		{"not known", own, "", ""},
		{"with the commit that it was built from", own, "17.3.2+a2bd8f5", "v17.3.0"},
		{"a candidate for a release", own, "17.3.0-rc2", "v17.3.0"},
		{"a candidate with its v", own, "v17.3.1-rc2", "v17.3.0"},
		{"without a patch", own, "17.3", "v17.3.0"},
		{"with more numbers", own, "17.3.1.4", "v17.3.0"},
		{"no version at all", own, "master", ""},
		{"what would be an option", own, "-v17.3.0", ""},
		{"of GitLab.com, which runs ahead of the releases", "https://gitlab.com", "18.6.0", ""},
		{"of GitLab.com in other letters", "https://GitLab.com", "18.6.0", ""},
		{"of a part of GitLab.com", "https://eu.gitlab.com", "18.6.0", ""},
		{"of jihulab.com, which does the same", "https://jihulab.com", "18.6.0", ""},
		{"of a part of jihulab.com", "https://x.jihulab.com", "18.6.0", ""},
		{"of a host that only ends alike", "https://notgitlab.com", "18.6.0", "v18.6.0"},
		{"of a path that reads alike", "https://example.com/gitlab.com", "18.6.0", "v18.6.0"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if got := (Params{GitLabURL: tt.url, KASVersion: tt.version}).imageTag(); got != tt.want {
				t.Errorf("image tag %q, want %q", got, tt.want)
			}
		})
	}
}

func TestTheAgentServersAddressIsExamined(t *testing.T) {
	t.Parallel()
	for address, want := range map[string]KASProblem{
		"wss://kas.example.com":                        "",
		"wss://kas.example.com:8443":                   "",
		"grpcs://kas.example.com:8150":                 "",
		"wss://gitlab.example.com/-/kubernetes-agent/": "",
		"wss://example.com/gitlab/-/kubernetes-agent/": "",
		"wss://example.com/kas":                        "",
		"wss://[2001:db8::1]/":                         "",
		"ws://kas.example.com":                         KASUnencrypted,
		"grpc://kas.example.com:8150":                  KASUnencrypted,
		"ws://gitlab.example.com/-/kubernetes-agent":   KASUnencrypted,
		"wss://gitlab.example.com/-/kubernetes-agent":  KASNoSlash,
		"wss://example.com/gitlab/-/kubernetes-agent":  KASNoSlash,
		"ws://example.org//gitlab-/kubernetes-agent/":  KASSenseless,
		"wss://example.org/-//kubernetes-agent/":       KASSenseless,
		"wss://example.org/../kubernetes-agent/":       KASSenseless,
		"https://kas.example.com":                      KASSenseless,
		"kas.example.com":                              KASSenseless,
		"wss:kas.example.com":                          KASSenseless,
		"wss://":                                       KASSenseless,
		"wss:///-/kubernetes-agent/":                   KASSenseless,
		"wss://:8443":                                  KASSenseless,
		"wss://somebody@kas.example.com":               KASSenseless,
		"wss://kas.example.com?x=y":                    KASSenseless,
		"wss://kas.example.com?":                       KASSenseless,
		"wss://kas.example.com#x":                      KASSenseless,
		"wss://kas.example.com/a b":                    KASSenseless,
		"wss://kas.example.com/\u202eb":                KASSenseless,
		"wss://kas.example.com/\u200bb":                KASSenseless,
		"wss://kas.example.com/\x1b[0m":                KASSenseless,
		"wss://kas.example.com\n":                      KASSenseless,
		"wss://kas.example.com:port":                   KASSenseless,
	} {
		if got := CheckKAS(address); got != want {
			t.Errorf("%q is %q, want %q", address, got, want)
		}
	}
}

func TestWithoutAWayToFindEachOtherOnlyTheTokenIsStored(t *testing.T) {
	t.Parallel()
	senseless, unknown, known := normal(), receptive(), receptive()
	senseless.KASAddress, unknown.JWTPublicKey = "https://kas.example.com", ""
	known.KASAddress = "" // of which a receptive agent needs none
	for name, tt := range map[string]struct {
		params Params
		want   []Variant
	}{
		"an address without sense":                 {senseless, []Variant{Kubectl}},
		"a receptive agent":                        {known, []Variant{Helm, Kubectl, Flux, Terraform, Values, ExternalSecrets, SealedSecrets, SOPS}},
		"a receptive agent whose key is not known": {unknown, []Variant{Kubectl}},
	} {
		if got := tt.params.Variants(); !slices.Equal(got, tt.want) {
			t.Errorf("%s has %v, want %v", name, got, tt.want)
		}
	}
	for _, v := range known.Variants() {
		for _, s := range known.Steps(v) {
			if strings.Contains(s.Code, "kasAddress") || strings.Contains(s.Code, CAFile) {
				t.Errorf("%s tells a receptive agent where to connect to:\n%s", v, s.Code)
			}
		}
	}
}

// unseen is what a text must not bring into a terminal: a sequence that acts, changes of direction,
// what has no width, line ends of all kinds, bytes that are no text, and private characters.
const unseen = "a\x1b[2Jb\u202ec\u2066d\u200be\ufefff\ng\rh\u2028i\u0085j\x00k\u00adl\U000e0041m\xffn\ue000o\tp"

func TestNothingUnseenReachesASnippet(t *testing.T) {
	t.Parallel()
	texts := 0
	for index, field := range fieldsOf[Params]() {
		if field.Type.Kind() != reflect.String {
			continue
		}
		texts++
		for _, p := range []Params{mirrored(), receptive()} {
			clean := p
			reflect.ValueOf(&p).Elem().Field(index).SetString(reflect.ValueOf(p).Field(index).String() + unseen)
			reflect.ValueOf(&clean).Elem().Field(index).SetString(reflect.ValueOf(clean).Field(index).String() + "a[2Jbcdefghijklmnop")
			for _, v := range mirrored().Variants() { // all of them, whatever the address is
				if diff := cmp.Diff(clean.Steps(v), p.Steps(v)); diff != "" {
					t.Errorf("%s in %s (-want +got):\n%s", field.Name, v, diff)
				}
			}
			if diff := cmp.Diff(clean.Uninstall(), p.Uninstall()); diff != "" {
				t.Errorf("%s in uninstalling (-want +got):\n%s", field.Name, diff)
			}
			if diff := cmp.Diff(clean.usage(), p.usage()); diff != "" {
				t.Errorf("%s in using it (-want +got):\n%s", field.Name, diff)
			}
		}
	}
	if texts < 10 {
		t.Errorf("%d texts were tried", texts)
	}
}

// fieldsOf are the fields of a struct by their index.
func fieldsOf[T any]() map[int]reflect.StructField {
	found := map[int]reflect.StructField{}
	for field := range reflect.TypeFor[T]().Fields() {
		found[field.Index[0]] = field
	}
	return found
}

func TestAFirstInstallationRestartsNothing(t *testing.T) {
	t.Parallel()
	restarts := func(p Params, variant Variant) bool {
		return slices.ContainsFunc(p.Steps(variant), func(step Step) bool { return step.ID == StepRestart })
	}
	installed := normal()
	first := installed
	first.First = true
	for _, variant := range installed.Variants() {
		if variant == Glab {
			continue
		}
		if !restarts(installed, variant) {
			t.Errorf("%s does not restart an agent that is installed", variant)
		}
		if got, want := restarts(first, variant), variant == Kubectl; got != want {
			t.Errorf("%s restarts an agent that never ran: %t, want %t", variant, got, want)
		}
	}
}
