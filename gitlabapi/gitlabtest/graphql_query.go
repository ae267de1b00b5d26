package gitlabtest

import (
	"cmp"
	"context"
	"fmt"
	"strconv"
	"strings"

	graphql "github.com/graph-gophers/graphql-go"
)

// resolverKey is the context key of a call's queryResolver.
type resolverKey struct{}

// rootResolver finds the call in the context, so that one executable schema serves all calls.
type rootResolver struct{}

// queryResolver answers the fields of Query for one call. The server's lock is held all the while,
// and resolvers only read.
type queryResolver struct {
	c     *call
	cost  cost
	limit int
}

func resolverOf(ctx context.Context) *queryResolver {
	q, ok := ctx.Value(resolverKey{}).(*queryResolver)
	if !ok {
		panic("gitlabtest: a GraphQL query ran without its call")
	}
	return q
}

type personResolver struct {
	ID       graphql.ID
	Name     string
	Username string
	WebPath  string
	State    string
}

// person is somebody by id, nil for nobody.
func (c *call) person(id int64) *personResolver {
	u := c.users[id]
	if u == nil {
		return nil
	}
	return &personResolver{graphql.ID(globalID("User", u.ID)), u.Name, u.Username, "/" + u.Username, u.State}
}

func (rootResolver) CurrentUser(ctx context.Context) *personResolver {
	c := resolverOf(ctx).c
	if c.user == nil {
		return nil
	}
	return c.person(c.user.ID)
}

// Project is null for a project that does not exist and for one that the caller does not see,
// without an error in either case.
func (rootResolver) Project(ctx context.Context, args struct{ FullPath graphql.ID }) *projectResolver {
	c := resolverOf(ctx).c
	p := c.projectByPath(string(args.FullPath))
	if p == nil || !c.sees(p) {
		return nil
	}
	return &projectResolver{c, p}
}

// sees is canReadProject for callers that may be anonymous.
func (c *call) sees(p *Project) bool {
	if c.user == nil {
		return p.Visibility == Public
	}
	return c.canReadProject(c.user, p)
}

// Projects leaves out what the caller does not see, without an error.
func (rootResolver) Projects(ctx context.Context, args struct {
	IDs        *[]graphql.ID
	Membership *bool
	Search     *string
	First      *int32
	After      *string
},
) (*connection[*projectResolver], error) {
	c := resolverOf(ctx).c
	wanted, err := projectIDs(args.IDs)
	if err != nil {
		return nil, err
	}
	found := sortedValues(c.projects, func(p *Project) bool {
		return c.sees(p) &&
			(args.IDs == nil || wanted[p.ID]) &&
			(args.Membership == nil || !*args.Membership || c.user != nil && c.memberLevel(c.user, p) >= Guest) &&
			(args.Search == nil || c.matchesSearch(p, *args.Search, true))
	}, func(a, b *Project) int { return cmp.Compare(b.ID, a.ID) })
	return connect(found, pageArgs{args.First, args.After}, func(p *Project) *projectResolver { return &projectResolver{c, p} })
}

// projectIDs are the numbers in the global ids of projects.
func projectIDs(ids *[]graphql.ID) (map[int64]bool, error) {
	wanted := map[int64]bool{}
	if ids == nil {
		return wanted, nil
	}
	for _, id := range *ids {
		number, isProject := strings.CutPrefix(string(id), "gid://gitlab/Project/")
		n, err := strconv.ParseInt(number, 10, 64)
		if !isProject || err != nil {
			return nil, fmt.Errorf("%q is not a valid GitLab ID", string(id))
		}
		wanted[n] = true
	}
	return wanted, nil
}

func (rootResolver) Group(ctx context.Context, args struct{ FullPath graphql.ID }) *groupResolver {
	c := resolverOf(ctx).c
	g := c.groupByPath(string(args.FullPath))
	if g == nil || !c.seesGroup(g) {
		return nil
	}
	return &groupResolver{c, g}
}

func (c *call) seesGroup(g *Group) bool {
	if g.Visibility == Public {
		return true
	}
	return c.user != nil && (c.user.Admin || g.Visibility == Internal && !c.user.External || c.groupLevel(c.user, g.ID) >= Guest || c.hasProjects(c.user, g))
}

// hasProjects says whether u is a member of a project somewhere below the group, which shows them the
// group too (app/policies/group_policy.rb).
func (st *store) hasProjects(u *User, g *Group) bool {
	for _, p := range st.projects {
		if st.inGroup(p, g.ID) && st.memberLevel(u, p) >= Guest {
			return true
		}
	}
	return false
}

type metadataResolver struct {
	Version    string
	Revision   string
	Enterprise bool
	Kas        kasResolver
}

type kasResolver struct {
	Enabled     bool
	ExternalURL *string
	Version     *string
}

func (rootResolver) Metadata(ctx context.Context) *metadataResolver {
	c := resolverOf(ctx).c
	kas := c.kas()
	return &metadataResolver{
		Version:    c.version(),
		Revision:   revision,
		Enterprise: !c.settings.CommunityEdition,
		Kas:        kasResolver{kas.Enabled, kas.ExternalURL, kas.Version},
	}
}

type complexityResolver struct{ Score, Limit int32 }

func (rootResolver) QueryComplexity(ctx context.Context) *complexityResolver {
	q := resolverOf(ctx)
	return &complexityResolver{int32(q.cost.complexity), int32(q.limit)}
}
