package snippets

import (
	"net/url"
	"path"
	"slices"
	"strings"
)

// KASProblem is what is wrong with the agent server's address. Its text is its name in catalogues.
type KASProblem string

// The problems. The zero value is none.
const (
	// KASSenseless: no agent can connect to that.
	KASSenseless KASProblem = "senseless"
	// KASUnencrypted: the token can be read on the way.
	KASUnencrypted KASProblem = "unencrypted"
	// KASNoSlash: GitLab's own web server passes on only what lies below the path.
	KASNoSlash KASProblem = "no_slash"
)

// kasPath is where GitLab's own web server has the agent server
// (https://docs.gitlab.com/administration/clusters/kas/).
const kasPath = "/-/kubernetes-agent"

// CheckKAS examines the agent server's address as GitLab gives it, which is what its operator
// wrote into gitlab_kas_external_url.
func CheckKAS(address string) KASProblem {
	u, err := url.Parse(address)
	switch {
	case err != nil, !isSensible(u), strings.ContainsFunc(address, func(r rune) bool { return r == ' ' || isInvisible(r) }):
		return KASSenseless
	case u.Scheme == "ws", u.Scheme == "grpc":
		return KASUnencrypted
	case strings.HasSuffix(u.Path, kasPath):
		return KASNoSlash
	default:
		return ""
	}
}

// isSensible reports whether an agent knows the scheme, and the rest is no more than a host and a
// path without empty or dotted parts.
func isSensible(u *url.URL) bool {
	known := slices.Contains([]string{"wss", "ws", "grpcs", "grpc"}, u.Scheme)
	bare := u.User == nil && u.RawQuery == "" && !u.ForceQuery && u.Fragment == "" && u.Opaque == ""
	place := strings.TrimSuffix(u.Path, "/")
	return known && bare && u.Hostname() != "" && (place == "" || path.Clean(place) == place)
}

// IsProxy reports whether an address can be that of GitLab's proxy to clusters, as GitLab gives it.
func IsProxy(address string) bool {
	u, err := url.Parse(address)
	return err == nil && u.Scheme == "https" && u.Hostname() != "" && u.User == nil && u.RawQuery == "" && u.Fragment == "" &&
		!strings.ContainsFunc(address, func(r rune) bool { return r == ' ' || isInvisible(r) })
}
