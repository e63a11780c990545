package proxy

import (
	"bytes"
	"errors"
	"io"
	"io/fs"
	"net"
	"os"
	"syscall"
	"testing"
	"time"

	"restorebench/harness/broker/brokertest"
)

// Nobody beyond this machine gets to a proxy, by what the kernel says.
func TestListensOnLoopback(t *testing.T) {
	switch _, err := os.Stat("/proc/self/net/tcp"); {
	case errors.Is(err, fs.ErrNotExist):
		t.Skip(err)
	case err != nil:
		t.Fatal(err)
	}
	p, found := listen(t, "127.0.0.1:1"), false
	for _, address := range brokertest.Listeners(t, "/proc/self") {
		found = found || address.String() == p.Address()
		if !address.Addr().IsLoopback() {
			t.Errorf("something listens on %v", address)
		}
	}
	if !found {
		t.Errorf("%s is not among the listeners", p.Address())
	}
}

// echo is a server that sends back what it gets.
func echo(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go func() {
				_, _ = io.Copy(c, c)
				c.Close()
			}()
		}
	}()
	return l.Addr().String()
}

func listen(t *testing.T, target string) *Proxy {
	t.Helper()
	p, err := Listen()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := p.Close(); err != nil {
			t.Error(err)
		}
	})
	p.Target(target)
	return p
}

func dial(t *testing.T, p *Proxy) net.Conn {
	t.Helper()
	c, err := net.Dial("tcp", p.Address())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	if err := c.SetDeadline(time.Now().Add(30 * time.Second)); err != nil {
		t.Fatal(err)
	}
	return c
}

// exchange sends bytes and expects them back.
func exchange(t *testing.T, c net.Conn, n int) {
	t.Helper()
	want, got := bytes.Repeat([]byte("0123456789abcdef"), n/16), make([]byte, n)
	sent := make(chan error, 1)
	go func() {
		_, err := c.Write(want)
		sent <- err
	}()
	if _, err := io.ReadFull(c, got); err != nil || !bytes.Equal(got, want) {
		t.Errorf("of %d bytes: %v", n, err)
	}
	if err := <-sent; err != nil {
		t.Error(err)
	}
}

func TestBytesPass(t *testing.T) {
	t.Parallel()
	p := listen(t, echo(t))
	for range 3 {
		c := dial(t, p)
		exchange(t, c, 1<<20)
		c.Close()
	}
	if got := p.Count(); got != (Counts{Connections: 3, Passed: 6 << 20}) {
		t.Errorf("%+v", got)
	}
}

// A slow line takes its time, of all connections together, and is not slow for ever.
func TestSlow(t *testing.T) {
	t.Parallel()
	p := listen(t, echo(t))
	a, b := dial(t, p), dial(t, p)
	p.Slow(1 << 20)
	start := time.Now()
	done := make(chan struct{})
	go func() {
		defer close(done)
		exchange(t, a, 128<<10)
	}()
	exchange(t, b, 128<<10)
	<-done
	if took := time.Since(start); took < 250*time.Millisecond {
		t.Errorf("256 KiB at 1 MiB/s took %v", took)
	}
	held := p.Count().Held
	p.Slow(0)
	exchange(t, a, 1<<20)
	if p.Count().Held != held || held < 250*time.Millisecond {
		t.Errorf("held for %v, then %v", held, p.Count().Held)
	}
}

// What lost bytes stays silent, even when the server closes it; new connections work again.
func TestSwallow(t *testing.T) {
	t.Parallel()
	p := listen(t, echo(t))
	old, unharmed := dial(t, p), dial(t, p)
	exchange(t, old, 16)
	exchange(t, unharmed, 16)
	p.Swallow(true)
	if _, err := old.Write(make([]byte, 100)); err != nil {
		t.Fatal(err)
	}
	await(t, func() bool { return p.Count().Swallowed == 100 })
	p.Swallow(false)
	exchange(t, dial(t, p), 1<<10)
	exchange(t, unharmed, 16)
	if _, err := old.Write(make([]byte, 50)); err != nil {
		t.Fatal(err)
	}
	await(t, func() bool { return p.Count().Swallowed == 150 })
	for c := range p.deadOnes() { // as if the server ended the old one
		_ = c.ends[down].CloseRead()
	}
	if err := old.SetReadDeadline(time.Now().Add(100 * time.Millisecond)); err != nil {
		t.Fatal(err)
	}
	if n, err := old.Read(make([]byte, 1)); n > 0 || !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("%d bytes, %v", n, err)
	}
	if got := p.Count(); got.Dead != 1 || got.Swallowed != 150 {
		t.Errorf("%+v", got)
	}
}

func await(t *testing.T, so func() bool) {
	t.Helper()
	for deadline := time.Now().Add(30 * time.Second); !so(); time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("in vain")
		}
	}
}

// deadOnes are the pipes that are dead.
func (p *Proxy) deadOnes() map[*pipe]struct{} {
	p.mu.Lock()
	defer p.mu.Unlock()
	dead := map[*pipe]struct{}{}
	for c := range p.pipes {
		if c.dead {
			dead[c] = struct{}{}
		}
	}
	return dead
}

func TestReset(t *testing.T) {
	t.Parallel()
	p := listen(t, echo(t))
	for range 2 {
		c := dial(t, p)
		exchange(t, c, 1<<10)
		if n := p.Reset(); n != 1 {
			t.Errorf("%d connections", n)
		}
		if _, err := c.Read(make([]byte, 1)); !errors.Is(err, syscall.ECONNRESET) {
			t.Error(err)
		}
	}
}

// A target that is away, or none, is a reset; the next connection goes to the new one.
func TestTargetMoves(t *testing.T) {
	t.Parallel()
	for _, away := range []string{"", "127.0.0.1:1"} {
		p := listen(t, away)
		c, err := net.Dial("tcp", p.Address()) // which may be told already
		if err == nil {
			_, err = c.Read(make([]byte, 1))
			c.Close()
		}
		if !errors.Is(err, syscall.ECONNRESET) {
			t.Errorf("%q: %v", away, err)
		}
		p.Target(echo(t))
		exchange(t, dial(t, p), 16)
	}
}

// The end of one end is the other's.
func TestEnd(t *testing.T) {
	t.Parallel()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	p := listen(t, l.Addr().String())
	for _, clientFirst := range []bool{true, false} {
		client := dial(t, p)
		server, err := l.Accept()
		if err != nil {
			t.Fatal(err)
		}
		first, second := server, client
		if clientFirst {
			first, second = client, server
		}
		first.Close()
		if _, err := second.Read(make([]byte, 1)); !errors.Is(err, io.EOF) {
			t.Errorf("client first %v: %v", clientFirst, err)
		}
		second.Close()
	}
}
