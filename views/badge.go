package views

import (
	"context"

	"github.com/a-h/templ"

	"gitlab-agent-portal/internal/agent"
	"gitlab-agent-portal/internal/i18n"
)

// statusWord is the status in the person's language, in GitLab's own words.
func statusWord(l *i18n.Printer, s agent.Status) string { return l.T("status." + string(s)) }

// statusRule says how the status came about, in the place where the word stands.
func statusRule(l *i18n.Printer, s agent.Status) string { return l.T("status." + string(s) + ".rule") }

// statusAdvice says what to do about the status.
func statusAdvice(l *i18n.Printer, s agent.Status) string {
	return l.T("status." + string(s) + ".advice")
}

func statusIcon(s agent.Status) IconName {
	switch s {
	case agent.StatusConnected:
		return IconConnected
	case agent.StatusNotConnected:
		return IconNotConnected
	case agent.StatusNeverConnected:
		return IconNever
	default:
		return IconUnknown
	}
}

// badges draws the badge of each status once for a table, whose many rows repeat a few.
type badges struct {
	page  Page
	drawn map[agent.Status]templ.Component
}

func newBadges(p Page) badges { return badges{page: p, drawn: map[agent.Status]templ.Component{}} }

func (b badges) of(ctx context.Context, status agent.Status) templ.Component {
	if drawn := b.drawn[status]; drawn != nil {
		return drawn
	}
	badge := StatusBadge(b.page.L, b.page.Icon, status)
	html, err := templ.ToGoHTML(ctx, badge)
	if err != nil {
		return badge
	}
	b.drawn[status] = templ.Raw(html) //nolint:forbidigo // templ has just made it, and escaped what was in it
	return b.drawn[status]
}
