package gitlabapi

import (
	"crypto/x509"
	"log/slog"
	"net/http"
	"net/url"
	"time"
)

// Options are the settings of a Client. The zero value works.
type Options struct {
	// InternalURL is where the client's own calls go, if that is another address
	// of the instance than the one that browsers reach it by; "": the same. The
	// token is sent there and nowhere else.
	InternalURL string
	// Proxy tells the proxy for an address, nil for none; nil: what the process's
	// environment says.
	Proxy   func(*url.URL) (*url.URL, error)
	RootCAs *x509.CertPool // nil: the system's
	Log     *slog.Logger   // nil: discard. One debug line per attempt
	// Observe is told of every attempt, retries and redirects included; status 0
	// means that there was no answer. It is called concurrently. nil: nobody.
	Observe func(op string, status int, took time.Duration)
	// ObserveClock is told whenever what is known of GitLab's clock changes. It must not call the
	// client. nil: nobody.
	ObserveClock func(ClockSkew)
	// ObserveBreaker is told when one of the breakers opens or closes, ObserveRetry of every read that
	// would be repeated and whether the budget of retries lets it, and ObserveHeld of every attempt that
	// was not sent, and why. They are called concurrently. nil: nobody.
	ObserveBreaker func(name string, isOpen bool)
	ObserveRetry   func(isRepeated bool)
	ObserveHeld    func(reason string)
	Now            func() time.Time // nil: time.Now
	Timeouts       Timeouts
	// Admit decides when an attempt may be sent, over all copies of the client; nil:
	// at once, up to MaxInFlight of them.
	Admit Admission
	// MaxInFlight is how many attempts are under way at once, at most; 0: 64. With
	// Admit it bounds the idle connections alone.
	MaxInFlight int
	// Backoff gives the pause before a read is repeated, retry counting from 0;
	// nil: full jitter over 0.2 s, doubled each time.
	Backoff func(retry int) time.Duration
}

func (o Options) withDefaults() Options {
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.Observe == nil {
		o.Observe = func(string, int, time.Duration) {}
	}
	if o.ObserveClock == nil {
		o.ObserveClock = func(ClockSkew) {}
	}
	if o.ObserveBreaker == nil {
		o.ObserveBreaker = func(string, bool) {}
	}
	if o.ObserveRetry == nil {
		o.ObserveRetry = func(bool) {}
	}
	if o.ObserveHeld == nil {
		o.ObserveHeld = func(string) {}
	}
	if o.Now == nil {
		o.Now = time.Now //nolint:forbidigo // the default of an injected clock
	}
	if o.Backoff == nil {
		o.Backoff = fullJitter
	}
	if o.Proxy == nil {
		o.Proxy = environmentProxy
	}
	if o.MaxInFlight < 1 {
		o.MaxInFlight = 64
	}
	if o.Admit == nil {
		o.Admit = atMost(o.MaxInFlight)
	}
	o.Timeouts = o.Timeouts.withDefaults()
	return o
}

func environmentProxy(target *url.URL) (*url.URL, error) {
	return http.ProxyFromEnvironment(&http.Request{URL: target})
}
