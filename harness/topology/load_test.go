package topology

import (
	"context"
	"errors"
	"maps"
	"sync/atomic"
	"testing"

	"restorebench/harness/changelog"
	"restorebench/harness/workload"
	"restorebench/stores"
	"restorebench/stores/memory"
)

// ledger is a changelog that acknowledges when it is waited for.
type ledger struct {
	sent, acknowledged stores.Offset
	sizes              []int // of batches on their way, oldest first
	failAt             stores.Offset
	shift              stores.Offset // offsets that others took before
}

var errLost = errors.New("not acknowledged")

func (l *ledger) Send(b *stores.Batch) (changelog.Ticket, error) {
	l.sizes = append(l.sizes, b.Len())
	l.sent += stores.Offset(b.Len())
	return changelog.Ticket{}, nil
}

func (l *ledger) Wait(context.Context, changelog.Ticket) (stores.Offset, error) {
	l.acknowledged += stores.Offset(l.sizes[0])
	l.sizes = l.sizes[1:]
	if l.failAt > 0 && l.acknowledged >= l.failAt {
		return 0, errLost
	}
	return l.acknowledged + l.shift, nil
}

// watched checks the store's side of the contract at every call.
type watched struct {
	*memory.Store
	t       *testing.T
	ledger  *ledger
	flushed stores.Offset
	held    int
}

func (w *watched) Apply(b *stores.Batch) error {
	if b.Next != w.ledger.acknowledged+w.ledger.shift {
		w.t.Errorf("applied up to %d, acknowledged up to %d", b.Next, w.ledger.acknowledged+w.ledger.shift)
	}
	return w.Store.Apply(b)
}

func (w *watched) Flush() error {
	w.flushed, _ = w.Offset()
	return nil
}

func (w *watched) HoldFlush(bytes int) error {
	w.held = bytes
	return nil
}

func TestLoad(t *testing.T) {
	spec := workload.New(1, 0, 1, 100_000, 16, 100, 1, 0.01, 0.1)
	for _, tail := range []bool{false, true} {
		l := &ledger{shift: 7}
		s := &watched{Store: memory.New(), t: t, ledger: l}
		var loaded atomic.Int64
		next, err := Load(context.Background(), &LoadTask{Tail: tail}, spec, l, s, s.HoldFlush, &loaded)
		if err != nil {
			t.Fatal(err)
		}
		want := spec.Load()
		if tail {
			want = spec.Total()
		}
		if next != stores.Offset(want)+7 || loaded.Load() != want {
			t.Errorf("tail %v: next %d, loaded %d, want %d records", tail, next, loaded.Load(), want)
		}
		if s.flushed != stores.Offset(spec.Load())+7 {
			t.Errorf("tail %v: durable up to %d, want the end of the load, %d", tail, s.flushed, spec.Load()+7)
		}
		if (s.held > int(spec.Tail)*116) != tail {
			t.Errorf("tail %v: flushes held for %d bytes", tail, s.held)
		}
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	}
}

// With a record cache the changelog gets fewer records, and the store ends up the same.
func TestLoadThroughCache(t *testing.T) {
	spec := workload.New(1, 0, 1, 1000, 16, 100, 5, 0.01, 0.1)
	for _, c := range []struct{ cacheBytes, least, most int64 }{
		{1 << 30, 1010, 1010},    // a flush at the end of the load: the last write of every key
		{1, 5060, 5060},          // no room: every record
		{50_000, 1010 + 1, 5059}, // evictions on the way
	} {
		l := &ledger{}
		s := &watched{Store: memory.New(), t: t, ledger: l}
		var loaded atomic.Int64
		next, err := Load(context.Background(), &LoadTask{CacheBytes: c.cacheBytes}, spec, l, s, s.HoldFlush, &loaded)
		if err != nil {
			t.Fatal(err)
		}
		if n := loaded.Load(); n < c.least || n > c.most || next != stores.Offset(n) || s.flushed != next {
			t.Errorf("cache of %d B: %d records to the changelog, next %d, durable up to %d; want %d to %d records",
				c.cacheBytes, n, next, s.flushed, c.least, c.most)
		}
		want := map[string]string{}
		spec.Model(spec.Load()).Each(func(e workload.Entry) { want[string(e.Key)] = string(e.Value) })
		if got := contents(s); !maps.Equal(got, want) {
			t.Errorf("cache of %d B: %d entries, or others than the %d wanted", c.cacheBytes, len(got), len(want))
		}
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	}
}

func contents(s *watched) map[string]string {
	it := s.Range(nil, nil)
	defer it.Close()
	got := map[string]string{}
	for it.Next() {
		got[string(it.Key())] = string(it.Value())
	}
	return got
}

func TestLoadKeepsWhatIsNotAcknowledgedOutOfTheStore(t *testing.T) {
	l := &ledger{failAt: 50_000}
	s := &watched{Store: memory.New(), t: t, ledger: l}
	defer s.Close()
	var loaded atomic.Int64
	_, err := Load(context.Background(), &LoadTask{}, workload.New(1, 0, 1, 100_000, 16, 100, 1, 0, 0), l, s, s.HoldFlush, &loaded)
	if !errors.Is(err, errLost) {
		t.Fatal(err)
	}
	if at, _ := s.Offset(); at >= 50_000 || int64(at) != loaded.Load() || s.flushed != 0 {
		t.Errorf("store at %d, %d records counted, durable up to %d", at, loaded.Load(), s.flushed)
	}
}
