package manifests_test

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	monitoringv1 "github.com/prometheus-operator/prometheus-operator/pkg/apis/monitoring/v1"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	policyv1 "k8s.io/api/policy/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/serializer"
	"sigs.k8s.io/kustomize/api/krusty"
	"sigs.k8s.io/kustomize/kyaml/filesys"
	"sigs.k8s.io/yaml"
)

const deploy = "../../deploy"

// overlay is a kustomization on top of what is in deploy/kubernetes.
type overlay struct {
	// resource is a folder; empty for the base.
	resource   string
	components []string
	// settings are those of the ConfigMap that differ.
	settings []string
}

// manifests are the objects that an overlay leads to.
type manifests []runtime.Object

// render renders an overlay as kubectl does, which has the same library, and decodes what comes of it. A
// field that no type knows is an error.
func (o overlay) render(t *testing.T) manifests {
	t.Helper()
	folder := t.TempDir()
	if err := os.WriteFile(filepath.Join(folder, "kustomization.yaml"), o.kustomization(t, folder), 0o600); err != nil {
		t.Fatal(err)
	}
	rendered, err := krusty.MakeKustomizer(krusty.MakeDefaultOptions()).Run(filesys.MakeFsOnDisk(), folder)
	if err != nil {
		t.Fatal(err)
	}
	decoder := serializer.NewCodecFactory(knownTypes(t), serializer.EnableStrict).UniversalDeserializer()
	var m manifests
	for _, resource := range rendered.Resources() {
		object, _, err := decoder.Decode([]byte(resource.MustYaml()), nil, nil)
		if err != nil {
			t.Fatalf("%s: %v", resource.CurId(), err)
		}
		m = append(m, object)
	}
	return m
}

func (o overlay) kustomization(t *testing.T, folder string) []byte {
	t.Helper()
	source, err := filepath.Abs(filepath.Join(deploy, "kubernetes"))
	if err != nil {
		t.Fatal(err)
	}
	relative, err := filepath.Rel(folder, source)
	if err != nil {
		t.Fatal(err)
	}
	resource := o.resource
	if resource == "" {
		resource = "base"
	}
	kustomization := map[string]any{"resources": []string{filepath.Join(relative, resource)}}
	var components []string
	for _, name := range o.components {
		components = append(components, filepath.Join(relative, "components", name))
	}
	kustomization["components"] = components
	if len(o.settings) > 0 {
		kustomization["configMapGenerator"] = []any{map[string]any{"name": "gitlab-agent-portal", "behavior": "merge", "literals": o.settings}}
	}
	text, err := yaml.Marshal(kustomization)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

func knownTypes(t *testing.T) *runtime.Scheme {
	t.Helper()
	scheme := runtime.NewScheme()
	for _, add := range []func(*runtime.Scheme) error{corev1.AddToScheme, appsv1.AddToScheme, networkingv1.AddToScheme, policyv1.AddToScheme, monitoringv1.AddToScheme} {
		if err := add(scheme); err != nil {
			t.Fatal(err)
		}
	}
	return scheme
}

// all are the objects of a type.
func all[T runtime.Object](m manifests) (found []T) {
	for _, object := range m {
		if typed, is := object.(T); is {
			found = append(found, typed)
		}
	}
	return found
}

// one is the only object of a type.
func one[T runtime.Object](t *testing.T, m manifests) T {
	t.Helper()
	found := all[T](m)
	if len(found) != 1 {
		t.Fatalf("there are %d objects of %T, want one", len(found), *new(T))
	}
	return found[0]
}

// settings are what the portal's container is started with.
func (m manifests) settings(t *testing.T) map[string]string {
	t.Helper()
	container := one[*appsv1.Deployment](t, m).Spec.Template.Spec.Containers[0]
	config := one[*corev1.ConfigMap](t, m)
	if len(container.EnvFrom) != 1 || container.EnvFrom[0].ConfigMapRef.Name != config.Name {
		t.Fatalf("the container does not take its settings from the ConfigMap %s", config.Name)
	}
	settings := map[string]string{}
	for name, value := range config.Data {
		settings[name] = value
	}
	for _, setting := range container.Env {
		settings[setting.Name] = setting.Value
	}
	return settings
}

// expectSettings expects what the portal needs, and nothing that it does not know. The table of docs/operations.md is
// held against the program by a test of internal/portal.
func expectSettings(t *testing.T, settings map[string]string) {
	t.Helper()
	known := map[string]bool{"GOMEMLIMIT": true} // of Go's runtime
	for _, row := range regexp.MustCompile("(?m)^\\| `([A-Z_]+)` \\|").FindAllStringSubmatch(read(t, "../docs/operations.md"), -1) {
		known[row[1]] = true
	}
	for name := range settings {
		if !known[name] {
			t.Errorf("the portal has no setting %s", name)
		}
	}
	for _, name := range []string{"GITLAB_URL", "GITLAB_CLIENT_ID", "GITLAB_CLIENT_SECRET_FILE", "PUBLIC_URL", "SESSION_KEYS_FILE"} {
		if strings.TrimSpace(settings[name]) == "" {
			t.Errorf("%s is not set", name)
		}
	}
}

// read returns a file of deploy.
func read(t *testing.T, file string) string {
	t.Helper()
	content, err := os.ReadFile(filepath.Join(deploy, file))
	if err != nil {
		t.Fatal(err)
	}
	return string(content)
}
