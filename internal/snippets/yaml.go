package snippets

import (
	"bytes"

	"go.yaml.in/yaml/v4"
)

func (p Params) valuesFile() string { return encode(p.chartValues()) }

// resource is a Kubernetes object.
type resource struct {
	APIVersion string   `yaml:"apiVersion"`
	Kind       string   `yaml:"kind"`
	Metadata   metadata `yaml:"metadata"`
	Spec       any      `yaml:"spec"`
}

type metadata struct {
	Name      string `yaml:"name"`
	Namespace string `yaml:"namespace"`
}

// helmRepository is https://fluxcd.io/flux/components/source/api/v1/.
type helmRepository struct {
	Type     string `yaml:"type,omitempty"`
	Interval string `yaml:"interval"`
	URL      string `yaml:"url"`
}

// helmRelease is https://fluxcd.io/flux/components/helm/api/v2/.
type helmRelease struct {
	Interval   string        `yaml:"interval"`
	Chart      chartTemplate `yaml:"chart"`
	ValuesFrom []valuesFrom  `yaml:"valuesFrom,omitempty"`
	Values     fields        `yaml:"values"`
}

type chartTemplate struct {
	Spec chartSpec `yaml:"spec"`
}

type chartSpec struct {
	Chart     string    `yaml:"chart"`
	SourceRef reference `yaml:"sourceRef"`
}

type reference struct {
	Kind string `yaml:"kind"`
	Name string `yaml:"name"`
}

type valuesFrom struct {
	reference  `yaml:",inline"`
	ValuesKey  string `yaml:"valuesKey"`
	TargetPath string `yaml:"targetPath"`
}

// flux is a HelmRepository and a HelmRelease beside the secret, in the agent's own namespace.
func (p Params) flux() string {
	const source, hourly = "gitlab", "1h"
	release := helmRelease{
		Interval: hourly,
		Chart:    chartTemplate{chartSpec{chart, reference{"HelmRepository", source}}},
		Values:   p.chartValues(),
	}
	if p.trustsCA() {
		release.ValuesFrom = []valuesFrom{{reference{"ConfigMap", caName}, caKey, "config.kasCaCert"}}
	}
	repository := helmRepository{Interval: hourly, URL: p.ChartRepo}
	if p.isOCI() {
		repository.Type = "oci"
	}
	return encode(
		resource{"source.toolkit.fluxcd.io/v1", "HelmRepository", metadata{source, p.Namespace}, repository},
		resource{"helm.toolkit.fluxcd.io/v2", "HelmRelease", metadata{p.Release, p.Namespace}, release},
	)
}

// encode writes documents as people write them.
func encode(documents ...any) string {
	var out bytes.Buffer
	encoder := yaml.NewEncoder(&out)
	encoder.SetIndent(2)
	for _, document := range documents {
		if err := encoder.Encode(document); err != nil {
			panic("snippets: " + err.Error()) // only our own structs of texts are encoded
		}
	}
	return string(bytes.TrimSuffix(out.Bytes(), []byte("\n")))
}
