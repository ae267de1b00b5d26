package scan

import (
	"math"
	"reflect"
	"time"
	"weak"

	"github.com/hashicorp/golang-lru/v2/simplelru"

	"gitlab-agent-portal/internal/agent"
	"gitlab-agent-portal/internal/fleet"
)

// inUse is how long after it was looked at a fleet makes room for no other. Somebody who types looks
// more often than that; and if everybody's fleet made room for the next one's, all would be read anew
// with every letter.
const inUse = 30 * time.Second

// cache keeps the latest snapshots, as many as fit into its capacity. What is in use stays: of more
// people than fit, those who came last are not kept until somebody else has looked away for a while.
// It is guarded by Service.mu.
type cache struct {
	now            func() time.Time
	byKey          *simplelru.LRU[key, *keptFleet]
	size, capacity int64
	evicted        int64 // to make room
	refused        int64 // because there was none
}

// keptFleet is what is kept for one key. It lives as long as what it holds comes from
// the same scan, with what was read anew of it since.
type keptFleet struct {
	packed string
	// projects are the numbers of its projects in sight, for whoever asks for no more.
	projects []int64
	// rotating is how many agents that the person may change have more than one token.
	rotating int
	// open is what was packed, as long as somebody holds it.
	open   weak.Pointer[fleet.Snapshot]
	readAt time.Time
	// tokens of agents that were read one by one, by agent. Not in the snapshot, so
	// that its counts do not change with what somebody happened to look at.
	tokens   map[int64][]agent.Token
	outdated bool // Refresh was called
	dropped  bool // Drop was called: nobody is to be shown it any more
	// touched are projects that the person has changed something in: until they are read again, nothing of
	// this is shown.
	touched []int64
	changes int64 // of the Viewer for whom it was read
	own     int64 // changes that were told by Touch, which are no news when they come with a Viewer
	usedAt  time.Time
	size    int64 // as the cache counts it
}

func newCache(capacity int64, now func() time.Time) *cache {
	c := &cache{capacity: capacity, now: now}
	// Its only error is a size that is not positive. The capacity is what bounds it.
	c.byKey, _ = simplelru.NewLRU(math.MaxInt, func(_ key, kept *keptFleet) { c.size -= kept.size })
	return c
}

// get returns what is kept for k, nil for nothing, and notes that it is in use.
func (c *cache) get(k key) *keptFleet {
	kept, ok := c.byKey.Get(k)
	if ok {
		kept.usedAt = c.now()
	}
	return kept
}

// put keeps a fleet in place of what was kept for k, unless there is no room for it, which it reports:
// then what was there stays.
func (c *cache) put(k key, kept *keptFleet) bool {
	size, before := kept.bytes(), int64(0)
	if old := c.get(k); old != nil { // which makes room for no other from now on
		before = old.size
	}
	if !c.makeRoom(size - before) {
		c.refused++
		return false
	}
	c.byKey.Remove(k)
	kept.size, kept.usedAt = size, c.now()
	c.size += size
	c.byKey.Add(k, kept)
	return true
}

// makeRoom lets go of what nobody has used for longest until there is room for so many bytes more.
func (c *cache) makeRoom(more int64) bool {
	for c.size+more > c.capacity {
		_, oldest, ok := c.byKey.GetOldest()
		if !ok || c.now().Sub(oldest.usedAt) < inUse {
			return false
		}
		c.byKey.RemoveOldest()
		c.evicted++
	}
	return true
}

// each calls do for everything that is kept.
func (c *cache) each(do func(key, *keptFleet)) {
	for _, k := range c.byKey.Keys() {
		kept, _ := c.byKey.Peek(k)
		do(k, kept)
	}
}

// drop forgets what is kept under the keys that match.
func (c *cache) drop(match func(key, *keptFleet) bool) {
	c.each(func(k key, kept *keptFleet) {
		if match(k, kept) {
			c.byKey.Remove(k)
		}
	})
}

// expire forgets what was read before a time: nobody is to be shown it any more.
func (c *cache) expire(before time.Time) {
	c.drop(func(_ key, kept *keptFleet) bool { return kept.readAt.Before(before) })
}

// newKept packs a snapshot of the scope.
func newKept(s *fleet.Snapshot, scope agent.Scope) *keptFleet {
	kept := &keptFleet{tokens: map[int64][]agent.Token{}}
	kept.set(s, scope)
	return kept
}

func (k *keptFleet) set(s *fleet.Snapshot, scope agent.Scope) {
	k.packed, k.open, k.readAt = pack(s), weak.Make(s), s.ReadAt
	k.rotating = 0
	for i := range s.Agents {
		if a := &s.Agents[i]; a.TokenCount > 1 && a.Project.Access.CanManage() {
			k.rotating++
		}
	}
	inSight := s.InSight(scope)
	k.projects = make([]int64, len(inSight))
	for i, project := range inSight {
		k.projects[i] = project.ID
	}
}

// snapshot returns what is kept, which those share who look at it at the same time.
func (k *keptFleet) snapshot() *fleet.Snapshot {
	if s := k.open.Value(); s != nil {
		return s
	}
	s := unpack(k.packed)
	k.open = weak.Make(s)
	return s
}

const (
	// perFleet is what is kept beside the packed fleet: of itself, the keys and the bookkeeping.
	perFleet = 640
	// perObject is what an allocation, a text's rounding up or a place in a map costs beside the
	// bytes themselves.
	perObject = 32
)

// bytes is what the fleet keeps from being freed.
func (k *keptFleet) bytes() int64 {
	size := perFleet + int64(len(k.packed)) + perObject + int64(len(k.projects))*int64(reflect.TypeFor[int64]().Size())
	for _, tokens := range k.tokens {
		size += 3 * perObject
		for i := range tokens {
			t := &tokens[i]
			size += int64(reflect.TypeFor[agent.Token]().Size()) + textSize(t.Name, t.Description, t.CreatedBy.Name, t.CreatedBy.Username)
		}
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
