// Package session keeps who is signed in with which GitLab tokens. It also has the keys that
// sign cookies and seal values.
//
// A session's cookie carries a signed random id and nothing else. The database knows the id
// only by its hash and holds the session's values sealed with the id as additional data, so
// that a copy of the database neither opens a session nor shows a token, and a value moved to
// another row does not open.
//
// GitLab kills the old pair of tokens the moment it hands out a new one. The pair therefore
// changes in one place only, Refresh: under a lock that spans replicas, by a versioned UPDATE,
// saved before anybody uses it. Nothing else writes it, gorilla's Save included.
package session
