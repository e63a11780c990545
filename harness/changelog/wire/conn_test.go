package wire

import (
	"context"
	"encoding/binary"
	"errors"
	"net"
	"os"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// trickle writes a response to request 0 of n bytes, one every so often, and then nothing.
func trickle(to net.Conn, n, written int, every time.Duration) {
	response := make([]byte, 4+n)
	binary.BigEndian.PutUint32(response, uint32(n))
	for _, b := range response[:written] {
		time.Sleep(every)
		if _, err := to.Write([]byte{b}); err != nil {
			return
		}
	}
}

// A response may take as long as it likes while it arrives: a connection is lost when nothing does, and left when its caller wants.
func TestResponseOverASlowLink(t *testing.T) {
	const n, every = 100, 20 * time.Second
	for name, c := range map[string]struct {
		limit   time.Duration // of the caller
		written int
		took    time.Duration
		want    error
	}{
		"arrives":   {time.Hour, 4 + n, (4 + n) * every, nil},
		"stops":     {time.Hour, 50, 50*every + exchangeTimeout, os.ErrDeadlineExceeded},
		"silent":    {time.Hour, 0, exchangeTimeout, os.ErrDeadlineExceeded},
		"cancelled": {90 * time.Second, 4 + n, 90 * time.Second, context.DeadlineExceeded},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				ours, theirs := net.Pipe()
				var peer sync.WaitGroup
				defer peer.Wait()
				defer ours.Close()
				peer.Go(func() { trickle(theirs, n, c.written, every) })
				ctx, cancel := context.WithTimeout(t.Context(), c.limit)
				defer cancel()
				begun := time.Now()
				buf, err := (&conn{net: ours, asked: -1}).receive(ctx, nil)
				if took := time.Since(begun); !errors.Is(err, c.want) || took != c.took || err == nil && len(buf) != n {
					t.Errorf("%d bytes after %v, %v; want %v after %v", len(buf), took, err, c.want, c.took)
				}
			})
		})
	}
}
