package ceilings

import (
	"errors"
	"testing"

	"restorebench/stores"
	"restorebench/stores/memory"
)

// loading is a store that notes how it is loaded.
type loading struct {
	*memory.Store
	memory int64
	ended  bool
	err    error
}

func (l *loading) BeginBulk(memory int64) error { l.memory = memory; return l.err }
func (l *loading) EndBulk() error               { l.ended = true; return nil }
func (l *loading) Flush() error                 { return errors.New("flushed while loading") }

// The end of a bulk load is part of what is timed.
func TestInBulk(t *testing.T) {
	l := &loading{}
	s, err := InBulk(l, 1000)
	if err != nil || l.memory != 1000 || l.ended {
		t.Fatalf("%+v (%v)", l, err)
	}
	if _, err := Apply(t.Context(), []stores.Store{s}, [][]*stores.Batch{nil}); err != nil || !l.ended {
		t.Errorf("%+v (%v)", l, err)
	}
	refused := errors.New("refused")
	if _, err := InBulk(&loading{err: refused}, 1000); !errors.Is(err, refused) {
		t.Errorf("%v, want the store's error", err)
	}
	if _, err := InBulk(memory.New(), 1000); err == nil {
		t.Error("a store that can't was accepted")
	}
}
