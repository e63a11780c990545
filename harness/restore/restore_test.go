package restore

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"restorebench/harness/changelog"
	"restorebench/stores"
	"restorebench/stores/memory"
)

func TestPlan(t *testing.T) {
	for _, c := range []struct {
		name       string
		saved      stores.Offset
		ok         bool
		begin, end stores.Offset
		want       Range
		stale      bool
	}{
		{name: "no files", begin: 0, end: 10, want: Range{0, 10}},
		{name: "no files, log starts late", begin: 4, end: 10, want: Range{4, 10}},
		{name: "tail", saved: 7, ok: true, end: 10, want: Range{7, 10}},
		{name: "current", saved: 10, ok: true, end: 10, want: Range{10, 10}},
		{name: "empty topic", end: 0, want: Range{0, 0}},
		{name: "saved right at the start", saved: 4, ok: true, begin: 4, end: 10, want: Range{4, 10}},
		{name: "topic is shorter than the files", saved: 11, ok: true, end: 10, stale: true},
		{name: "records were deleted", saved: 3, ok: true, begin: 4, end: 10, stale: true},
	} {
		got, err := Plan(c.saved, c.ok, c.begin, c.end)
		if errors.Is(err, ErrStale) != c.stale || got != c.want {
			t.Errorf("%s: %v %v", c.name, got, err)
		}
	}
}

// log is a changelog partition in memory. step is how it is delivered.
type log struct {
	records []string // "k=v", "k" for a tombstone, "" for an offset without a record
	step    int
	at      int
	fail    error // instead of the record at failAt
	failAt  int
	idle    int // reads that deliver nothing before each one that does
	left    int
}

func (l *log) Stats() changelog.ReadStats { return changelog.ReadStats{Wait: 1, Decode: 2} }

func (l *log) Read(ctx context.Context, b *stores.Batch, stop stores.Offset, _ time.Duration) error {
	b.Reset()
	b.Next = stores.Offset(l.at)
	if err := ctx.Err(); err != nil {
		return err
	}
	if l.left > 0 {
		l.left--
		return nil
	}
	l.left = l.idle
	for n := 0; n < l.step && l.at < int(stop); n++ {
		if l.fail != nil && l.at == l.failAt {
			return l.fail
		}
		if r := l.records[l.at]; r != "" {
			k, v := []byte(r[:1]), []byte(nil)
			if len(r) > 1 {
				v = []byte(r[2:])
			}
			b.Append(k, v, 0, stores.Offset(l.at))
		}
		l.at++
		b.Next = stores.Offset(l.at)
	}
	return nil
}

func contents(t *testing.T, s stores.Store) string {
	t.Helper()
	out := ""
	it := s.Range(nil, nil)
	for it.Next() {
		out += fmt.Sprintf("%s=%s ", it.Key(), it.Value())
	}
	if err := errors.Join(it.Err(), it.Close()); err != nil {
		t.Fatal(err)
	}
	return out
}

func TestApply(t *testing.T) {
	records := []string{"a=1", "b=2", "a=3", "b", "c=4", "", ""}
	for step := 1; step <= len(records); step++ {
		for _, idle := range []int{0, 2} {
			s := memory.New()
			var p Progress
			f := &failing{Store: s} // counts down from 0
			res, err := Apply(context.Background(), &log{records: records, step: step, idle: idle}, f, Range{0, 7}, &p)
			if err != nil {
				t.Fatal(err)
			}
			if batches := (7 + step - 1) / step; f.applies != -batches {
				t.Errorf("step %d: %d batches applied, want %d: reads that bring nothing apply nothing", step, -f.applies, batches)
			}
			if got := contents(t, s); got != "a=3 c=4 " {
				t.Errorf("step %d: %s", step, got)
			}
			if next, ok := s.Offset(); !ok || next != 7 {
				t.Errorf("step %d: offset %d, want the captured end though no record stands there", step, next)
			}
			if res.Records != 5 || res.Bytes != 9 || res.NullKeys != 0 || p.Bytes.Load() != 9 || p.Records.Load() != 5 || p.Offset.Load() != 7 || res.FetchWait != 1 || res.Decode != 2 {
				t.Errorf("step %d: %+v", step, res)
			}
		}
	}
}

func TestApplyOfNothingReadsNothing(t *testing.T) {
	s, p := &failing{Store: memory.New(), applies: 1, flush: errors.New("flush")}, &Progress{}
	if _, err := Apply(context.Background(), &log{fail: errors.New("read"), step: 1}, s, Range{3, 3}, p); err != nil || p.Offset.Load() != 3 {
		t.Errorf("%v, at offset %d, want 3", err, p.Offset.Load())
	}
}

// nulls tells of records whose keys are null.
type nulls struct{ *log }

func (n nulls) Read(ctx context.Context, b *stores.Batch, stop stores.Offset, wait time.Duration) error {
	err := n.log.Read(ctx, b, stop, wait)
	b.NullKeys = 2
	return err
}

func TestNullKeysAreCounted(t *testing.T) {
	res, err := Apply(context.Background(), nulls{&log{records: []string{"a=1", "b=2"}, step: 1}}, memory.New(), Range{0, 2}, &Progress{})
	if err != nil || res.NullKeys != 4 {
		t.Errorf("%d null keys, %v; want 4", res.NullKeys, err)
	}
}

func TestApplyStopsAtTheCapturedEnd(t *testing.T) {
	s := memory.New()
	if _, err := Apply(context.Background(), &log{records: []string{"a=1", "b=2", "c=3"}, step: 2}, s, Range{0, 1}, &Progress{}); err != nil {
		t.Fatal(err)
	}
	if got := contents(t, s); got != "a=1 " {
		t.Error(got)
	}
}

// failing refuses the n-th batch, or to flush.
type failing struct {
	stores.Store
	applies int
	flush   error
}

func (f *failing) Apply(b *stores.Batch) error {
	if f.applies--; f.applies == 0 {
		return errors.New("disk full")
	}
	return f.Store.Apply(b)
}

func (f *failing) Flush() error { return f.flush }

func TestErrorsComeBack(t *testing.T) {
	many := make([]string, 100)
	for i := range many {
		many[i] = "a=1"
	}
	fetchErr := errors.New("broker gone")
	if _, err := Apply(context.Background(), &log{records: many, step: 3, fail: fetchErr, failAt: 50}, memory.New(), Range{0, 100}, &Progress{}); !errors.Is(err, fetchErr) {
		t.Errorf("fetch: %v", err)
	}
	s := &failing{Store: memory.New(), applies: 5}
	_, err := Apply(context.Background(), &log{records: many, step: 3}, s, Range{0, 100}, &Progress{})
	if err == nil || errors.Is(err, context.Canceled) {
		t.Errorf("apply: %v", err)
	}
	flushErr := errors.New("flush")
	if _, err := Apply(context.Background(), &log{records: many, step: 3}, &failing{Store: memory.New(), flush: flushErr}, Range{0, 100}, &Progress{}); !errors.Is(err, flushErr) {
		t.Errorf("flush: %v", err)
	}
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Millisecond)
	defer cancel()
	if _, err := Apply(ctx, &log{records: many, step: 1, idle: 1 << 40}, memory.New(), Range{0, 100}, &Progress{}); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("deadline: %v", err)
	}
}
