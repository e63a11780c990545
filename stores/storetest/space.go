package storetest

import (
	"slices"
	"testing"

	"restorebench/stores"
)

// RunSpace holds a new space to its contract. durable: what was flushed is there
// again when it is closed and opened.
func RunSpace(t *testing.T, space stores.Space, durable bool) {
	wantNames(t, space)
	opened := map[string]stores.Store{}
	for _, name := range []string{"s.60000", "s.0", "s.120000"} {
		opened[name] = openIn(t, space, name)
		fill(t, opened[name], name)
	}
	wantNames(t, space, "s.0", "s.120000", "s.60000") // in byte order
	for name, s := range opened {
		if v, err := s.Get([]byte("name")); string(v) != name || err != nil {
			t.Errorf("store %s has %q, %v", name, v, err)
		}
		must(t, s.Flush())
		must(t, s.Close())
	}
	must(t, space.Remove("s.0"))
	must(t, space.Remove("s.0")) // what is not there is removed already

	again := openIn(t, space, "s.60000")
	v, err := again.Get([]byte("name"))
	must(t, err)
	if (string(v) == "s.60000") != durable {
		t.Errorf("after Close and Open, store s.60000 has %q; durable: %v", v, durable)
	}
	must(t, again.Close())
	if durable {
		wantNames(t, space, "s.120000", "s.60000")
	}
	removed := openIn(t, space, "s.0")
	if _, ok := removed.Offset(); ok {
		t.Error("a removed store has an offset")
	}
	must(t, removed.Close())
}

func openIn(t *testing.T, space stores.Space, name string) stores.Store {
	t.Helper()
	s, err := space.Open(name)
	must(t, err)
	t.Cleanup(func() { _ = s.Close() })
	return s
}

func fill(t *testing.T, s stores.Store, value string) {
	t.Helper()
	b := &stores.Batch{}
	b.Append([]byte("name"), []byte(value), 0, 0)
	must(t, s.Apply(b))
}

func wantNames(t *testing.T, space stores.Space, want ...string) {
	t.Helper()
	got, err := space.Names()
	if !slices.Equal(got, want) || err != nil {
		t.Errorf("names are %q, %v; want %q", got, err, want)
	}
}
