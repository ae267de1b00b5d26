package gitlabtest

import (
	"net/http"
	"net/http/httptest"
	"testing"
	"time"
)

func TestRecorderForgetsTheOldest(t *testing.T) {
	t.Parallel()
	var rec recorder
	r := httptest.NewRequest(http.MethodGet, "/sandbox", nil)
	for range maxRecorded + 1 {
		rec.begin(r, OpSandbox, "", time.Time{})
	}
	if n, first := len(rec.requests), rec.requests[0].ID; n != maxRecorded/2+1 || first != "req-050001" {
		t.Errorf("%d requests from %s on, want %d from req-050001 on", n, first, maxRecorded/2+1)
	}
}
