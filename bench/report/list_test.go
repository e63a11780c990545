package report

import (
	"errors"
	"testing"
)

func TestList(t *testing.T) {
	head := errors.New("bad")
	l := &List{head, []string{"1", "2"}}
	if got, want := l.Error(), "bad\n  1\n  2"; got != want || !errors.Is(l, head) {
		t.Errorf("%q, want %q, which is %v", got, want, head)
	}
	l.Items = []string{"1", "2", "3", "4", "5", "6", "7", "8", "9", "10", "11", "12"}
	if got, want := l.Error(), "bad\n  1\n  2\n  3\n  4\n  5\n  6\n  7\n  8\n  9\n  10\n  and 2 more"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
}
