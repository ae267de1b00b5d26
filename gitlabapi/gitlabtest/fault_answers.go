package gitlabtest

import (
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// Reply answers with a body of any kind.
func Reply(status int, contentType, body string) Fault {
	a := textAnswer(status, body).with("Content-Type", contentType)
	return Fault{left: forever, answer: func(*exchange) Answer { return a }}
}

// reply answers with what GitLab itself would refuse with.
func reply(a Answer) Fault {
	return Fault{left: forever, answer: func(*exchange) Answer { return a }}
}

// replyError is reply for the errors that handlers return.
func replyError(err error) Fault {
	refused, ok := err.(refusal) //nolint:errorlint // made by this package a line ago
	if !ok {
		panic("gitlabtest: not an answer: " + err.Error())
	}
	return reply(refused.Answer)
}

// Status answers as GitLab's helpers do: {"message":"503 Service Unavailable"}.
func Status(status int) Fault { return replyError(refuseStatus(status)) }

// Message answers as GitLab's helpers do with a text of their own: {"message":"…"}.
func Message(status int, message string) Fault { return replyError(refuse(status, message)) }

// ParameterError answers as the parameter validation does: {"error":"name is missing"}.
func ParameterError(text string) Fault { return replyError(refuseParameters(text)) }

// TokenExpired answers with the 401 that a refresh can heal.
func TokenExpired() Fault { return replyError(errTokenExpired()) }

// TokenRevoked answers with the 401 that only a new sign-in can heal.
func TokenRevoked() Fault { return replyError(errTokenRevoked()) }

// InsufficientScope answers with the 403 of a token whose scope is too small.
func InsufficientScope() Fault { return replyError(errScope(anyScope)) }

// FieldErrors answers as GitLab's record validation does on other routes than the agents':
// {"message":{"name":["has already been taken"]}}.
func FieldErrors(field string, sentences ...string) Fault {
	return reply(jsonAnswer(http.StatusBadRequest, messageBody{map[string][]string{field: sentences}}))
}

// AppRateLimited answers as GitLab's application limits do: 429 in JSON, without any header.
func AppRateLimited() Fault {
	return reply(jsonAnswer(http.StatusTooManyRequests, messageBody{map[string]string{
		"error": "This endpoint has been requested too many times. Try again later.",
	}}))
}

// Throttled answers as the throttle in front of GitLab does: 429 in plain text with the headers
// that say when to come back.
func Throttled(retryAfter time.Duration) Fault {
	return Fault{left: forever, answer: func(x *exchange) Answer {
		reset := x.server.now().Add(retryAfter)
		return throttledAnswer().
			with("Retry-After", strconv.Itoa(int(retryAfter/time.Second))).
			with("RateLimit-Name", "throttle_authenticated_api").
			with("RateLimit-Limit", "120").
			with("RateLimit-Observed", "121").
			with("RateLimit-Remaining", "0").
			with("RateLimit-Reset", strconv.FormatInt(reset.Unix(), 10)).
			with("RateLimit-ResetTime", reset.UTC().Format(http.TimeFormat))
	}}
}

// ThrottledBare is Throttled without any header.
func ThrottledBare() Fault { return reply(throttledAnswer()) }

// ThrottledWith is ThrottledBare with a Retry-After of any content, a date or nonsense for instance.
func ThrottledWith(retryAfter string) Fault {
	return reply(throttledAnswer().with("Retry-After", retryAfter))
}

func throttledAnswer() Answer { return textAnswer(http.StatusTooManyRequests, "Retry later") }

// GraphQLError answers as GraphQL does: {"errors":[{"message":"…"}]}.
func GraphQLError(status int, messages ...string) Fault {
	return reply(graphqlErrors(status, messages...))
}

// OAuthError answers as the OAuth endpoints do, for instance 400 with invalid_grant.
func OAuthError(status int, code, description string) Fault {
	return replyError(refuseOAuth(status, code, description))
}

// OAuthUnavailable answers as the OAuth endpoints do during maintenance: 503 that says when to come
// back.
func OAuthUnavailable(retryAfter time.Duration) Fault {
	a := jsonAnswer(http.StatusServiceUnavailable, errorBody{
		Error: "temporarily_unavailable", Description: "The authorization server is currently under maintenance.",
	})
	return reply(a.with("Retry-After", strconv.Itoa(int(retryAfter/time.Second))))
}

// InvalidGrant answers as the token endpoint does for a dead refresh token or code.
func InvalidGrant() Fault { return replyError(errInvalidGrant()) }

// BadGateway answers as a proxy whose GitLab is away: 502 in HTML.
func BadGateway() Fault {
	return Reply(http.StatusBadGateway, "text/html", "<html>\r\n<head><title>502 Bad Gateway</title></head>\r\n"+
		"<body>\r\n<center><h1>502 Bad Gateway</h1></center>\r\n<hr><center>nginx</center>\r\n</body>\r\n</html>\r\n")
}

// EmptyUnavailable answers 503 without a body or a content type.
func EmptyUnavailable() Fault { return reply(emptyAnswer(http.StatusServiceUnavailable)) }

// SignInPage answers 200 with a page in HTML, as a proxy that wants a sign-in of its own does.
func SignInPage() Fault {
	return Reply(http.StatusOK, "text/html; charset=utf-8",
		"<!DOCTYPE html><html><head><title>Sign in</title></head><body><form>Sign in</form></body></html>")
}

// RedirectTo answers 302 to another address.
func RedirectTo(address string) Fault {
	a := emptyAnswer(http.StatusFound)
	a.Header.Set("Location", address)
	return reply(a)
}

// RedirectBack answers 307 to the request's own address. Whoever follows it sends a change again,
// which a 302 does not lead to: clients follow that one with a GET.
func RedirectBack() Fault {
	return Fault{left: forever, answer: func(x *exchange) Answer {
		return emptyAnswer(http.StatusTemporaryRedirect).with("Location", x.req.URL.RequestURI())
	}}
}

// Echo answers with an error whose text repeats the request's credentials and body, as a badly
// configured proxy might.
func Echo(status int) Fault {
	return Fault{left: forever, answer: func(x *exchange) Answer {
		return jsonAnswer(status, messageBody{fmt.Sprintf("%d %s", status, echoed(x.req, x.body))})
	}}
}

func echoed(r *http.Request, body []byte) string {
	return strings.TrimSpace(fmt.Sprintf("%s %s Authorization: %s Private-Token: %s %s",
		r.Method, r.URL, r.Header.Get("Authorization"), r.Header.Get("PRIVATE-TOKEN"), body))
}

// echo adds the credentials to an error text where the settings ask for it.
func (c *call) echo(a Answer) Answer {
	if c.settings.EchoSecrets {
		return jsonAnswer(a.Status, messageBody{fmt.Sprintf("%s %s", a.Body, echoed(c.req, c.body))})
	}
	return a
}

// Edit changes the real answer before it is sent.
func Edit(change func(*Answer)) Fault {
	return Fault{left: forever, edit: func(_ *exchange, a *Answer) { change(a) }}
}

// BadLink makes the Link header of a list lead to another host, as on an instance with a wrong
// external URL or a hostile one.
func BadLink(address string) Fault {
	return Edit(func(a *Answer) { a.Header.Set("Link", "<"+address+`>; rel="next"`) })
}

// StrippedPages takes from a list all headers that tell of other pages, as a proxy does that lets
// through only what it knows.
func StrippedPages() Fault {
	return Edit(func(a *Answer) {
		for _, name := range []string{"Link", "X-Page", "X-Per-Page", "X-Next-Page", "X-Prev-Page", "X-Total", "X-Total-Pages"} {
			a.Header.Del(name)
		}
	})
}

// StuckPage makes every page of a list name the same next page.
func StuckPage(page int) Fault {
	return Edit(func(a *Answer) { a.Header.Set("X-Next-Page", strconv.Itoa(page)) })
}

// Truncated cuts the body in half, so that it is no JSON.
func Truncated() Fault {
	return Edit(func(a *Answer) { a.Body = a.Body[:len(a.Body)/2] })
}
