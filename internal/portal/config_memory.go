package portal

import (
	"errors"
	"math"

	"github.com/dustin/go-humanize"

	"gitlab-agent-portal/internal/fleet/scan"
)

// byteSize is a number of bytes.
type byteSize int64

// leastByteSize tells a number without its unit from a size.
const leastByteSize = 1_000_000

// parseByteSize reads a size with its unit, as 256MB or 256MiB.
func parseByteSize(text string) (byteSize, error) {
	size, err := humanize.ParseBytes(text)
	if err != nil || size < leastByteSize || size > math.MaxInt64 {
		return 0, errors.ErrUnsupported
	}
	return byteSize(size), nil
}

// fleetCacheShare is the part of a limit of memory that fleets may fill.
const fleetCacheShare = 4

// defaultFleetCacheSize is how many bytes of fleets are kept under a limit of the process's memory,
// which is that of GOMEMLIMIT, or math.MaxInt64 for none.
func defaultFleetCacheSize(limit int64) byteSize {
	if limit == math.MaxInt64 {
		return scan.DefaultCapacity
	}
	return byteSize(max(limit/fleetCacheShare, leastByteSize))
}
