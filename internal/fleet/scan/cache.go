package scan

import (
	"reflect"
	"time"

	"github.com/hashicorp/golang-lru/v2/simplelru"

	"gitlab-agent-portal/internal/agent"
	"gitlab-agent-portal/internal/fleet"
)

// maxKept bounds the cache beside its size: an empty fleet is small, not free.
const maxKept = 4096

// cache keeps the latest snapshots, as many as fit into its capacity. It is
// guarded by Service.mu.
type cache struct {
	byKey          *simplelru.LRU[key, *keptFleet]
	size, capacity int64
}

// keptFleet is what is kept for one key. It lives as long as what it holds comes from
// the same scan, with what was read anew of it since.
type keptFleet struct {
	snapshot *fleet.Snapshot
	// tokens of agents that were read one by one, by agent. Not in the snapshot, so
	// that its counts do not change with what somebody happened to look at.
	tokens   map[int64][]agent.Token
	outdated bool // Refresh was called
	dropped  bool // Drop was called: nobody is to be shown it any more
	size     int64
}

func newCache(capacity int64) *cache {
	c := &cache{capacity: capacity}
	// Its only error is a size that is not positive.
	c.byKey, _ = simplelru.NewLRU(maxKept, func(_ key, kept *keptFleet) { c.size -= kept.size })
	return c
}

func (c *cache) get(k key) *keptFleet {
	kept, _ := c.byKey.Get(k)
	return kept
}

// put keeps a fleet in place of what was kept for k.
func (c *cache) put(k key, kept *keptFleet) {
	c.byKey.Remove(k)
	kept.size = kept.estimate()
	c.size += kept.size
	c.byKey.Add(k, kept)
	for c.size > c.capacity {
		c.byKey.RemoveOldest()
	}
}

// drop forgets what is kept under the keys that match.
func (c *cache) drop(match func(key) bool) {
	for _, k := range c.byKey.Keys() {
		if match(k) {
			c.byKey.Remove(k)
		}
	}
}

// expire forgets what was read before a time: nobody is to be shown it any more.
func (c *cache) expire(before time.Time) {
	c.drop(func(k key) bool {
		kept, _ := c.byKey.Peek(k)
		return kept.snapshot.ReadAt.Before(before)
	})
}

// perObject is what an allocation, a string's rounding up or a place in a map
// costs beside the bytes themselves.
const perObject = 32

// estimate is how many bytes the fleet keeps from being freed, rather too many
// than too few.
func (k *keptFleet) estimate() int64 {
	size := int64(1024) // of itself, the slices' own headers and the cache's bookkeeping
	for _, p := range k.snapshot.Projects {
		size += sizeOf[agent.Project]() + sizeOf[*agent.Project]() + perObject + textSize(p.Name, p.Path)
	}
	for i := range k.snapshot.Agents {
		a := &k.snapshot.Agents[i]
		size += sizeOf[fleet.Agent]() + perObject + textSize(a.Name, a.CreatedBy.Name, a.CreatedBy.Username) + tokensSize(a.Tokens)
	}
	for _, tokens := range k.tokens {
		size += 3*perObject + tokensSize(tokens)
	}
	return size + int64(len(k.snapshot.Warnings))*sizeOf[fleet.Warning]()
}

func tokensSize(tokens []agent.Token) int64 {
	var size int64
	for i := range tokens {
		t := &tokens[i]
		size += sizeOf[agent.Token]() + textSize(t.Name, t.Description, t.CreatedBy.Name, t.CreatedBy.Username)
	}
	return size
}

func textSize(texts ...string) int64 {
	var size int64
	for _, text := range texts {
		if text != "" {
			size += int64(len(text)) + perObject
		}
	}
	return size
}

func sizeOf[T any]() int64 { return int64(reflect.TypeFor[T]().Size()) }
