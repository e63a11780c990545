package workload

import "encoding/binary"

// The times of windows and sessions, ms. What has to be known of a store's options is
// exported.
const (
	WindowSize = 5 * minute                // every window begins where the one before ends
	Retention  = liveWindows * WindowSize  // 2 h, so that segments are of 1 h
	firstStart = 5_666_666 * WindowSize    // 10 minutes into an hour: segments hold what has expired and what has not
	lastWindow = deadWindows + liveWindows // behind the load; only the tail writes to it

	liveWindows = 24 // that can be read after the load
	deadWindows = 12 // before them
	minute      = 60_000
)

// grid spreads the entities of the load over windows: a third of them over those that
// have expired at the end of the load, the others over those that have not. The last of
// the latter are the ones to be deleted.
type grid struct{ *Spec }

func (g grid) live() int64     { return g.Keys + g.Deleted }
func (g grid) dead() int64     { return g.live() / 2 }
func (g grid) entities() int64 { return g.dead() + g.live() }

// late is how many records of the load come when their window has expired.
func (g grid) late() int64 { return (g.dead() + 99) / 100 }

// place says in which window an entity is, and of which key.
func (g grid) place(entity int64) (window, id int64) {
	perWindow := (g.live() + liveWindows - 1) / liveWindows
	switch n := entity - g.dead(); {
	case n < 0:
		window = entity * deadWindows / g.dead()
	case n < g.live(): // the last window has an entity, however few there are
		window = lastWindow - 1 - (g.live()-1-n)*liveWindows/g.live()
	default:
		return lastWindow, n
	}
	return window, entity % perWindow // a window has no more entities than that, with numbers in a row
}

// after says what the load does behind its puts, of which the first has index 0 here:
// deletions, and records that come too late. It is false for the tail.
func (g grid) after(i int64) (entity int64, tombstone, ok bool) {
	switch {
	case i < g.Deleted:
		return g.dead() + g.Keys + i, true, true
	case i < g.Deleted+g.late():
		return i - g.Deleted, false, true
	}
	return 0, false, false
}

// tailOp is a record of the tail; new entities are in the window behind the load's, so
// that more expires, and late ones in an expired one. Deletions are of what does not expire.
func (g grid) tailOp(j int64) (entity int64, tombstone bool) {
	kind, at := g.tail(j, g.Keys)
	switch {
	case kind == tailNew:
		return g.entities() + at, false
	case kind == tailLate && g.dead() > 0:
		return at % g.dead(), false
	case kind == tailDelete:
		return g.dead() + g.Keys - 1 - at, true
	}
	return g.dead() + at, false
}

// block is how many windows are updated in turn, before the next ones begin.
const block = 1024

// windows writes every window UpdatesPerKey times, in blocks; then come deletions and
// records for windows that have expired.
type windows struct{ *Spec }

func (w windows) grid() grid      { return grid(w) }
func (w windows) entities() int64 { return w.grid().entities() }
func (w windows) puts() int64     { return w.entities() * int64(w.UpdatesPerKey) }
func (w windows) load() int64     { return w.puts() + w.Deleted + w.grid().late() }

func (w windows) op(i int64) (o op) {
	if puts := w.puts(); i < puts {
		first := i / (block * int64(w.UpdatesPerKey)) * block
		o.entity = first + (i-first*int64(w.UpdatesPerKey))%min(block, w.entities()-first)
	} else if entity, tombstone, ok := w.grid().after(i - puts); ok {
		o.entity, o.tombstone = entity, tombstone
	} else {
		o.entity, o.tombstone = w.grid().tailOp(i - w.load())
	}
	o.timestamp = w.time(o) + i%WindowSize
	return o
}

func (w windows) appendKey(dst []byte, o op) []byte {
	window, id := w.grid().place(o.entity)
	dst = w.appendID(dst, id)
	dst = binary.BigEndian.AppendUint64(dst, uint64(firstStart+window*WindowSize))
	return binary.BigEndian.AppendUint32(dst, 0) // the sequence number, of windows that keep duplicates
}

// time is the start of a window.
func (w windows) time(o op) int64 {
	window, _ := w.grid().place(o.entity)
	return firstStart + window*WindowSize
}
