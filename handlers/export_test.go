package handlers

import "gitlab-agent-portal/internal/store"

// Route is one line of the route table, for tests that sweep it.
type Route struct {
	Method, Pattern string
	SignedIn        bool
	// Action is the action of the audit's row, empty for a route that leaves none.
	Action store.AuditAction
}

// Routes returns the route table.
func Routes() []Route {
	var routes []Route
	for _, r := range new(Handlers).routes() {
		action, _ := r.handler.(audited)
		routes = append(routes, Route{Method: r.method, Pattern: r.pattern, SignedIn: r.access == signedIn, Action: action.action})
	}
	return routes
}

// Classify is classify, for its table test.
func Classify(err error, change bool) (status int, id string) {
	p := classify(err, change)
	return p.status, p.id
}
