package portal

import (
	"time"

	"gitlab-agent-portal/gitlabapi/gitlabtest"
)

const day = 24 * time.Hour

// demoGroup is a group with those who are members of it directly.
type demoGroup struct {
	path, name string
	visibility gitlabtest.Visibility
	members    map[string]gitlabtest.AccessLevel
}

func demoGroups() []demoGroup {
	const (
		reporter, developer = gitlabtest.Reporter, gitlabtest.Developer
		maintainer, owner   = gitlabtest.Maintainer, gitlabtest.Owner
	)
	type members = map[string]gitlabtest.AccessLevel
	return []demoGroup{
		{"shop", "Shop", gitlabtest.Private, members{demoOwner: owner, demoLead: maintainer, demoDeveloper: developer, demoReporter: reporter}},
		{"shop/storefront", "Storefront", gitlabtest.Private, nil},
		{"shop/checkout", "Checkout", gitlabtest.Private, nil},
		{"shop/warehouse", "Warehouse", gitlabtest.Private, nil},
		{"platform", "Platform", gitlabtest.Private, members{demoOwner: owner, demoLead: maintainer, demoDeveloper: developer, demoChinese: developer}},
		{"platform/clusters", "Clusters", gitlabtest.Private, nil},
		{"platform/observability", "Observability", gitlabtest.Private, nil},
		{"data", "Data", gitlabtest.Private, members{demoOwner: owner, demoChinese: maintainer, demoLead: developer}},
		{"data/pipelines", "Pipelines", gitlabtest.Private, nil},
		{"stores", "Stores", gitlabtest.Private, members{demoOwner: owner, demoChinese: maintainer}},
		{"handbook", "Handbook", gitlabtest.Public, members{demoOwner: owner, demoReporter: developer}},
	}
}

// demoProject is a project; its agents were registered by the person named in by.
type demoProject struct {
	path, name, description string
	by                      string
	agents                  []demoAgent
}

type demoAgent struct {
	name   string
	tokens []demoToken
}

// demoToken is a token by the ages of its making and of its last use.
type demoToken struct {
	name string
	age  time.Duration
	// idle is how long ago it was used last; never when negative, and all the time when zero.
	idle time.Duration
}

// live is a token that a cluster uses for as long as the demo runs.
func live(name string, age time.Duration) demoToken { return demoToken{name, age, 0} }

// used is a token that was used last some time ago.
func used(name string, age, idle time.Duration) demoToken { return demoToken{name, age, idle} }

// unused is a token that no cluster ever presented.
func unused(name string, age time.Duration) demoToken { return demoToken{name, age, -1} }

func (t demoToken) seed(agent, creator int64, now time.Time) gitlabtest.Token {
	token := gitlabtest.Token{
		Agent: agent, Name: t.name, CreatedAt: now.Add(-t.age), CreatedBy: creator, Live: t.idle == 0,
	}
	if t.idle > 0 {
		token.LastUsedAt = now.Add(-t.idle)
	}
	if t.idle >= 0 {
		token.ConnectedAt = token.CreatedAt.Add(2 * time.Minute)
	}
	return token
}

// agent is short for an agent and its tokens.
func agent(name string, tokens ...demoToken) demoAgent { return demoAgent{name, tokens} }

// demoProjects are most of the projects. Between them their agents are in every state that the
// portal tells apart.
func demoProjects() []demoProject {
	const minute, hour = time.Minute, time.Hour
	return []demoProject{
		{"shop/storefront/web", "Web", "The shop as customers see it", demoLead, []demoAgent{
			agent("production", live("helm 2026", 34*day)),
			agent("staging", used("helm", 60*day, 5*minute)),
			agent("review-apps", used("flux", 20*day, 26*minute)),
			agent("load-test", unused("k6", 5*day)),
		}},
		{"shop/storefront/search", "Search", "Finds products", demoLead, []demoAgent{
			agent("production", live("helm", 120*day)), // older than it should be
			agent("staging", used("helm", 45*day, 4*day)),
		}},
		{"shop/storefront/images", "Images", "Scales and serves pictures", demoLead, []demoAgent{agent("cdn-origin", live("flux", 12*day))}},
		{"shop/storefront/recommendations", "Recommendations", "", demoLead, nil},
		{"shop/storefront/design-system", "Design system", "Components and tokens", demoLead, nil},
		{"shop/checkout/cart", "Cart", "Keeps what customers want to buy", demoLead, []demoAgent{
			agent("production", used("terraform", 400*day, 1*minute), live("rotation autumn", 10*day)), // a rotation that nobody finished
			agent("staging", live("terraform", 31*day)),
		}},
		{"shop/checkout/payments", "Payments", "Talks to banks. Handle with care", demoOwner, []demoAgent{
			agent("production-eu", live("vault", 60*day)),
			agent("production-apac", live("vault", 60*day), unused("vault next", 2*hour)), // a rotation under way
			agent("sandbox", used("by hand", 200*day, 33*day)),
		}},
		{"shop/checkout/invoices", "Invoices", "PDF and what tax offices want", demoLead, []demoAgent{agent("production", used("helm", 75*day, 9*minute))}},
		{"shop/checkout/fraud", "Fraud detection", "", demoOwner, []demoAgent{agent("production")}},
		{"shop/checkout/vouchers", "Vouchers", "Gift cards and discounts", demoLead, nil},
		{"shop/warehouse/stock", "Stock", "How many of what and where", demoLead, []demoAgent{
			agent("hall-1", live("helm", 88*day)),
			agent("hall-2", live("helm", 88*day)),
			agent("hall-3", used("helm", 88*day, 62*day)),
		}},
		{"shop/warehouse/parcels", "Parcels", "Labels and tracking", demoLead, []demoAgent{agent("production", live("flux", 50*day))}},
		{"shop/warehouse/robots", "Robots", "Drives the shuttles in hall 2", "", []demoAgent{
			// registered by somebody who has left, before GitLab limited an agent to two tokens
			agent("hall-2", used("first", 1400*day, 900*day), used("second", 1200*day, 3*hour), live("third", 300*day)),
		}},
		{"shop/warehouse/returns", "Returns", "", demoLead, nil},
		{"shop/mobile-app", "Mobile app", "iOS and Android", demoLead, nil},
		{"shop/load-tests", "Load tests", "Black Friday, every week", demoDeveloper, []demoAgent{agent("generators", used("helm", 16*day, 7*day))}},
		{"platform/clusters/europe", "Europe", "The clusters in Europe", demoLead, []demoAgent{
			agent("eu-central-1", live("flux 2026-09", 70*day)),
			agent("eu-central-2", live("flux 2026-09", 70*day)),
			agent("eu-north-1", used("flux 2026-09", 70*day, 11*minute)),
			agent("eu-west-1", live("flux 2026-09", 70*day), unused("flux 2026-12", 30*hour)),
		}},
		{"platform/clusters/asia", "Asia", "The clusters in Asia", demoLead, []demoAgent{
			agent("ap-east-1", live("flux 2026-09", 70*day)),
			agent("ap-southeast-1", live("flux 2026-09", 70*day)),
		}},
		{"platform/clusters/america", "America", "", demoLead, []demoAgent{agent("us-east-1", live("flux", 95*day)), agent("us-west-2")}},
		{"platform/clusters/bootstrap", "Bootstrap", "From nothing to a cluster in an hour", demoLead, []demoAgent{agent("seed", unused("bootstrap", 10*minute))}},
		{"platform/observability/metrics", "Metrics", "", demoLead, []demoAgent{agent("prometheus", live("helm", 40*day))}},
		{"platform/observability/logs", "Logs", "Ninety days of everything", demoLead, []demoAgent{agent("loki", live("helm", 41*day)), agent("loki-archive", used("helm", 300*day, 150*day))}},
		{"platform/observability/traces", "Traces", "", demoLead, []demoAgent{agent("tempo", used("helm", 41*day, 7*minute))}},
		{"platform/runners", "CI runners", "Where pipelines run", demoLead, []demoAgent{agent("runners-linux", live("flux", 28*day)), agent("runners-gpu", live("flux", 5*day))}},
		{"platform/identity", "Identity", "Single sign-on", demoOwner, []demoAgent{agent("production", live("vault", 80*day))}},
		{"platform/dns", "DNS", "", demoLead, nil},
		{"platform/registry-mirror", "Registry mirror", "A copy of what the internet may take away", demoLead, []demoAgent{agent("mirror", live("flux", 18*day))}},
		{"platform/agent-portal", "Agent portal", "This portal's own deployment", demoLead, []demoAgent{agent("portal", live("helm", 3*day))}},
		{"data/pipelines/orders", "Orders pipeline", "From the shop to the lake", demoChinese, []demoAgent{agent("batch", live("helm", 55*day)), agent("streaming", used("helm", 55*day, 2*hour))}},
		{"data/pipelines/clicks", "Clicks pipeline", "", demoChinese, []demoAgent{agent("streaming", live("helm", 29*day))}},
		{"data/pipelines/weather", "Weather pipeline", "Ice cream sells by the degree", demoChinese, nil},
		{"data/lake", "Lake", "Where all data ends", demoChinese, []demoAgent{agent("lake-prod", live("terraform", 66*day)), agent("lake-dev", used("terraform", 66*day, 15*day))}},
		{"data/notebooks", "Notebooks", "", demoChinese, []demoAgent{agent("jupyter", unused("helm", 26*hour))}},
		{"data/forecasts", "Forecasts", "需求预测", demoChinese, []demoAgent{agent("training", used("助手", 44*day, 6*day)), agent("serving", live("助手", 44*day))}},
		{"stores/signage", "Signage", "The screens above the shelves", demoChinese, []demoAgent{agent("screens", live("flux", 14*day))}},
		{"stores/planograms", "Planograms", "", demoChinese, nil},
		{"handbook/engineering", "Engineering handbook", "How we work", demoOwner, []demoAgent{agent("website", live("helm", 21*day))}},
		{"handbook/onboarding", "Onboarding", "The first week", demoOwner, nil},
	}
}
