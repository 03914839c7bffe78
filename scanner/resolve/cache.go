package resolve

import "time"

// cache keeps answers for the run. It is bounded: two generations of half the size, the older one dropped as a whole
// when the younger is full; what is used moves to the younger. That is nearly LRU, without a list to keep. Not safe for
// concurrent use by itself.
type cache struct {
	half       int // entries of a generation; 0 keeps nothing
	young, old map[question]*entry
}

type entry struct {
	answer  Answer
	expires time.Time
}

func newCache(size int) *cache {
	return &cache{half: max(size, 0) / 2, young: make(map[question]*entry)}
}

// get is the answer to q, if it is still good.
func (c *cache) get(q question, now time.Time) (Answer, bool) {
	e, ok := c.young[q]
	if !ok {
		if e, ok = c.old[q]; !ok {
			return Answer{}, false
		}
		delete(c.old, q)
		c.add(q, e)
	}
	if now.After(e.expires) {
		delete(c.young, q)
		return Answer{}, false
	}
	return e.answer, true
}

// put keeps an answer until it expires or room is needed.
func (c *cache) put(q question, a Answer, expires time.Time) {
	if c.half > 0 {
		c.add(q, &entry{a, expires})
	}
}

func (c *cache) add(q question, e *entry) {
	if len(c.young) >= c.half {
		c.old, c.young = c.young, make(map[question]*entry)
	}
	c.young[q] = e
}
