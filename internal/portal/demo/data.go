package demo

import (
	"time"

	"gitlab-agent-portal/gitlabapi/gitlabtest"
)

const day = 24 * time.Hour

// group is a group with those who are members of it directly.
type group struct {
	path, name string
	visibility gitlabtest.Visibility
	members    map[string]gitlabtest.AccessLevel
}

func groups() []group {
	const (
		reporter, developer = gitlabtest.Reporter, gitlabtest.Developer
		maintainer, owner   = gitlabtest.Maintainer, gitlabtest.Owner
	)
	type members = map[string]gitlabtest.AccessLevel
	return []group{
		{"shop", "Shop", gitlabtest.Private, members{olivia: owner, mara: maintainer, tomas: developer, ines: reporter}},
		{"shop/storefront", "Storefront", gitlabtest.Private, nil},
		{"shop/checkout", "Checkout", gitlabtest.Private, nil},
		{"shop/warehouse", "Warehouse", gitlabtest.Private, nil},
		{"platform", "Platform", gitlabtest.Private, members{olivia: owner, mara: maintainer, tomas: developer, chenwei: developer}},
		{"platform/clusters", "Clusters", gitlabtest.Private, nil},
		{"platform/observability", "Observability", gitlabtest.Private, nil},
		{"data", "Data", gitlabtest.Private, members{olivia: owner, chenwei: maintainer, mara: developer}},
		{"data/pipelines", "Pipelines", gitlabtest.Private, nil},
		{"stores", "Stores", gitlabtest.Private, members{olivia: owner, chenwei: maintainer}},
		{"handbook", "Handbook", gitlabtest.Public, members{olivia: owner, ines: developer}},
	}
}

// project is a project; its agents were registered by the person named in by.
type project struct {
	path, name, description string
	by                      string
	agents                  []madeAgent
}

type madeAgent struct {
	name   string
	tokens []token
}

// token is a token by the ages of its making and of its last use.
type token struct {
	name string
	age  time.Duration
	// idle is how long ago it was used last; never when negative, and all the time when zero.
	idle time.Duration
	// versions are those of the pods that use it; GitLab's own when empty.
	versions []string
}

// live is a token that a cluster uses for as long as the demo runs.
func live(name string, age time.Duration) token { return token{name: name, age: age} }

// used is a token that was used last some time ago.
func used(name string, age, idle time.Duration) token { return token{name: name, age: age, idle: idle} }

// unused is a token that no cluster ever presented.
func unused(name string, age time.Duration) token { return token{name: name, age: age, idle: -1} }

// running is a token that pods of these versions use.
func running(t token, versions ...string) token {
	t.versions = versions
	return t
}

func (t token) seed(agent, creator int64, now time.Time) gitlabtest.Token {
	seeded := gitlabtest.Token{
		Agent: agent, Name: t.name, CreatedAt: now.Add(-t.age), CreatedBy: creator, Live: t.idle == 0, Versions: t.versions,
	}
	if t.idle > 0 {
		seeded.LastUsedAt = now.Add(-t.idle)
	}
	if t.idle >= 0 {
		seeded.ConnectedAt = seeded.CreatedAt.Add(2 * time.Minute)
	}
	return seeded
}

// newAgent is short for an agent and its tokens.
func newAgent(name string, tokens ...token) madeAgent { return madeAgent{name, tokens} }

// projects are most of the projects. Between them their agents are in every state that the
// portal tells apart.
func projects() []project {
	const minute, hour = time.Minute, time.Hour
	return []project{
		{"shop/storefront/web", "Web", "The shop as customers see it", mara, []madeAgent{
			newAgent("production", live("helm 2026", 34*day)),
			newAgent("staging", used("helm", 60*day, 5*minute)),
			newAgent("review-apps", used("flux", 20*day, 26*minute)),
			newAgent("load-test", unused("k6", 5*day)),
		}},
		{"shop/storefront/search", "Search", "Finds products", mara, []madeAgent{
			newAgent("production", running(live("helm", 120*day), "17.11.4")), // older than it should be
			newAgent("staging", used("helm", 45*day, 4*day)),
		}},
		{"shop/storefront/images", "Images", "Scales and serves pictures", mara, []madeAgent{newAgent("cdn-origin", live("flux", 12*day))}},
		{"shop/storefront/recommendations", "Recommendations", "", mara, nil},
		{"shop/storefront/design-system", "Design system", "Components and tokens", mara, nil},
		{"shop/checkout/cart", "Cart", "Keeps what customers want to buy", mara, []madeAgent{
			newAgent("production", used("terraform", 400*day, 1*minute), live("rotation autumn", 10*day)), // a rotation that nobody finished
			newAgent("staging", live("terraform", 31*day)),
		}},
		{"shop/checkout/payments", "Payments", "Talks to banks. Handle with care", olivia, []madeAgent{
			newAgent("production-eu", running(live("vault", 60*day), "18.5.1", "18.5.1")),
			newAgent("production-apac", live("vault", 60*day), unused("vault next", 2*hour)), // a rotation under way
			newAgent("sandbox", used("by hand", 200*day, 33*day)),
		}},
		{"shop/checkout/invoices", "Invoices", "PDF and what tax offices want", mara, []madeAgent{newAgent("production", used("helm", 75*day, 9*minute))}},
		{"shop/checkout/fraud", "Fraud detection", "", olivia, []madeAgent{newAgent("production")}},
		{"shop/checkout/vouchers", "Vouchers", "Gift cards and discounts", mara, nil},
		{"shop/warehouse/stock", "Stock", "How many of what and where", mara, []madeAgent{
			newAgent("hall-1", live("helm", 88*day)),
			newAgent("hall-2", running(live("helm", 88*day), "18.5.0", "18.5.1")),
			newAgent("hall-3", used("helm", 88*day, 62*day)),
		}},
		{"shop/warehouse/parcels", "Parcels", "Labels and tracking", petra, []madeAgent{newAgent("production", live("flux", 50*day))}},
		{"shop/warehouse/robots", "Robots", "Drives the shuttles in hall 2", "", []madeAgent{
			// registered by somebody who has left, before GitLab limited an agent to two tokens
			newAgent("hall-2", used("first", 1400*day, 900*day), used("second", 1200*day, 3*hour), running(live("third", 300*day), "16.11.0")),
		}},
		{"shop/warehouse/returns", "Returns", "", mara, nil},
		{"shop/mobile-app", "Mobile app", "iOS and Android", mara, nil},
		{"shop/load-tests", "Load tests", "Black Friday, every week", tomas, []madeAgent{newAgent("generators", used("helm", 16*day, 7*day))}},
		{"platform/clusters/europe", "Europe", "The clusters in Europe", mara, []madeAgent{
			newAgent("eu-central-1", live("flux 2026-09", 70*day)),
			newAgent("eu-central-2", running(live("flux 2026-09", 70*day), "18.2.1", "18.5.1")),
			newAgent("eu-north-1", used("flux 2026-09", 70*day, 11*minute)),
			newAgent("eu-west-1", live("flux 2026-09", 70*day), unused("flux 2026-12", 30*hour)),
		}},
		{"platform/clusters/asia", "Asia", "The clusters in Asia", mara, []madeAgent{
			newAgent("ap-east-1", live("flux 2026-09", 70*day)),
			newAgent("ap-southeast-1", live("flux 2026-09", 70*day)),
		}},
		{"platform/clusters/america", "America", "", mara, []madeAgent{newAgent("us-east-1", live("flux", 95*day)), newAgent("us-west-2")}},
		{"platform/clusters/bootstrap", "Bootstrap", "From nothing to a cluster in an hour", mara, []madeAgent{newAgent("seed", unused("bootstrap", 10*minute))}},
		{"platform/observability/metrics", "Metrics", "", mara, []madeAgent{newAgent("prometheus", live("helm", 40*day))}},
		{"platform/observability/logs", "Logs", "Ninety days of everything", mara, []madeAgent{newAgent("loki", live("helm", 41*day)), newAgent("loki-archive", used("helm", 300*day, 150*day))}},
		{"platform/observability/traces", "Traces", "", mara, []madeAgent{newAgent("tempo", used("helm", 41*day, 7*minute))}},
		{"platform/runners", "CI runners", "Where pipelines run", mara, []madeAgent{newAgent("runners-linux", live("flux", 28*day)), newAgent("runners-gpu", live("flux", 5*day))}},
		{"platform/identity", "Identity", "Single sign-on", olivia, []madeAgent{newAgent("production", live("vault", 80*day))}},
		{"platform/dns", "DNS", "", mara, nil},
		{"platform/registry-mirror", "Registry mirror", "A copy of what the internet may take away", mara, []madeAgent{newAgent("mirror", live("flux", 18*day))}},
		{"platform/agent-portal", "Agent portal", "This portal's own deployment", mara, []madeAgent{newAgent("portal", live("helm", 3*day))}},
		{"data/pipelines/orders", "Orders pipeline", "From the shop to the lake", chenwei, []madeAgent{newAgent("batch", live("helm", 55*day)), newAgent("streaming", used("helm", 55*day, 2*hour))}},
		{"data/pipelines/clicks", "Clicks pipeline", "", chenwei, []madeAgent{newAgent("streaming", live("helm", 29*day))}},
		{"data/pipelines/weather", "Weather pipeline", "Ice cream sells by the degree", chenwei, nil},
		{"data/lake", "Lake", "Where all data ends", chenwei, []madeAgent{newAgent("lake-prod", live("terraform", 66*day)), newAgent("lake-dev", used("terraform", 66*day, 15*day))}},
		{"data/notebooks", "Notebooks", "", chenwei, []madeAgent{newAgent("jupyter", unused("helm", 26*hour))}},
		{"data/forecasts", "Forecasts", "需求预测", chenwei, []madeAgent{newAgent("training", used("助手", 44*day, 6*day)), newAgent("serving", live("助手", 44*day))}},
		{"stores/signage", "Signage", "The screens above the shelves", chenwei, []madeAgent{newAgent("screens", live("flux", 14*day))}},
		{"stores/planograms", "Planograms", "", chenwei, nil},
		{"handbook/engineering", "Engineering handbook", "How we work", olivia, []madeAgent{newAgent("website", live("helm", 21*day))}},
		{"handbook/onboarding", "Onboarding", "The first week", olivia, nil},
	}
}
