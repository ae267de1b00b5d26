package handlers

// Route is one line of the route table, for tests that sweep it.
type Route struct {
	Method, Pattern string
	SignedIn        bool
}

// Routes returns the route table.
func Routes() []Route {
	var routes []Route
	for _, r := range new(Handlers).routes() {
		routes = append(routes, Route{Method: r.method, Pattern: r.pattern, SignedIn: r.access == signedIn})
	}
	return routes
}

// Classify is classify, for its table test.
func Classify(err error, change bool) (status int, id string) {
	p := classify(err, change)
	return p.status, p.id
}
