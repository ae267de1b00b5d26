package demo

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"gitlab-agent-portal/gitlabapi/gitlabtest"
	"gitlab-agent-portal/internal/agentconfig"
)

// person is somebody who can sign in to the demo.
type person struct {
	username, name string
	// hint is said where one chooses who to be.
	hint string
	// token is their personal access token, for curl and glab.
	token string
}

// people are all of them.
type people []person

// String lists the people with their tokens, for the terminal.
func (everybody people) String() string {
	var lines strings.Builder
	lines.WriteString("\n  Personal access tokens, for curl and glab:\n")
	for _, p := range everybody {
		fmt.Fprintf(&lines, "    %-8s %s  %s\n", p.username, p.token, p.hint)
	}
	return lines.String()
}

// seeder fills a simulator with an organisation that runs a chain of shops. All times are
// relative to now, so that every state of an agent is there whenever the demo starts.
type seeder struct {
	*gitlabtest.Server
	now    time.Time
	people map[string]int64
	groups map[string]int64
	// projects are by full path, and agents by that of their project with their name behind.
	projects, agents map[string]int64
}

func newSeeder(s *gitlabtest.Server, now time.Time) *seeder {
	return &seeder{s, now, map[string]int64{}, map[string]int64{}, map[string]int64{}, map[string]int64{}}
}

// fill adds everything, and returns the people and what they did before.
func (d *seeder) fill() (people, []Act) {
	everybody := d.addPeople()
	d.addGroups()
	for _, p := range projects() {
		d.addProject(p)
	}
	d.addGrants()
	d.addStores()
	d.addCorners()
	d.addEnvironments()
	d.addShared()
	return everybody, d.history()
}

// The people by username.
const (
	mara    = "mara"
	olivia  = "olivia"
	tomas   = "tomas"
	ines    = "ines"
	chenwei = "chenwei"
	petra   = "petra"
	root    = "root"
)

func (d *seeder) addPeople() people {
	everybody := people{
		{username: mara, name: "Mara Lind", hint: "Team lead. Maintainer of Shop and Platform, Developer in Data"},
		{username: olivia, name: "Olivia Okafor", hint: "Head of engineering. Owner of every group"},
		{username: tomas, name: "Tomás Reyes", hint: "Developer in Shop and Platform: sees agents, changes nothing"},
		{username: ines, name: "Inês Duarte", hint: "Reporter in Shop: sees projects but no agents"},
		{username: chenwei, name: "陈伟", hint: "Maintainer of Data and Stores, Developer in Platform. Uses GitLab in Chinese"},
		{username: root, name: "Administrator", hint: "Administrator, member of nothing"},
	}
	for i, p := range everybody {
		locale := ""
		if p.username == chenwei {
			locale = "zh_CN"
		}
		id := d.AddUser(gitlabtest.User{
			Username: p.username, Name: p.name, Hint: p.hint, Admin: p.username == root, Locale: locale,
		})
		d.people[p.username] = id
		everybody[i].token = d.AddPersonalToken(gitlabtest.PersonalToken{User: id})
	}
	// Somebody who has left, and whose tokens still work. They cannot sign in.
	d.people[petra] = d.AddUser(gitlabtest.User{Username: petra, Name: "Petra Novák", State: "blocked", Hint: "Has left: her account is blocked"})
	return everybody
}

func (d *seeder) addGroups() {
	for _, g := range groups() {
		parent, path := "", g.path
		if i := strings.LastIndex(g.path, "/"); i >= 0 {
			parent, path = g.path[:i], g.path[i+1:]
		}
		id := d.AddGroup(gitlabtest.Group{Path: path, Name: g.name, Parent: d.groups[parent], Visibility: g.visibility})
		d.groups[g.path] = id
		for username, level := range g.members {
			d.AddGroupMember(id, d.people[username], level)
		}
	}
}

func (d *seeder) addProject(p project) {
	i := strings.LastIndex(p.path, "/")
	id := d.AddProject(gitlabtest.Project{
		Path: p.path[i+1:], Name: p.name, Description: p.description, Group: d.groups[p.path[:i]],
		// Times that differ from project to project, the same on every start.
		CreatedAt: d.now.AddDate(-1, -len(p.path), 0), LastActivityAt: d.now.Add(-time.Duration(len(p.name)) * time.Hour),
	})
	d.projects[p.path] = id
	d.AddFile(gitlabtest.File{Project: id, Path: "README.md", Content: "# " + p.name + "\n\n" + p.description + "\n"})
	for _, a := range p.agents {
		d.agents[p.path+"/"+a.name] = d.addAgent(id, p.by, a)
	}
	for name, content := range configs()[p.path] {
		d.AddFile(gitlabtest.File{Project: id, Path: agentconfig.Path(name), Content: content})
	}
}

// addAgent registers an agent shortly before its first token was made.
func (d *seeder) addAgent(project int64, by string, a madeAgent) int64 {
	age := 9 * day
	if len(a.tokens) > 0 {
		age = slices.MaxFunc(a.tokens, func(x, y token) int { return cmp.Compare(x.age, y.age) }).age + time.Minute
	}
	creator := d.people[by] // nobody for somebody who has left
	id := d.AddAgent(gitlabtest.Agent{Project: project, Name: a.name, CreatedAt: d.now.Add(-age), CreatedBy: creator})
	for _, t := range a.tokens {
		d.AddToken(t.seed(id, creator, d.now))
	}
	return id
}

// addStores is one project with an agent for every store: more than fit on a page.
func (d *seeder) addStores() {
	p := project{path: "stores/till", name: "Till", description: "What runs in every store", by: chenwei}
	cities := []string{"aarhus", "bergen", "chengdu", "dresden", "evora", "fukuoka", "gdansk", "hangzhou", "izmir", "jena", "kunming", "leiden"}
	for i, city := range cities {
		for n := 1; n <= 6; n++ {
			p.agents = append(p.agents, madeAgent{fmt.Sprintf("store-%s-%d", city, n), storeTokens(i*6 + n)})
		}
	}
	d.addProject(p)
}

// storeTokens are those of the nth store: most are fine, a few are closed, late or not yet open.
func storeTokens(n int) []token {
	age := time.Duration(20+n) * day
	switch {
	case n%23 == 0:
		return []token{used("till", age, 41*day)}
	case n%17 == 0:
		return []token{unused("till", 3*day)}
	case n%11 == 0:
		return []token{used("till", age, time.Duration(n)*time.Minute)}
	default:
		return []token{live("till", age)}
	}
}

// addCorners are an archived project, one that has moved and one in a personal namespace.
func (d *seeder) addCorners() {
	archived := d.AddProject(gitlabtest.Project{
		Path: "shop-2019", Name: "Shop 2019", Description: "The shop before the rewrite", Group: d.groups["shop"],
		CreatedAt: d.now.AddDate(-6, 0, 0), LastActivityAt: d.now.AddDate(-2, 0, 0),
	})
	d.addAgent(archived, "", madeAgent{"legacy", []token{used("helm", 700*day, 400*day)}})
	d.ArchiveProject(archived, true)

	moved := d.AddProject(gitlabtest.Project{
		Path: "dashboards", Name: "Dashboards", Group: d.groups["platform"], CreatedAt: d.now.AddDate(-2, 0, 0),
	})
	d.addAgent(moved, mara, madeAgent{"dashboards", []token{live("flux", 30*day)}})
	d.MoveProject(moved, d.groups["platform/observability"], "dashboards")

	own := d.AddProject(gitlabtest.Project{
		Path: "playground", Name: "Playground", Owner: d.people[mara], CreatedAt: d.now.AddDate(0, -1, 0),
	})
	d.addAgent(own, mara, madeAgent{"laptop", []token{unused("kind", 20*time.Minute)}})
}
