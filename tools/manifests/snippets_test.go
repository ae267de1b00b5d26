package manifests_test

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	helmv2 "github.com/fluxcd/helm-controller/api/v2"
	sourcev1 "github.com/fluxcd/source-controller/api/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/yaml"
)

// kinds are the types of those who read the manifests among the instructions.
func kinds() map[string]func() any {
	return map[string]func() any{
		"source.toolkit.fluxcd.io/v1/HelmRepository": func() any { return new(sourcev1.HelmRepository) },
		"helm.toolkit.fluxcd.io/v2/HelmRelease":      func() any { return new(helmv2.HelmRelease) },
		"external-secrets.io/v1/ExternalSecret":      func() any { return new(externalSecret) },
	}
}

// externalSecret has what the instructions use of https://external-secrets.io/latest/api/spec/, as the
// module with the type itself requires 270 others.
type externalSecret struct {
	metav1.TypeMeta   `json:",inline"`
	metav1.ObjectMeta `json:"metadata"`
	Spec              struct {
		RefreshInterval metav1.Duration             `json:"refreshInterval"`
		SecretStoreRef  struct{ Name, Kind string } `json:"secretStoreRef"`
		Target          struct{ Name string }       `json:"target"`
		Data            []struct {
			SecretKey string                         `json:"secretKey"`
			RemoteRef struct{ Key, Property string } `json:"remoteRef"`
		} `json:"data"`
	} `json:"spec"`
}

// manifestsOf are the manifests in a golden file of instructions: steps begin with "-- name --".
func manifestsOf(t *testing.T, file string) []string {
	t.Helper()
	golden, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var found []string
	for _, step := range regexp.MustCompile(`(?m)^-- \w+ --\n`).Split(string(golden), -1) {
		if strings.HasPrefix(step, "apiVersion: ") {
			found = append(found, strings.Split(step, "\n---\n")...)
		}
	}
	return found
}

func TestInstructionsAreOfTheTypesThatTheyName(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("../../internal/snippets/testdata/*.golden")
	if err != nil {
		t.Fatal(err)
	}
	seen := map[string]int{}
	for _, file := range files {
		for _, manifest := range manifestsOf(t, file) {
			var named struct{ APIVersion, Kind string }
			if err := yaml.Unmarshal([]byte(manifest), &named); err != nil {
				t.Fatalf("%s: %v", file, err)
			}
			kind := named.APIVersion + "/" + named.Kind
			empty, ok := kinds()[kind]
			if seen[kind]++; !ok {
				t.Errorf("%s: nobody knows a %s", file, kind)
				continue
			}
			if err := yaml.UnmarshalStrict([]byte(manifest), empty()); err != nil {
				t.Errorf("%s: a %s is not one: %v\n%s", file, kind, err, manifest)
			}
		}
	}
	for kind := range kinds() {
		if seen[kind] == 0 {
			t.Errorf("there is no %s among the instructions", kind)
		}
	}
}
