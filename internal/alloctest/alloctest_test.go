package alloctest

import "testing"

// failing notes that a test would have failed.
type failing struct {
	testing.TB
	failed bool
}

func (*failing) Helper()                 {}
func (f *failing) Errorf(string, ...any) { f.failed = true }

// What was allocated counts, whether or not it is kept.
func TestAtMost(t *testing.T) {
	var kept []byte
	for _, c := range []struct {
		limit int
		want  bool
	}{{1 << 20, true}, {4 << 20, false}} {
		f := &failing{}
		AtMost(f, c.limit, func() {
			for range 2 {
				kept = make([]byte, 1<<20)
			}
		})
		if f.failed != c.want {
			t.Errorf("of %d bytes twice, with a limit of %d: failed: %v", len(kept), c.limit, f.failed)
		}
	}
}
