package gitlabtest

import (
	"cmp"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
)

// sandboxView is what the sandbox page shows: a cluster to play with.
type sandboxView struct {
	Action string
	// Search is the text that agents, or their projects, have to have in their names. Back is the
	// application that a person most likely came from; empty without one.
	Search, Back string
	// Said is what the last action did, empty without one.
	Said     string
	Projects []sandboxProject
}

type sandboxProject struct {
	Name   string
	Agents []sandboxAgent
}

type sandboxAgent struct {
	Name   string
	Tokens []sandboxToken
}

type sandboxToken struct {
	ID   int64
	Name string
	Live bool
	Used string
}

// sandboxPage is GET /sandbox, where a person plays the cluster.
func sandboxPage(c *call) (Answer, error) {
	view := sandboxView{Action: c.base() + "/sandbox", Search: strings.TrimSpace(c.values.text("q")), Back: c.applicationPage()}
	if did := c.values.text("did"); did != "" {
		view.Said = c.sandboxSaid(did)
	}
	for _, p := range sortedValues(c.projects, everything, func(a, b *Project) int {
		return cmp.Compare(c.fullPath(a), c.fullPath(b))
	}) {
		if agents := c.searchAgents(p, view.Search); len(agents) > 0 {
			view.Projects = append(view.Projects, sandboxProject{c.fullName(p), mapSlice(agents, c.sandboxAgent)})
		}
	}
	return c.render(http.StatusOK, "sandbox.gohtml", view), nil
}

// searchAgents are the agents of a project that a search finds by their names or by the project's.
func (c *call) searchAgents(p *Project, search string) []*Agent {
	has := func(name string) bool { return strings.Contains(strings.ToLower(name), strings.ToLower(search)) }
	agents := c.projectAgents(p.ID)
	if has(c.fullPath(p)) || has(c.fullName(p)) {
		return agents
	}
	return slices.DeleteFunc(slices.Clone(agents), func(a *Agent) bool { return !has(a.Name) })
}

// applicationPage is the first page of the application that signs people in here.
func (c *call) applicationPage() string {
	for _, application := range c.applications {
		for _, redirect := range application.RedirectURIs {
			if u, err := url.Parse(redirect); err == nil {
				return u.ResolveReference(&url.URL{Path: "/"}).String()
			}
		}
	}
	return ""
}

func everything(*Project) bool { return true }

func (c *call) sandboxAgent(a *Agent) sandboxAgent {
	return sandboxAgent{a.Name, mapSlice(c.activeTokens(a.ID), func(t *Token) sandboxToken {
		return sandboxToken{t.ID, t.Name, t.Live, usedText(t.lastUsed(c.now()), c.now())}
	})}
}

// usedText says how long ago a token was used.
func usedText(used, now time.Time) string {
	age := now.Sub(used)
	switch {
	case used.IsZero():
		return "never used"
	case age < time.Minute:
		return "used just now"
	case age < time.Hour:
		return fmt.Sprintf("used %d min ago", int(age.Minutes()))
	case age < 48*time.Hour:
		return fmt.Sprintf("used %d h ago", int(age.Hours()))
	default:
		return fmt.Sprintf("used %d days ago", int(age.Hours()/24))
	}
}

// sandboxSaid tells what an action did: "-" for a secret that no token has, or the token's id.
func (c *call) sandboxSaid(did string) string {
	id, _ := strconv.ParseInt(did, 10, 64)
	t := c.tokens[id]
	if t == nil {
		return "No active token has this secret. In a cluster, agentk would log: Unauthenticated."
	}
	a := c.agents[t.Agent]
	agent := fmt.Sprintf("agent %s of %s", a.Name, c.fullName(c.projects[a.Project]))
	if now := c.now(); !t.Live && now.Sub(t.lastUsed(now)) >= cutAgo {
		return fmt.Sprintf("The cluster of %s has been cut off, as if for %d minutes. Whoever watches sees it within seconds.", agent, int(cutAgo.Minutes()))
	}
	if !t.Live {
		return fmt.Sprintf("The cluster of %s has stopped using the token %q.", agent, t.Name)
	}
	return fmt.Sprintf("agentk is connected as %s with the token %q and stays so.", agent, t.Name)
}

// cutAgo is how long ago a cluster was cut off that somebody cuts off: longer than it takes to tell
// GitLab's old times from a lost connection, which nobody who plays wants to wait for.
const cutAgo = 40 * time.Minute

// sandboxAct is POST /sandbox: agentk starts with a secret or with a chosen token, or stops, or its cluster
// is cut off. Unless keep is given, it is a restart: the agent's other tokens are no longer used.
func sandboxAct(c *call) (Answer, error) {
	t := c.sandboxToken()
	if t == nil {
		return c.sandboxDid("-"), nil
	}
	if c.values.text("do") == "cut" {
		c.cutOff(t.Agent, cutAgo)
		return c.sandboxDid(strconv.FormatInt(t.ID, 10)), nil
	}
	if c.values.text("do") != "stop" && c.values.text("keep") == "" {
		for _, other := range c.activeTokens(t.Agent) {
			c.keepInUse(other, false)
		}
	}
	c.keepInUse(t, c.values.text("do") != "stop")
	return c.sandboxDid(strconv.FormatInt(t.ID, 10)), nil
}

// sandboxToken is the active token that the form means by its secret or its id, nil for none.
func (c *call) sandboxToken() *Token {
	secret := strings.TrimSpace(c.values.text("secret"))
	for _, t := range c.tokens {
		chosen := strconv.FormatInt(t.ID, 10) == c.values.text("token")
		if !t.Revoked && (chosen || secret != "" && t.Secret == secret) {
			return t
		}
	}
	return nil
}

func (c *call) sandboxDid(what string) Answer {
	a := emptyAnswer(http.StatusSeeOther)
	query := url.Values{"did": {what}}
	if search := c.values.text("q"); search != "" {
		query.Set("q", search)
	}
	a.Header.Set("Location", c.base()+"/sandbox?"+query.Encode())
	return a
}
