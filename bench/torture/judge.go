package torture

import (
	"bytes"
	"fmt"

	"restorebench/harness/subject"
)

// write is what the changelog or the input says about a key; a nil value deletes it.
type write struct{ key, value []byte }

// Damage is what is wrong with a state, in keys.
type Damage struct {
	Lost        int    `json:"lost,omitempty"`        // absent, or with a value that was overwritten
	Resurrected int    `json:"resurrected,omitempty"` // deleted and there
	Wrong       int    `json:"wrong,omitempty"`       // with bytes that nobody wrote, or twice
	First       string `json:"first,omitempty"`       // one of them in words
}

func (d *Damage) any() bool { return d.Lost+d.Resurrected+d.Wrong > 0 }

func (d *Damage) add(o Damage, where string) {
	if !d.any() && o.any() {
		d.First = where + ": " + o.First
	}
	d.Lost, d.Resurrected, d.Wrong = d.Lost+o.Lost, d.Resurrected+o.Resurrected, d.Wrong+o.Wrong
}

// ofKey is what is known of a key.
type ofKey struct {
	want  []byte   // after the sure writes; nil: absent
	old   [][]byte // overwritten by then
	later [][]byte // written behind them, nil for a delete
}

// compare judges a state that must reflect the first sure writes, and may reflect more of
// what follows them, key by key. With all of them sure it must be equal to them.
func compare(state []subject.Entry, writes []write, sure int) (d Damage) {
	known := map[string]*ofKey{}
	for i, w := range writes {
		k := known[string(w.key)]
		if k == nil {
			k = &ofKey{}
			known[string(w.key)] = k
		}
		if i < sure {
			k.old, k.want = append(k.old, k.want), w.value
		} else {
			k.later = append(k.later, w.value)
		}
	}
	seen := map[string]bool{}
	for _, e := range state {
		k, value := known[string(e.Key)], e.Value
		if value == nil {
			value = []byte{} // of a store, an empty one
		}
		switch {
		case seen[string(e.Key)]:
			d.Wrong++
			d.note("key %s is there twice", e.Key)
		case k == nil:
			d.Wrong++
			d.note("key %s was never written", e.Key)
		default:
			d.judge(e.Key, value, k)
		}
		seen[string(e.Key)] = true
	}
	for key, k := range known {
		if !seen[key] {
			d.judge([]byte(key), nil, k)
		}
	}
	return d
}

// judge judges one key, of which nil is what is absent.
func (d *Damage) judge(key, got []byte, k *ofKey) {
	if same(got, k.want) || has(k.later, got) {
		return
	}
	switch {
	case got == nil:
		d.Lost++
		d.note("key %s is absent, want %d bytes %.8x", key, len(k.want), k.want)
	case k.want == nil && has(k.old, got):
		d.Resurrected++
		d.note("key %s was deleted and has %d bytes %.8x", key, len(got), got)
	case has(k.old, got):
		d.Lost++
		d.note("key %s has %d bytes %.8x, which were overwritten, want %d bytes %.8x", key, len(got), got, len(k.want), k.want)
	default:
		d.Wrong++
		d.note("key %s has %d bytes %.8x, which nobody wrote, want %d bytes %.8x", key, len(got), got, len(k.want), k.want)
	}
}

func (d *Damage) note(format string, args ...any) {
	if d.First == "" {
		d.First = fmt.Sprintf(format, args...)
	}
}

// same tells an empty value from none.
func same(a, b []byte) bool { return (a == nil) == (b == nil) && bytes.Equal(a, b) }

func has(values [][]byte, v []byte) bool {
	for _, o := range values {
		if same(o, v) {
			return true
		}
	}
	return false
}
