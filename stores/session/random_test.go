package session_test

import (
	"bytes"
	"fmt"
	"testing"

	"pgregory.net/rapid"

	"restorebench/stores"
	"restorebench/stores/format"
	"restorebench/stores/memory"
	"restorebench/stores/rocks"
	"restorebench/stores/session"
	"restorebench/stores/storetest"
)

const (
	retention = 150_000
	interval  = 75_000 // of segments
)

func options(log stores.Log) session.Options {
	return session.Options{Name: "s", Retention: retention, Log: log}
}

func endOf(stored []byte) int64 {
	_, _, end, err := format.SplitSessionKey(stored)
	if err != nil {
		panic(err)
	}
	return end
}

// Sessions of few keys, which begin one another, at times around the segments' bounds.
var (
	keys  = rapid.SliceOfN(rapid.SampledFrom([]byte{0, 'a', 0xff}), 0, 3)
	times = rapid.OneOf(
		rapid.SampledFrom([]int64{0, 1, interval - 1, interval, retention - 1, retention, retention + 1, 2 * retention, 3 * retention}),
		rapid.Int64Range(0, 4*retention))
	sessions = rapid.Custom(func(t *rapid.T) session.Session {
		a, b := times.Draw(t, "a"), times.Draw(t, "b")
		return session.Session{Key: keys.Draw(t, "key"), Start: min(a, b), End: max(a, b)}
	})
)

// Random sessions, reopenings and restores, with every fetch beside a plain model.
func TestRandom(t *testing.T) {
	for _, durable := range []bool{false, true} {
		t.Run(fmt.Sprintf("durable=%v", durable), func(t *testing.T) {
			if durable {
				storetest.Needs(t, rocks.Version)
				storetest.Seldom(t, 15)
			}
			rapid.Check(t, func(t *rapid.T) { random(t, durable) })
		})
	}
}

func random(t *rapid.T, durable bool) {
	l := &storetest.Life[*session.Store]{
		Durable: durable,
		Open: func(dir string, log stores.Log) (*session.Store, error) {
			if durable {
				return session.New(rocks.NewSpace(dir, rocks.Options{Topic: "s-changelog"}), options(log))
			}
			return session.New(memory.NewSpace(), options(log))
		},
		Model: &storetest.Expiring{Retention: retention, Interval: interval, Time: endOf},
	}
	l.Run(t, func(t *rapid.T) { write(t, l) }, func(t *rapid.T) { check(t, l) })
}

// write puts a session, or merges two into one, as a session count does.
func write(t *rapid.T, l *storetest.Life[*session.Store]) {
	s, timestamp := sessions.Draw(t, "session"), rapid.Int64Range(0, 9).Draw(t, "timestamp")
	if visible := l.Model.Visible(); len(visible) > 0 && rapid.Bool().Draw(t, "merge?") {
		key, start, end, _ := format.SplitSessionKey(rapid.SampledFrom(visible).Draw(t, "with").Key)
		s.Key, s.Start, s.End = key, min(s.Start, start), max(s.End, end)
		if err := l.Store.Remove(session.Session{Key: key, Start: start, End: end}, timestamp); err != nil {
			t.Fatal(err)
		}
	}
	if err := l.Store.Put(s, rapid.SliceOfN(rapid.Byte(), 0, 10).Draw(t, "aggregate"), timestamp); err != nil {
		t.Fatal(err)
	}
}

func check(t *rapid.T, l *storetest.Life[*session.Store]) {
	from, to := keys.Draw(t, "from"), keys.Draw(t, "to")
	early, late := times.Draw(t, "early"), times.Draw(t, "late")
	var all, one, keyed, found []string
	for _, r := range l.Model.Visible() {
		key, start, end, _ := format.SplitSessionKey(r.Key)
		s := session.Session{Key: key, Start: start, End: end}
		shown := line(session.Entry{Session: s, Aggregate: r.Value})
		all = append(all, shown)
		if got, err := l.Store.FetchSession(s); err != nil || !bytes.Equal(got, r.Value) || got == nil {
			t.Fatalf("session %s is %x, %v", shown, got, err)
		}
		touched := end >= early && start <= late
		if bytes.Compare(key, from) >= 0 && bytes.Compare(key, to) <= 0 && touched {
			keyed = append(keyed, shown)
		}
		if bytes.Equal(key, from) {
			one = append(one, shown)
			if touched {
				found = append(found, shown)
			}
		}
	}
	for _, backward := range []bool{false, true} {
		fetch, fetchKeys, find, findKeys := l.Store.Fetch, l.Store.FetchKeys, l.Store.FindSessions, l.Store.FindKeys
		if backward {
			fetch, fetchKeys, find, findKeys = l.Store.BackwardFetch, l.Store.BackwardFetchKeys, l.Store.BackwardFindSessions, l.Store.BackwardFindKeys
		}
		storetest.Same(t, line, "all", fetchKeys(nil, nil), all, backward)
		storetest.Same(t, line, "key", fetch(from), one, backward)
		storetest.Same(t, line, "find", find(from, early, late), found, backward)
		storetest.Same(t, line, "find keys", findKeys(from, to, early, late), keyed, backward)
	}
	if got, err := l.Store.FetchSession(session.Session{Key: []byte("absent")}); got != nil || err != nil {
		t.Fatal(got, err)
	}
}

func line(e session.Entry) string {
	return fmt.Sprintf("%x[%d,%d]=%x", e.Key, e.Start, e.End, e.Aggregate)
}
