// Package portal puts the program together: configuration, GitLab client, database, handlers,
// server. Run is the whole program; the browser tests call it too, so that there is no second
// way in which the parts are joined.
package portal
