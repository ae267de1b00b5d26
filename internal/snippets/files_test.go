package snippets

import (
	"errors"
	"io"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/hashicorp/hcl/v2/hclwrite"
	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/function"
	"go.yaml.in/yaml/v4"
)

// object is any mapping of a file.
type object = map[string]any

// decode reads the first document of a YAML file.
func decode(t *testing.T, text string, into any) {
	t.Helper()
	if err := yaml.Unmarshal([]byte(text), into); err != nil {
		t.Fatalf("reading YAML: %v\n%s", err, text)
	}
}

// documents are all documents of a YAML file.
func documents(t *testing.T, text string) []object {
	t.Helper()
	var all []object
	for decoder := yaml.NewDecoder(strings.NewReader(text)); ; {
		var document object
		err := decoder.Decode(&document)
		if errors.Is(err, io.EOF) {
			return all
		}
		if err != nil {
			t.Fatalf("reading YAML: %v\n%s", err, text)
		}
		all = append(all, document)
	}
}

// wantValues are the chart's values that each way of installing has to set.
func wantValues(p Params) object {
	p = p.visible()
	config := object{"secretName": p.SecretName, "kasAddress": p.KASAddress}
	if p.Receptive {
		config = object{"secretName": p.SecretName, "receptive": object{"enabled": true}, "api": object{"jwtPublicKey": p.JWTPublicKey}}
	}
	values, image := object{"config": config}, object{}
	if p.Image != "" {
		image["repository"] = p.Image
	}
	if tag := p.imageTag(); tag != "" {
		image["tag"] = tag
	}
	if len(image) > 0 {
		values["image"] = image
	}
	return values
}

func TestTheValuesFileSetsTheChart(t *testing.T) {
	t.Parallel()
	for name, p := range inputs() {
		var got object
		decode(t, p.visible().valuesFile(), &got)
		if diff := cmp.Diff(wantValues(p), got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}

func TestFluxInstallsTheChartBesideTheSecret(t *testing.T) {
	t.Parallel()
	for name, p := range inputs() {
		p = p.visible()
		repository := object{"interval": "1h", "url": p.ChartRepo}
		if name == "mirrored" {
			repository["type"] = "oci"
		}
		spec := object{
			"interval": "1h",
			"chart":    object{"spec": object{"chart": "gitlab-agent", "sourceRef": object{"kind": "HelmRepository", "name": "gitlab"}}},
			"values":   wantValues(p),
		}
		if p.PrivateCA && !p.Receptive {
			spec["valuesFrom"] = []any{object{"kind": "ConfigMap", "name": "gitlab-ca", "valuesKey": "ca.crt", "targetPath": "config.kasCaCert"}}
		}
		want := []object{
			{
				"apiVersion": "source.toolkit.fluxcd.io/v1", "kind": "HelmRepository",
				"metadata": object{"name": "gitlab", "namespace": p.Namespace}, "spec": repository,
			},
			{
				"apiVersion": "helm.toolkit.fluxcd.io/v2", "kind": "HelmRelease",
				"metadata": object{"name": p.Release, "namespace": p.Namespace}, "spec": spec,
			},
		}
		if diff := cmp.Diff(want, documents(t, p.flux())); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}

// scope knows what Terraform gives the file: the module's folder, and two functions.
func scope() *hcl.EvalContext {
	echo := func(name string) function.Function {
		return function.New(&function.Spec{
			Params: []function.Parameter{{Name: name, Type: cty.DynamicPseudoType}},
			Type:   func(args []cty.Value) (cty.Type, error) { return args[0].Type(), nil },
			Impl:   func(args []cty.Value, _ cty.Type) (cty.Value, error) { return args[0], nil },
		})
	}
	return &hcl.EvalContext{
		Variables: map[string]cty.Value{"path": cty.ObjectVal(map[string]cty.Value{"module": cty.StringVal("module")})},
		Functions: map[string]function.Function{"yamlencode": echo("value"), "file": echo("path")},
	}
}

// plain turns a value of HCL into one of Go.
func plain(value cty.Value) any {
	switch kind := value.Type(); {
	case kind == cty.String:
		return value.AsString()
	case kind == cty.Bool:
		return value.True()
	case kind.IsTupleType():
		return plain(value.AsValueSlice()[0])
	default:
		fields := object{}
		for name, field := range value.AsValueMap() {
			fields[name] = plain(field)
		}
		return fields
	}
}

// blocks are the blocks of a file by type and labels, with their attributes' values. The
// address in an import block is an expression that only Terraform knows.
func blocks(t *testing.T, code string) map[string]object {
	t.Helper()
	file, problems := hclsyntax.ParseConfig([]byte(code), "main.tf", hcl.InitialPos)
	if problems.HasErrors() {
		t.Fatalf("reading HCL: %v\n%s", problems, code)
	}
	all := map[string]object{}
	var walk func(prefix string, body *hclsyntax.Body)
	walk = func(prefix string, body *hclsyntax.Body) {
		for _, block := range body.Blocks {
			name := prefix + strings.Join(append([]string{block.Type}, block.Labels...), " ")
			all[name] = object{}
			for _, attribute := range block.Body.Attributes {
				if name == "import" && attribute.Name == "to" {
					continue
				}
				value, problems := attribute.Expr.Value(scope())
				if problems.HasErrors() {
					t.Fatalf("%s of %s: %v", attribute.Name, name, problems)
				}
				all[name][attribute.Name] = plain(value)
			}
			walk(name+"/", block.Body)
		}
	}
	walk("", file.Body.(*hclsyntax.Body))
	return all
}

func TestTerraformTakesTheAgentOver(t *testing.T) {
	t.Parallel()
	for name, p := range inputs() {
		p = p.visible()
		values := wantValues(p)
		if p.PrivateCA && !p.Receptive {
			values["config"].(object)["kasCaCert"] = "module/gitlab-ca.pem"
		}
		want := map[string]object{
			"import":                              {"id": "20:7"},
			"resource gitlab_cluster_agent agent": {"project": "20", "name": p.Agent},
			"resource gitlab_cluster_agent agent/lifecycle": {"prevent_destroy": true},
			"resource helm_release agent": {
				"name": p.Release, "namespace": p.Namespace, "repository": p.ChartRepo, "chart": "gitlab-agent", "values": values,
			},
		}
		if diff := cmp.Diff(want, blocks(t, p.terraform())); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}

func TestTerraformIsFormattedAsTerraformDoes(t *testing.T) {
	t.Parallel()
	for name, p := range inputs() {
		code := p.visible().terraform()
		if diff := cmp.Diff(string(hclwrite.Format([]byte(code))), code); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}

func TestExternalSecretsMakeTheSecretThatTheChartReads(t *testing.T) {
	t.Parallel()
	for name, p := range inputs() {
		p = p.visible()
		key := "gitlab-agents/" + p.Agent + "-7"
		want := []object{{
			"apiVersion": "external-secrets.io/v1", "kind": "ExternalSecret",
			"metadata": object{"name": p.SecretName, "namespace": p.Namespace},
			"spec": object{
				"refreshInterval": "1h", "secretStoreRef": object{"kind": "ClusterSecretStore", "name": "vault"}, "target": object{"name": p.SecretName},
				"data": []any{object{"secretKey": "token", "remoteRef": object{"key": key, "property": "token"}}},
			},
		}}
		if diff := cmp.Diff(want, documents(t, p.externalSecret())); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}
