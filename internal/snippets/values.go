package snippets

import (
	"iter"
	"net/url"
	"regexp"
	"strings"

	"go.yaml.in/yaml/v4"
)

// fields are a mapping in the order in which it is written.
type fields []field

// field is a name with its value: a string, a bool, fields, or an expression of HCL.
type field struct {
	name  string
	value any
}

// chartValues are the values of the chart. The certificate of a private authority is not
// among them: a file beside them holds it.
func (p Params) chartValues() fields {
	var values fields
	if image := p.image(); len(image) > 0 {
		values = fields{{"image", image}}
	}
	return append(values, field{"config", p.config()})
}

// image is where the agent's image comes from; empty leaves all of it to the chart.
func (p Params) image() fields {
	var image fields
	if p.Image != "" {
		image = append(image, field{"repository", p.Image})
	}
	if tag := p.imageTag(); tag != "" {
		image = append(image, field{"tag", tag})
	}
	return image
}

// config tells the agent where GitLab is, or how to know GitLab when it calls
// (https://docs.gitlab.com/user/clusters/agent/install/).
func (p Params) config() fields {
	secret := field{"secretName", p.SecretName}
	if p.Receptive {
		return fields{
			{"receptive", fields{{"enabled", true}}},
			{"api", fields{{"jwtPublicKey", p.JWTPublicKey}}},
			secret,
		}
	}
	return fields{{"kasAddress", p.KASAddress}, secret}
}

// trustsCA reports whether the agent has to be told whom to trust: only one that connects to GitLab.
func (p Params) trustsCA() bool { return p.PrivateCA && !p.Receptive }

// leaves are the values with their paths below prefix, such as "config.kasAddress".
func (f fields) leaves(prefix string) iter.Seq2[string, any] {
	return func(yield func(string, any) bool) {
		for _, one := range f {
			below, ok := one.value.(fields)
			if !ok {
				below = nil
				if !yield(prefix+one.name, one.value) {
					return
				}
			}
			for path, value := range below.leaves(prefix + one.name + ".") {
				if !yield(path, value) {
					return
				}
			}
		}
	}
}

// MarshalYAML writes the fields in their order.
func (f fields) MarshalYAML() (any, error) {
	mapping := &yaml.Node{Kind: yaml.MappingNode}
	for _, one := range f {
		name, value := new(yaml.Node), new(yaml.Node)
		if err := name.Encode(one.name); err != nil {
			return nil, err
		}
		if err := value.Encode(one.value); err != nil {
			return nil, err
		}
		mapping.Content = append(mapping.Content, name, value)
	}
	return mapping, nil
}

// version is a version of GitLab's: plain, or with something behind its first two numbers.
var version = regexp.MustCompile(`\Av?([0-9]{1,5}\.[0-9]{1,5})(\.[0-9]{1,5})?(.*)\z`)

// imageTag is the version of the agent that fits the agent server, as GitLab supports agents
// of the same minor version; "" leaves it to the chart. A version that was never released has no
// image, and a tag allows no "+": then it is the first release of its minor version, as on GitLab's
// own page.
func (p Params) imageTag() string {
	parts := version.FindStringSubmatch(p.KASVersion)
	if parts == nil || p.runsAhead() {
		return ""
	}
	minor, patch, rest := parts[1], parts[2], parts[3]
	if patch == "" || rest != "" {
		patch = ".0"
	}
	return "v" + minor + patch
}

// runsAhead reports whether GitLab is one of those that run ahead of the released images.
func (p Params) runsAhead() bool {
	address, err := url.Parse(p.GitLabURL)
	if err != nil {
		return false
	}
	host := "." + strings.ToLower(address.Hostname())
	return strings.HasSuffix(host, ".gitlab.com") || strings.HasSuffix(host, ".jihulab.com")
}
