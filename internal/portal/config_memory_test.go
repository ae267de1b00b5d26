package portal

import (
	"math"
	"runtime/debug"
	"testing"
)

func TestTheFleetsCacheIsAShareOfTheMemoryThereIs(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		limit int64
		want  byteSize
	}{
		"without a limit of memory":      {math.MaxInt64, 256 << 20},
		"a quarter of GOMEMLIMIT":        {2 << 30, 512 << 20},
		"a quarter of a small one":       {64 << 20, 16 << 20},
		"something even of next to none": {1000, 1_000_000},
	} {
		if got := defaultFleetCacheSize(tt.limit); got != tt.want {
			t.Errorf("%s: %d bytes, want %d", name, got, tt.want)
		}
	}
	if got, want := mustLoad(t, nil).FleetCacheSize, defaultFleetCacheSize(debug.SetMemoryLimit(-1)); got != want {
		t.Errorf("a setting that is not set is %d bytes, want %d", got, want)
	}
	for text, want := range map[string]byteSize{"64MB": 64_000_000, "64 MiB": 64 << 20, "1.5GB": 1_500_000_000, "2g": 2_000_000_000} {
		if got := mustLoad(t, map[string]string{"FLEET_CACHE_SIZE": text}).FleetCacheSize; got != want {
			t.Errorf("%s is %d bytes, want %d", text, got, want)
		}
	}
}
