package fleet

import (
	"reflect"
	"time"

	"github.com/hashicorp/golang-lru/v2/simplelru"
)

// maxEntries bounds the cache beside its size: an empty fleet is small, not free.
const maxEntries = 4096

// cache keeps the latest snapshots, as many as fit into its capacity. It is
// guarded by Service.mu.
type cache struct {
	entries        *simplelru.LRU[key, *entry]
	size, capacity int64
}

// entry is what is kept for one key. It lives as long as what it holds comes from
// the same scan, with what was read anew of it since.
type entry struct {
	snapshot *Snapshot
	// tokens of agents that were read one by one, by agent. Not in the snapshot, so
	// that its counts do not change with what somebody happened to look at.
	tokens   map[int64][]Token
	outdated bool // Refresh was called
	size     int64
}

func newCache(capacity int64) *cache {
	c := &cache{capacity: capacity}
	// Its only error is a size that is not positive.
	c.entries, _ = simplelru.NewLRU(maxEntries, func(_ key, e *entry) { c.size -= e.size })
	return c
}

func (c *cache) get(k key) *entry {
	e, _ := c.entries.Get(k)
	return e
}

// put keeps e in place of what was kept for k.
func (c *cache) put(k key, e *entry) {
	c.entries.Remove(k)
	e.size = e.estimate()
	c.size += e.size
	c.entries.Add(k, e)
	for c.size > c.capacity {
		c.entries.RemoveOldest()
	}
}

// drop forgets the entries whose keys match.
func (c *cache) drop(match func(key) bool) {
	for _, k := range c.entries.Keys() {
		if match(k) {
			c.entries.Remove(k)
		}
	}
}

// expire forgets what was read before a time: nobody is to be shown it any more.
func (c *cache) expire(before time.Time) {
	c.drop(func(k key) bool {
		e, _ := c.entries.Peek(k)
		return e.snapshot.ReadAt.Before(before)
	})
}

// perObject is what an allocation, a string's rounding up or a place in a map
// costs beside the bytes themselves.
const perObject = 32

// estimate is how many bytes the entry keeps from being freed, rather too many
// than too few.
func (e *entry) estimate() int64 {
	size := int64(1024) // of the entry, the slices' own headers and the cache's bookkeeping
	for _, p := range e.snapshot.Projects {
		size += sizeOf[Project]() + sizeOf[*Project]() + int64(len(p.Name)+len(p.Path)) + 3*perObject
	}
	for _, a := range e.snapshot.Agents {
		size += sizeOf[Agent]() + int64(len(a.Name)) + 2*perObject + tokensSize(a.Tokens)
	}
	for _, tokens := range e.tokens {
		size += 3*perObject + tokensSize(tokens)
	}
	return size + int64(len(e.snapshot.Warnings))*sizeOf[Warning]()
}

func tokensSize(tokens []Token) int64 {
	var size int64
	for _, t := range tokens {
		size += sizeOf[Token]() + int64(len(t.Name)+len(t.CreatorUsername)) + 2*perObject
	}
	return size
}

func sizeOf[T any]() int64 { return int64(reflect.TypeFor[T]().Size()) }
