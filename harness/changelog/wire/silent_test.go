package wire

import (
	"context"
	"errors"
	"io"
	"net"
	"slices"
	"testing"
	"testing/synctest"
	"time"
)

// A broker that accepts connections and says nothing costs nobody more than his time, and leaves some of it to the next one.
func TestSilentBroker(t *testing.T) {
	for name, ask := range map[string]func(*Reader, time.Duration) error{
		"identity":   func(r *Reader, limit time.Duration) error { _, err := r.Identity(limit); return err },
		"end":        func(r *Reader, limit time.Duration) error { _, _, err := r.EndOffsets(0, limit); return err },
		"tombstones": func(r *Reader, limit time.Duration) error { _, err := r.KeepsTombstones(limit); return err },
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				begun := time.Now()
				var dialled []string
				r := newReader("a:1,b:1", "t", Options{}, func(_ context.Context, _, address string) (net.Conn, error) {
					dialled = append(dialled, address+" "+time.Since(begun).String())
					ours, theirs := net.Pipe()
					go func() { _, _ = io.Copy(io.Discard, theirs) }()
					return ours, nil
				})
				defer r.Close()
				synctest.Wait() // it asks by itself
				err := ask(r, time.Second)
				if took := time.Since(begun); took != time.Second || !errors.Is(err, ErrAway) {
					t.Errorf("after %v: %v; want ErrAway after a second", took, err)
				}
				_ = ask(r, time.Minute)
				if len(dialled) < 2 || !slices.Equal(dialled[:2], []string{"a:1 0s", "b:1 10s"}) {
					t.Errorf("asked %v", dialled)
				}
			})
		})
	}
}
