// Package session keeps who is signed in with which GitLab tokens. It also has the keys that
// sign cookies and seal values.
//
// A session's cookie carries a signed random id and nothing else. The database knows the id
// only by its hash and holds the session's values sealed with a key that is made of the server's
// key and the id: a copy of the database opens no session and shows no token, not even to
// whoever has the server's keys as well. What is sealed is bound to its row and to the GitLab
// application that it belongs to.
//
// GitLab kills the old pair of tokens the moment it hands out a new one. The pair therefore
// changes in one place only, Refresh: under a lock that spans replicas, by a versioned UPDATE,
// saved before anybody uses it. Nothing else writes it, gorilla's Save included.
package session
