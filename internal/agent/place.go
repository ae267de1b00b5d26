package agent

import (
	"crypto/sha256"
	"encoding/hex"
	"regexp"
	"strconv"
	"strings"
)

// Place is where an agent lives in its cluster. A text is empty where nobody chose it.
type Place struct {
	// Namespace is of Kubernetes, Release is Helm's in that namespace, and Secret the name of the
	// Kubernetes secret there that holds the token.
	Namespace, Release, Secret string
}

// NameRule is what a name of Kubernetes or Helm has to be like.
type NameRule struct {
	// Max is the length in characters, all of which are ASCII.
	Max int
	// Pattern is to be matched in full; written so that Go and browsers read it alike.
	Pattern string
	matches *regexp.Regexp
}

// subdomainPattern is NamePattern with dots (RFC 1123).
const subdomainPattern = NamePattern + `(\.` + NamePattern + `)*`

var subdomains = regexp.MustCompile(`\A` + subdomainPattern + `\z`)

// NamespaceRule is the one of RFC 1123 labels
// (https://kubernetes.io/docs/concepts/overview/working-with-objects/names/).
func NamespaceRule() NameRule { return NameRule{63, NamePattern, namePattern} }

// ReleaseRule is Helm's (helm.sh/helm/v3/pkg/chartutil, ValidateReleaseName).
func ReleaseRule() NameRule { return NameRule{53, subdomainPattern, subdomains} }

// SecretRule is the one of RFC 1123 subdomains, as for NamespaceRule.
func SecretRule() NameRule { return NameRule{253, subdomainPattern, subdomains} }

// Follows reports whether name has only the characters that are allowed, where they are allowed.
func (r NameRule) Follows(name string) bool { return r.matches.MatchString(name) }

// Allows reports whether name is one.
func (r NameRule) Allows(name string) bool { return len(name) <= r.Max && r.Follows(name) }

// Allowed is the place with only those names that can be some: others were never chosen.
func (p Place) Allowed() Place {
	keep := func(name string, rule NameRule) string {
		if rule.Allows(name) {
			return name
		}
		return ""
	}
	return Place{keep(p.Namespace, NamespaceRule()), keep(p.Release, ReleaseRule()), keep(p.Secret, SecretRule())}
}

// Or is the place with the names of other where nobody chose one.
func (p Place) Or(other Place) Place {
	choose := func(chosen, fallback string) string {
		if chosen == "" {
			return fallback
		}
		return chosen
	}
	return Place{choose(p.Namespace, other.Namespace), choose(p.Release, other.Release), choose(p.Secret, other.Secret)}
}

const (
	namespacePrefix = "gitlab-agent-"
	secretName      = "gitlab-agent-token"
	// maxInNamespace is how much of an agent's name GitLab's own page puts into the namespace.
	maxInNamespace = 50
)

// GitLabPlace is where GitLab's own page installs an agent of that name
// (app/assets/javascripts/clusters_list/clusters_util.js): neither the namespace nor the release
// tells two agents of the same name apart, and long names are cut. No name looks like an option.
func GitLabPlace(name string) Place {
	return Place{
		Namespace: namespacePrefix + strings.TrimRight(cut(name, maxInNamespace), "-"),
		Release:   strings.Trim(cut(name, ReleaseRule().Max), "-"),
		Secret:    secretName,
	}
}

// PlaceReason is why another place is proposed than GitLab's own. Its text is its name in
// catalogues.
type PlaceReason string

// The reasons. The zero value is none.
const (
	// PlaceTaken: GitLab's own page would put another agent into the same namespace.
	PlaceTaken PlaceReason = "taken"
	// PlaceCut: the name is too long to be put into the namespace as a whole.
	PlaceCut PlaceReason = "cut"
)

// ProposePlace proposes where the agent is to be installed, and says why that is not where GitLab's
// own page has it. What that page has installed goes on being found, unless taken says that
// another agent would get the same place, or the name does not fit: then a hash of the agent's
// number, which outlives moves of the project, tells it apart.
func (a Agent) ProposePlace(taken bool) (Place, PlaceReason) {
	reason := PlaceTaken
	if !taken {
		if len(a.Name) <= maxInNamespace {
			return GitLabPlace(a.Name), ""
		}
		reason = PlaceCut
	}
	sum := sha256.Sum256([]byte("agent " + strconv.FormatInt(a.ID, 10)))
	mark := "-" + hex.EncodeToString(sum[:4])
	return Place{
		Namespace: namespacePrefix + strings.TrimRight(cut(a.Name, maxInNamespace-len(mark)), "-") + mark,
		Release:   strings.Trim(cut(a.Name, ReleaseRule().Max-len(mark)), "-") + mark,
		Secret:    secretName,
	}, reason
}

// SharesPlace reports whether GitLab's own page would install both agents in one namespace.
func (a Agent) SharesPlace(other Agent) bool {
	return a.ID != other.ID && GitLabPlace(a.Name).Namespace == GitLabPlace(other.Name).Namespace
}

// cut is the beginning of text, of at most so many bytes.
func cut(text string, length int) string {
	return strings.ToValidUTF8(text[:min(len(text), length)], "")
}
