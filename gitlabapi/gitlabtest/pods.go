package gitlabtest

import (
	"cmp"
	"fmt"
	"strconv"
	"strings"
)

// pod is an agentk that is connected with a token.
type pod struct {
	token   *Token
	number  int // of its token's pods, from 0
	version string
}

// pods are those that are connected with the tokens: one for each, or one for each of its Versions.
func (c *call) pods(tokens []*Token) []pod {
	var all []pod
	for _, t := range tokens {
		versions := t.Versions
		if len(versions) == 0 {
			versions = []string{c.settings.Version}
		}
		for i, version := range versions {
			all = append(all, pod{t, i, version})
		}
	}
	return all
}

// metadata is what the pod says of itself.
func (r *agentResolver) metadata(p pod) agentMetadataResolver {
	name := fmt.Sprintf("%s-agent-v2-%x", r.a.Name, derive("pod", p.token.ID)[:5])
	if p.number > 0 {
		name += strconv.Itoa(p.number)
	}
	return agentMetadataResolver{
		Version: "v" + strings.TrimPrefix(p.version, "v"), Commit: revision,
		PodName: name, PodNamespace: "gitlab-agent-" + r.a.Name[:min(len(r.a.Name), 50)],
	}
}

// warnings are GitLab's on a pod whose version is behind its own, and null where there is nothing to
// say.
func (r *agentResolver) warnings(p pod) *[]agentWarningResolver {
	if !isBehind(p.version, r.c.settings.Version) {
		return nil
	}
	message := fmt.Sprintf("The agent is outdated: it is at %s, GitLab at %s.", p.version, r.c.settings.Version)
	return &[]agentWarningResolver{{agentVersionWarningResolver{message}}}
}

// isBehind reports whether a version is of an earlier minor release than another.
func isBehind(version, other string) bool {
	a, b := minorOf(version), minorOf(other)
	return cmp.Or(cmp.Compare(a[0], b[0]), cmp.Compare(a[1], b[1])) < 0
}

func minorOf(version string) [2]int {
	var numbers [2]int
	for i, part := range strings.SplitN(strings.TrimPrefix(version, "v"), ".", 3) {
		if i < len(numbers) {
			numbers[i], _ = strconv.Atoi(part) // 0 for what is no number
		}
	}
	return numbers
}
