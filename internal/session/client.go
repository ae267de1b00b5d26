package session

import (
	"net/http"
	"strings"
)

// Client is where a person uses a session, as far as that is kept: words, not the header that
// they come from.
type Client struct {
	// Address is the network address; empty for none.
	Address string
	// Browser and System are the usual names of both, such as "Firefox" and "Windows"; empty where
	// the browser does not say.
	Browser, System string
}

// mark is a part of the header User-Agent that tells what sent it.
type mark struct{ part, name string }

// browserMarks and systemMarks go from the special to the general: nearly every browser also claims
// to be several others. The parts are those of
// https://developer.mozilla.org/docs/Web/HTTP/Browser_detection_using_the_user_agent.
var browserMarks = []mark{ //nolint:gochecknoglobals // a constant
	{"Edg", "Edge"},
	{"OPR/", "Opera"},
	{"SamsungBrowser/", "Samsung Internet"},
	{"MicroMessenger/", "WeChat"},
	{"Firefox/", "Firefox"},
	{"FxiOS/", "Firefox"},
	{"CriOS/", "Chrome"},
	{"Chromium/", "Chromium"},
	{"Chrome/", "Chrome"},
	{"Safari/", "Safari"},
	{"curl/", "curl"},
}

var systemMarks = []mark{ //nolint:gochecknoglobals // a constant
	{"iPhone", "iPhone"},
	{"iPad", "iPad"},
	{"OpenHarmony", "HarmonyOS"},
	{"Android", "Android"},
	{"Windows", "Windows"},
	{"Macintosh", "macOS"},
	{"CrOS", "ChromeOS"},
	{"Linux", "Linux"},
	{"X11", "Unix"},
}

// clientOf reads where a request comes from. Its address is the caller's business, which knows the
// proxies in between.
func clientOf(r *http.Request, address string) Client {
	agent := r.UserAgent()
	return Client{Address: address, Browser: nameOf(agent, browserMarks), System: nameOf(agent, systemMarks)}
}

func nameOf(agent string, marks []mark) string {
	for _, m := range marks {
		if strings.Contains(agent, m.part) {
			return m.name
		}
	}
	return ""
}
