// Package gitlabtest is a GitLab that runs inside the process: OAuth, the eight routes of the
// Agents API and what a portal for them needs around it, over a store in memory. Tests, browser
// tests and the demo stand on it.
//
// A [Server] is an http.Handler. [New] makes one, the Add methods seed it with typed values, and
// [Start] serves it on a free port for the length of a test:
//
//	gitlab := gitlabtest.Start(t)
//	lead := gitlab.AddUser(gitlabtest.User{Username: "mara", Name: "Mara Lind"})
//	shop := gitlab.AddProject(gitlabtest.Project{Path: "shop", Group: group})
//	gitlab.AddMember(shop, lead, gitlabtest.Maintainer)
//
// It answers as a real GitLab does, to the byte where a client can see it: in the same order of
// evaluation (body, authentication and scope, parameters, project, ability, record, service
// rules), with the same differing error bodies, with roles, pagination headers, strict rotation of
// OAuth tokens and GraphQL errors beside data. What a certain instance does differently is a
// [Settings] field, and what goes wrong on the way is a [Fault].
//
// Ids count up from one and every generated secret follows from its id, so that a run can be
// repeated exactly. That makes the secrets guessable: never let anybody but yourself reach a
// Server, and never put real data into it.
package gitlabtest
