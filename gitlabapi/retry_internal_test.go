package gitlabapi

import (
	"net/http"
	"net/url"
	"testing"
	"time"
)

func TestH2RetryAfterIsReadInBothForms(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 11, 24, 3, 7, 0, 0, time.UTC)
	for text, want := range map[string]struct {
		wait time.Duration
		ok   bool
	}{
		"":                                {0, false},
		"0":                               {0, true},
		"5":                               {5 * time.Second, true},
		" 5 ":                             {5 * time.Second, true},
		"3601":                            {time.Hour, true},
		"4294967295":                      {time.Hour, true},
		"99999999999999999999":            {0, false},
		"-5":                              {0, false},
		"+5":                              {0, false},
		"1.5":                             {0, false},
		"soon":                            {0, false},
		"Tue, 24 Nov 2026 03:07:30 GMT":   {30 * time.Second, true},
		"Tuesday, 24-Nov-26 03:07:30 GMT": {30 * time.Second, true},
		"Tue Nov 24 03:07:30 2026":        {30 * time.Second, true},
		"Tue, 24 Nov 2026 03:06:00 GMT":   {0, true},
		"Tue, 24 Nov 2099 03:06:00 GMT":   {time.Hour, true},
		"2026-11-24T03:07:30Z":            {0, false},
	} {
		wait, ok := retryAfter(http.Header{"Retry-After": {text}}, now)
		if wait != want.wait || ok != want.ok {
			t.Errorf("Retry-After %q = %v, %v, want %v, %v", text, wait, ok, want.wait, want.ok)
		}
	}
}

func TestPauseIsGitLabsWishAndOurBackoff(t *testing.T) {
	t.Parallel()
	policy := retryPolicy{
		now:     func() time.Time { return time.Date(2026, 11, 24, 3, 7, 0, 0, time.UTC) },
		backoff: func(retry int) time.Duration { return time.Duration(retry+1) * time.Millisecond },
	}
	wish := &http.Response{Header: http.Header{"Retry-After": {"2"}}}
	for name, tc := range map[string]struct {
		retry int
		resp  *http.Response
		want  time.Duration
	}{
		"no answer":     {1, nil, 2 * time.Millisecond},
		"no wish":       {0, &http.Response{}, time.Millisecond},
		"a wish":        {0, wish, 2*time.Second + time.Millisecond},
		"another retry": {1, wish, 2*time.Second + 2*time.Millisecond},
	} {
		if got := policy.pause(0, 0, tc.retry, tc.resp); got != tc.want {
			t.Errorf("%s: pause = %v, want %v", name, got, tc.want)
		}
	}
}

func TestFullJitterSpreadsAndGrows(t *testing.T) {
	t.Parallel()
	for retry, ceiling := range []time.Duration{backoff0, 2 * backoff0, 4 * backoff0, 4 * backoff0} {
		low, high := time.Hour, time.Duration(0)
		for range 1000 {
			wait := fullJitter(retry)
			low, high = min(low, wait), max(high, wait)
		}
		if low < 0 || low > ceiling/4 || high >= ceiling || high < ceiling*3/4 {
			t.Errorf("retry %d: pauses from %v to %v, want them spread below %v", retry, low, high, ceiling)
		}
	}
}

func TestOriginsAreComparedWithTheirPorts(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		one, other string
		same       bool
	}{
		{"https://gitlab.test", "https://GitLab.test:443/path", true},
		{"http://gitlab.test:80", "http://gitlab.test", true},
		{"https://[::1]:443", "https://[::1]", true},
		{"https://gitlab.test", "http://gitlab.test", false},
		{"https://gitlab.test", "http://gitlab.test:443", false},
		{"https://gitlab.test", "https://gitlab.test:8443", false},
		{"https://gitlab.test", "https://gitlab.test.", false},
		{"https://gitlab.test", "https://sub.gitlab.test", false},
	} {
		one, err := url.Parse(tc.one)
		if err != nil {
			t.Fatal(err)
		}
		other, err := url.Parse(tc.other)
		if err != nil {
			t.Fatal(err)
		}
		if got := origin(one) == origin(other); got != tc.same {
			t.Errorf("%s and %s are the same origin: %v, want %v", tc.one, tc.other, got, tc.same)
		}
	}
}

func TestLimitsHaveDefaults(t *testing.T) {
	t.Parallel()
	got := Timeouts{Read: time.Second, Write: -1}.withDefaults()
	want := Timeouts{
		Dial: 5 * time.Second, TLS: 5 * time.Second, Header: 15 * time.Second, Read: time.Second, Write: 45 * time.Second,
	}
	if got != want {
		t.Errorf("timeouts = %+v, want %+v", got, want)
	}
	if opts := (Options{}).withDefaults(); opts.MaxInFlight != 64 || opts.Now == nil || opts.Log == nil || opts.Observe == nil {
		t.Errorf("options = %+v, want all filled", opts)
	}
}
