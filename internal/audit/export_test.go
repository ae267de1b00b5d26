package audit

import "time"

// PageQuery is the query of a page's rows with its arguments, for tests that read its plan.
func (l *Log) PageQuery(filter Filter, above, below int64, backwards bool, limit int) (string, []any, error) {
	order := newestFirst
	if backwards {
		order = oldestFirst
	}
	return l.pageQuery(filter, span{above: above, below: below}, order, limit)
}

// OtherQueries are the other queries that pages wait for, with arguments.
func OtherQueries(at time.Time) map[string][]any {
	edge := []any{at.UnixMicro(), maxDisorder}
	return map[string][]any{
		firstQuery: edge, lastQuery: edge,
		createdQuery:        {7, "token_create", 5, 20, 42, 1},
		unstoredQuery("$3"): {at.UnixMicro(), 1, 5},
		knownIDsQuery:       {5, 1},
	}
}
