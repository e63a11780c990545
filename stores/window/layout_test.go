package window_test

import (
	"errors"
	"strings"
	"testing"

	"restorebench/stores"
	"restorebench/stores/memory"
	"restorebench/stores/window"
)

func TestBadInput(t *testing.T) {
	wrote := rocksDirectory(t)
	for name, c := range map[string]struct {
		do   func() error
		want string
	}{
		"key too short": {func() error {
			b := &stores.Batch{}
			b.Append([]byte("k\x01"), nil, 0, 41)
			return open(t, memory.NewSpace(), options(false, nil)).Apply(b)
		}, "offset 41: store has another layout: key 6b01 has 2 bytes"},
		"another type": {func() error {
			_, err := window.New(rocksSpace(wrote, true), options(true, nil))
			return err
		}, "column families default, want default, keyValueWithTimestamp"},
		"another retention": {func() error {
			_, err := window.New(rocksSpace(wrote, false), window.Options{Name: "w", Retention: 200_000})
			return err
		}, `store w has "w.75000", want only w.START with a multiple of 100000 ms`},
		"another name": {func() error {
			_, err := window.New(rocksSpace(wrote, false), window.Options{Name: "v", Retention: retention})
			return err
		}, `store v has "w.75000", want only v.START`},
	} {
		if err := c.do(); !errors.Is(err, stores.ErrLayout) || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: error is %q, want %q", name, err, c.want)
		}
	}
	wantDirectories(t, wrote, "w.75000")
	if _, err := window.New(memory.NewSpace(), window.Options{Name: "w", Retention: 9, WindowSize: 10}); err == nil {
		t.Error("a retention shorter than the windows was taken")
	}
}

// rocksDirectory is a plain window store's.
func rocksDirectory(t *testing.T) string {
	dir := home(t)
	s := open(t, rocksSpace(dir, false), options(false, nil))
	put(t, s, "k", []byte("short"), interval, 0)
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	return dir
}

// A timestamped store over bytes that have none says which key it is.
func TestShortValue(t *testing.T) {
	dir := rocksDirectory(t)
	s := open(t, rocksSpace(dir, false), options(true, nil)) // the wrong column family on purpose
	_, _, err := s.Fetch([]byte("k"), interval)
	it := s.All()
	defer it.Close()
	for what, err := range map[string]error{"fetch": err, "all": func() error { it.Next(); return it.Err() }()} {
		if !errors.Is(err, stores.ErrLayout) || !strings.Contains(err.Error(), "key 6b00000000000124f800000000 has a value of 5 bytes, want 8") {
			t.Errorf("%s: %v", what, err)
		}
	}
}
