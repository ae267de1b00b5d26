// Package store keeps what the portal itself has to remember: who is signed in with which
// GitLab tokens, which forms were already used, who did what through it (the audit), and what
// GitLab said of tokens' last use (readings). It speaks SQLite (one process) and PostgreSQL
// (several replicas) behind one API.
//
// A session's cookie carries a signed random id and nothing else. The database knows the id
// only by its hash and holds the session's values sealed with the id as additional data, so
// that a copy of the database neither opens a session nor shows a token, and a value moved to
// another row does not open.
//
// GitLab kills the old pair of tokens the moment it hands out a new one. The pair therefore
// changes in one place only, Refresh: under a lock that spans replicas, by a versioned UPDATE,
// saved before anybody uses it. Nothing else writes it, gorilla's Save included.
package store
