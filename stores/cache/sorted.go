package cache

import (
	"bytes"
	"math/bits"
	"math/rand/v2"
)

// sorted is the entries in the byte order of their keys, as a skip list: each is in
// the list of level 0, half of them in that of level 1 too, and so on.
type sorted struct {
	first []*entry // by level
}

const maxLevels = 32

// before returns, by level, the links that lead to the first entry at key or behind
// it: of the entry before, or of the list's beginning.
func (s *sorted) before(key []byte) (links [maxLevels]*[]*entry) {
	at := &s.first
	for level := len(s.first) - 1; level >= 0; level-- {
		for next := (*at)[level]; next != nil && bytes.Compare(next.key, key) < 0; next = (*at)[level] {
			at = &next.next
		}
		links[level] = at
	}
	return links
}

// insert adds an entry whose key is not there.
func (s *sorted) insert(e *entry) {
	levels := min(1+bits.TrailingZeros64(rand.Uint64()), maxLevels) //nolint:gosec // no secret
	for len(s.first) < levels {
		s.first = append(s.first, nil)
	}
	links := s.before(e.key)
	e.next = make([]*entry, levels)
	for level := range e.next {
		e.next[level], (*links[level])[level] = (*links[level])[level], e
	}
}

// remove takes the entry of a key out, if there is one.
func (s *sorted) remove(key []byte) {
	links := s.before(key)
	for level := range s.first {
		if e := (*links[level])[level]; e != nil && bytes.Equal(e.key, key) {
			(*links[level])[level] = e.next[level]
		}
	}
}

// between returns the entries with from <= key < to, in order; nil is unbounded.
func (s *sorted) between(from, to []byte) []*entry {
	if len(s.first) == 0 {
		return nil
	}
	var found []*entry
	for e := (*s.before(from)[0])[0]; e != nil && (to == nil || bytes.Compare(e.key, to) < 0); e = e.next[0] {
		found = append(found, e)
	}
	return found
}
