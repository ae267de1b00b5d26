package gitlabapi

import "time"

// Timeouts bound the parts of a call. A zero field means its default.
type Timeouts struct {
	Dial   time.Duration // 5 s
	TLS    time.Duration // 5 s
	Header time.Duration // 15 s: one attempt of a read, until GitLab's header is there
	Read   time.Duration // 20 s: a whole read, with retries, redirects and pages
	Write  time.Duration // 45 s: a whole write, never repeated
}

func (t Timeouts) withDefaults() Timeouts {
	for _, field := range []struct {
		value    *time.Duration
		fallback time.Duration
	}{
		{&t.Dial, 5 * time.Second},
		{&t.TLS, 5 * time.Second},
		{&t.Header, 15 * time.Second},
		{&t.Read, 20 * time.Second},
		{&t.Write, 45 * time.Second},
	} {
		if *field.value <= 0 {
			*field.value = field.fallback
		}
	}
	return t
}
