package transitions

// RecordsQueries are the queries of Records and of RecordsOf, by the index that leads to their agents, for tests of
// how engines run them.
func (s *Store) RecordsQueries() map[string]string {
	return map[string]string{"watched_pkey": recordsQuery(s.ofAgents()), "watched_project": recordsQuery(s.ofProjects())}
}

// SetMaxRows changes how many transitions one query reads.
func (s *Store) SetMaxRows(n int) { s.maxRows = n }
