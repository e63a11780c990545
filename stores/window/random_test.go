package window_test

import (
	"bytes"
	"fmt"
	"math"
	"testing"

	"pgregory.net/rapid"

	"restorebench/stores"
	"restorebench/stores/format"
	"restorebench/stores/memory"
	"restorebench/stores/rocks"
	"restorebench/stores/storetest"
	"restorebench/stores/window"
)

const (
	size      = 10
	retention = 150_000
	interval  = 75_000 // of segments
)

func options(timestamped bool, log stores.Log) window.Options {
	return window.Options{Name: "w", Retention: retention, WindowSize: size, Timestamped: timestamped, Log: log}
}

// home is for a store in RocksDB; without that the test is skipped.
func home(t *testing.T) string {
	t.Helper()
	storetest.Needs(t, rocks.Version)
	return storetest.TempDir(t)
}

func rocksSpace(dir string, timestamped bool) stores.Space {
	o := rocks.Options{Topic: "w-changelog"}
	if timestamped {
		o.Family = rocks.TimestampedFamily
	}
	return rocks.NewSpace(dir, o)
}

func startOf(stored []byte) int64 {
	_, start, _, err := format.SplitWindowKey(stored)
	if err != nil {
		panic(err)
	}
	return start
}

// Windows of few keys, which begin one another, at times around the segments' bounds.
var (
	keys  = rapid.SliceOfN(rapid.SampledFrom([]byte{0, 'a', 0xff}), 0, 3)
	times = rapid.OneOf(
		rapid.SampledFrom([]int64{0, 1, interval - 1, interval, retention - 1, retention, retention + 1, 2 * retention, 3 * retention, 3*retention + interval}),
		rapid.Int64Range(0, 4*retention))
	values = rapid.Custom(func(t *rapid.T) []byte {
		if rapid.IntRange(0, 3).Draw(t, "delete?") == 0 {
			return nil
		}
		return rapid.SliceOfN(rapid.Byte(), 0, 10).Draw(t, "value")
	})
)

// Random windows, reopenings and restores, with every fetch beside a plain model.
func TestRandom(t *testing.T) {
	for _, durable := range []bool{false, true} {
		for _, timestamped := range []bool{false, true} {
			t.Run(fmt.Sprintf("durable=%v/timestamped=%v", durable, timestamped), func(t *testing.T) {
				if durable {
					storetest.Needs(t, rocks.Version)
					storetest.Seldom(t, 15)
				}
				rapid.Check(t, func(t *rapid.T) { random(t, durable, timestamped) })
			})
		}
	}
}

func random(t *rapid.T, durable, timestamped bool) {
	l := &storetest.Life[*window.Store]{
		Durable: durable,
		Open: func(dir string, log stores.Log) (*window.Store, error) {
			if durable {
				return window.New(rocksSpace(dir, timestamped), options(timestamped, log))
			}
			return window.New(memory.NewSpace(), options(timestamped, log))
		},
		Model: &storetest.Expiring{Retention: retention, Interval: interval, Time: startOf},
	}
	l.Run(t, func(t *rapid.T) {
		err := l.Store.Put(keys.Draw(t, "key"), values.Draw(t, "value"), times.Draw(t, "start"), rapid.Int64Range(0, 9).Draw(t, "timestamp"))
		if err != nil {
			t.Fatal(err)
		}
	}, func(t *rapid.T) { check(t, l, timestamped) })
}

func check(t *rapid.T, l *storetest.Life[*window.Store], timestamped bool) {
	from, to := keys.Draw(t, "from"), keys.Draw(t, "to")
	early, late := times.Draw(t, "early"), times.Draw(t, "late")
	var all, keyed, one []string
	for _, r := range l.Model.Visible() {
		key, start, _, _ := format.SplitWindowKey(r.Key)
		if !timestamped {
			r.Timestamp = 0
		}
		shown := line(window.Entry{Key: key, Start: start, End: start + size, Value: r.Value, Timestamp: r.Timestamp})
		all = append(all, shown)
		if start < early || start > late {
			continue
		}
		if bytes.Compare(key, from) >= 0 && bytes.Compare(key, to) <= 0 {
			keyed = append(keyed, shown)
		}
		if bytes.Equal(key, from) {
			one = append(one, shown)
		}
	}
	storetest.Same(t, line, "all", l.Store.All(), all, false)
	storetest.Same(t, line, "all, backward", l.Store.BackwardAll(), all, true)
	storetest.Same(t, line, "keys", l.Store.FetchKeys(from, to, early, late), keyed, false)
	storetest.Same(t, line, "keys, backward", l.Store.BackwardFetchKeys(from, to, early, late), keyed, true)
	storetest.Same(t, line, "key", l.Store.FetchRange(from, early, late), one, false)
	storetest.Same(t, line, "key, backward", l.Store.BackwardFetchRange(from, early, late), one, true)

	value, timestamp, err := l.Store.Fetch(from, early)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	if value != nil {
		got = append(got, line(window.Entry{Key: from, Start: early, End: early + size, Value: value, Timestamp: timestamp}))
	}
	storetest.Same(t, line, "fetch", l.Store.FetchRange(from, early, early), got, false)
	if n, err := l.Store.ApproximateCount(); err != nil || n < 0 {
		t.Fatal(n, err)
	}
	storetest.Same(t, line, "far future", l.Store.FetchKeys(nil, nil, 5*retention, math.MaxInt64), nil, false)
}

func line(e window.Entry) string {
	return fmt.Sprintf("%x[%d,%d)=%x@%d", e.Key, e.Start, e.End, e.Value, e.Timestamp)
}
