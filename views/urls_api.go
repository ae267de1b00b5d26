package views

// Patterns of what programs may read with a token of GitLab's, beside PatternFleetCSV, PatternFleetJSON and
// PatternActivityCSV.
const (
	PatternAlertsJSON = "/alerts.json"
	PatternHistoryCSV = "/history.csv"
	PatternOpenAPI    = "/openapi.json"
)

// OpenAPI describes what programs may read.
func (u URLs) OpenAPI() string { return u.Base + PatternOpenAPI }
