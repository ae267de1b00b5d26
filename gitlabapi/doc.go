// Package gitlabapi is the portal's client for GitLab and JiHu GitLab: agents for
// Kubernetes and their tokens, and the little else that a portal needs. It talks
// to one instance, on behalf of the person whose token a Client carries.
//
// # Life of a call
//
// Every method describes its call as a request and gives it to do, the only way
// to the API. Reads go through a client that repeats them at most twice, writes
// through one that never does; both share a transport, which caps the calls in
// flight, reads at most 1 MiB of an answer and tells the observer of every
// attempt. The token requests of OAuth are made by golang.org/x/oauth2 over the
// same transport. Nothing else touches net/http.
//
// # What is repeated
//
// GET requests and GraphQL queries, after a 429, a 5xx or a broken connection,
// with full jitter and with Retry-After where GitLab asks for no more than three
// seconds, and within a budget for all calls together. Never POST and DELETE: a second "create token" would make a second
// token whose secret nobody sees. When a write fails, OutcomeUnknown tells
// whether it may have happened.
//
// # What is not sent
//
// A call that is of no use: while GitLab does not answer (ErrPaused), and while it
// wants this person or everybody to come back later. Insist sends it all the same.
//
// # What an error means
//
// Every failure is an *Error, or a *PartialError of Usage; errors.Is tells what
// it means. Statuses decide and not texts, which GitLab writes in the person's
// language. The one exception is the 401 of an expired token, whose text is fixed
// English, and which alone is worth a refresh. A 404 means "absent or not yours
// to see", a 403 "your role is too low".
//
// # What stays secret
//
// Secret cannot print itself. The token travels in the Authorization header, to
// the configured origin and path only: redirects elsewhere are not followed.
// Errors hold no URL, no header but the request id and Retry-After, and no piece
// of what was sent as a secret, even if the server echoes it.
//
// A proxy named by HTTPS_PROXY, HTTP_PROXY and NO_PROXY is used, as net/http does.
package gitlabapi
