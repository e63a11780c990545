package storetest

import (
	"bytes"
	"fmt"
	"strings"
	"sync"
	"testing"
)

func (h Harness) testEmpty(t *testing.T) {
	s, m := h.fixture(t)
	if value, err := s.Get(h.key([]byte("k"))); value != nil || err != nil {
		t.Errorf("get from an empty store is %q, %v", value, err)
	}
	must(t, m.check(s))
	must(t, s.Flush())
	must(t, m.check(s))
}

func (h Harness) testLastWriteWins(t *testing.T) {
	for name, writes := range map[string][]write{
		"overwrite, same length":        {put("a", "1"), put("b", "2"), put("a", "3")},
		"overwrite, longer":             {put("a", "1"), put("b", "2"), put("a", strings.Repeat("3", 300))},
		"overwrite, shorter":            {put("a", strings.Repeat("1", 300)), put("b", "2"), put("a", "3")},
		"delete":                        {put("a", "1"), put("b", "2"), del("a")},
		"delete, then write again":      {put("a", "1"), del("a"), put("a", "2")},
		"delete twice":                  {put("a", "1"), del("a"), del("a")},
		"delete what was never there":   {del("a"), put("b", "1")},
		"empty value is not a delete":   {put("a", "1"), put("a", ""), put("b", "")},
		"everything deleted":            {put("a", "1"), put("b", "2"), del("b"), del("a")},
		"a key that begins another key": {put("a", "1"), put("aa", "2"), put("aaa", "3"), del("aa")},
	} {
		t.Run(name, func(t *testing.T) {
			s, m := h.fixture(t)
			must(t, m.apply(s, 0, writes...))
			must(t, m.check(s))

			s, m = h.fixture(t)
			for _, w := range writes {
				must(t, m.apply(s, 0, w))
				must(t, m.check(s))
			}
		})
	}
}

func (h Harness) testKeys(t *testing.T) {
	s, m := h.fixture(t)
	var writes []write
	for i, key := range awkwardKeys() {
		writes = append(writes, put(key, fmt.Sprint(i)))
	}
	must(t, m.apply(s, 0, writes...))
	must(t, m.check(s))
	for i, key := range awkwardKeys() {
		if i%2 == 0 {
			must(t, m.apply(s, 0, del(key)))
		}
	}
	must(t, m.check(s))
}

// awkwardKeys differ by little, and by much.
func awkwardKeys() []string {
	keys := []string{strings.Repeat("x", 64<<10), strings.Repeat("x", 64<<10-1), strings.Repeat("\xff", 64<<10)}
	for b := range 256 {
		keys = append(keys, string([]byte{byte(b)}))
	}
	for n := range 20 { // around the 8 bytes that an engine may compare at once
		keys = append(keys, "k"+strings.Repeat("\x00", n), "k"+strings.Repeat("\xff", n+1))
	}
	for n := 120; n < 140; n++ { // around the length that takes a second byte to say
		keys = append(keys, strings.Repeat("v", n))
	}
	return keys
}

func (h Harness) testValues(t *testing.T) {
	s, m := h.fixture(t)
	for _, size := range []int{0, 1, 127, 128, 16 << 10, 1<<19 - 30, 1 << 19, 1 << 20, 5 << 20} {
		value := strings.Repeat("v", size)
		must(t, m.apply(s, 0, put(fmt.Sprint("a", size), value), put(fmt.Sprint("b", size), value)))
	}
	must(t, m.check(s))
	for _, size := range []int{1 << 20, 5 << 20, 0} {
		must(t, m.apply(s, 0, put(fmt.Sprint("a", size), "small"), del(fmt.Sprint("b", size))))
	}
	must(t, m.apply(s, 0, put("", strings.Repeat("v", 128))))
	must(t, m.check(s))
}

func (h Harness) testConcurrentReads(t *testing.T) {
	s, m := h.fixture(t)
	var writes []write
	for i := range 500 {
		writes = append(writes, put(fmt.Sprint("key", i), fmt.Sprint(i)))
	}
	must(t, m.apply(s, 0, writes...))
	var all sync.WaitGroup
	for range 4 {
		all.Go(func() {
			if err := m.check(s); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
}

func (h Harness) testGrowth(t *testing.T) {
	s, m := h.fixture(t)
	n := 20_000
	if testing.Short() {
		n = 2000
	}
	value := bytes.Repeat([]byte("v"), 200)
	for round, keep := range []int{n, n / 2, n / 50, n} {
		var writes []write
		for i := range n {
			w := write{key: fmt.Appendf(nil, "key-%06d", i)}
			if i < keep {
				w.value = append(fmt.Appendf(nil, "%d-%d-", round, i), value[:round*60]...)
			}
			writes = append(writes, w)
			if len(writes) == 1000 {
				must(t, m.apply(s, 0, writes...))
				writes = nil
			}
		}
		must(t, m.check(s))
	}
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
