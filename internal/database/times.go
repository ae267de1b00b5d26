package database

import "time"

// MicroOrZero is how a time that may be none is stored: microseconds since 1970, or 0.
func MicroOrZero(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixMicro()
}

// TimeOrZero is the time that MicroOrZero stored, in UTC.
func TimeOrZero(micro int64) time.Time {
	if micro == 0 {
		return time.Time{}
	}
	return time.UnixMicro(micro).UTC()
}
