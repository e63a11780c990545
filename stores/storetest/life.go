package storetest

import (
	"errors"
	"flag"
	"path/filepath"
	"slices"
	"strconv"
	"testing"

	"pgregory.net/rapid"

	"restorebench/stores"
)

// Life takes a store with live writes through commits, flushes, reopenings and
// restores from what it logged, beside a model that knows what must be in it.
type Life[S stores.Store] struct {
	// Open opens the store in dir, or creates it there. Its live writes go to log.
	Open func(dir string, log stores.Log) (S, error)
	// Durable: a store that was closed comes back.
	Durable bool
	Model   *Expiring

	Store S
	log   Changelog
	home  string // of the directories
	homes int
}

// Run drives the store by write, which does one or more live writes, and check, which
// compares it with the model, and by all that happens to a store besides.
func (l *Life[S]) Run(t *rapid.T, write, check func(*rapid.T)) {
	l.home, l.log = TempDir(t), nil
	l.Model.Reset()
	l.open(t)
	defer func() { _ = l.Store.Close() }()
	t.Repeat(map[string]func(*rapid.T){
		"write":   write,
		"write 2": write,
		"write 3": write,
		"commit":  l.commit,
		"flush":   func(t *rapid.T) { fatal(t, l.Store.Flush()) },
		"reopen":  l.reopen,
		"restore": func(t *rapid.T) {
			fatal(t, l.Store.Close())
			l.restore(t)
		},
		"": check,
	})
}

func (l *Life[S]) open(t *rapid.T) {
	var err error
	l.Store, err = l.Open(filepath.Join(l.home, strconv.Itoa(l.homes)), l.write)
	fatal(t, err)
}

// write is the store's log.
func (l *Life[S]) write(key, value []byte, timestamp int64) {
	l.log.Write(key, value, timestamp)
	l.Model.Apply(l.log[len(l.log)-1])
}

// commit tells the store where its records are in the changelog.
func (l *Life[S]) commit(t *rapid.T) {
	fatal(t, l.Store.Apply(&stores.Batch{Next: stores.Offset(len(l.log))}))
}

// reopen closes the store, as it is, and brings it back from its files and the tail.
func (l *Life[S]) reopen(t *rapid.T) {
	fatal(t, l.Store.Close())
	if l.Durable {
		l.open(t)
		if next, ok := l.Store.Offset(); ok {
			l.Model.Restart()
			l.replay(t, next)
			return
		}
		fatal(t, l.Store.Close())
	}
	l.restore(t)
}

// restore brings the store back from the changelog alone.
func (l *Life[S]) restore(t *rapid.T) {
	l.homes++
	l.open(t)
	l.Model.Reset()
	l.replay(t, 0)
}

func (l *Life[S]) replay(t *rapid.T, from stores.Offset) {
	Replay(t, l.Store, l.log, from, l.Model.Apply)
}

// Same compares what an iterator of a typed store yields, each entry as line shows
// it, with what is wanted: in this order or, backward, in the opposite one.
func Same[E any](t *rapid.T, line func(E) string, what string, it interface {
	Next() bool
	Entry() E
	Err() error
	Close() error
}, want []string, backward bool,
) {
	var got []string
	for it.Next() {
		got = append(got, line(it.Entry()))
	}
	if backward {
		slices.Reverse(got)
	}
	fatal(t, errors.Join(it.Err(), it.Close()))
	if !slices.Equal(got, want) {
		t.Fatalf("%s: got %q, want %q", what, got, want)
	}
}

// Seldom lets rapid run only n checks until the test ends, for an engine whose stores
// take long to open; unless -rapid.checks says how many.
func Seldom(t *testing.T, n int) {
	checks := flag.Lookup("rapid.checks")
	if before := checks.Value.String(); before == checks.DefValue {
		_ = checks.Value.Set(strconv.Itoa(n))
		t.Cleanup(func() { _ = checks.Value.Set(before) })
	}
}
