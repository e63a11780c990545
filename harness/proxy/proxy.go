// Package proxy stands between clients and a server on this machine, and spoils what passes: it slows it
// down, swallows it, or resets the connections. It counts what it did, so that nobody has to believe it.
package proxy

import (
	"errors"
	"net"
	"sync"
	"time"
)

// Proxy forwards connections to its target. Its methods are safe for concurrent use.
type Proxy struct {
	listener *net.TCPListener
	running  sync.WaitGroup

	mu       sync.Mutex
	target   string
	pipes    map[*pipe]struct{}
	closed   bool
	rate     int          // bytes per second each way; 0: any
	room     [2]time.Time // when each way has room again, at that rate
	swallows bool
	counts   Counts
}

// Counts are what a proxy did since it began.
type Counts struct {
	Connections int64         // that were made through it
	Passed      int64         // bytes, both ways
	Held        time.Duration // that bytes waited for room, in sum
	Swallowed   int64         // bytes
	Dead        int64         // connections that lost bytes
}

// Listen begins to accept connections on a loopback port that is free. They are reset until there is a target.
func Listen() (*Proxy, error) {
	l, err := net.ListenTCP("tcp", &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		return nil, err
	}
	p := &Proxy{listener: l, pipes: map[*pipe]struct{}{}}
	p.running.Go(p.accept)
	return p, nil
}

// Address is where it listens, HOST:PORT.
func (p *Proxy) Address() string { return p.listener.Addr().String() }

// Target makes connections from now on go to an address, HOST:PORT.
func (p *Proxy) Target(address string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.target = address
}

// Slow lets so many bytes per second pass each way, of all connections together; 0 is any number.
func (p *Proxy) Slow(rate int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.rate, p.room = rate, [2]time.Time{}
}

// Swallow begins, or ends, to swallow all bytes. A connection that lost some stays silent for good, as behind a
// firewall that forgot it: what would come behind a gap is of no use to anybody.
func (p *Proxy) Swallow(on bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.swallows = on
}

// Reset resets the connections that are open, and says how many there were. What is on its way is lost.
func (p *Proxy) Reset() (n int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for c := range p.pipes {
		c.reset()
		delete(p.pipes, c)
		n++
	}
	return n
}

// Count says what it did.
func (p *Proxy) Count() Counts {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.counts
}

// Close resets what is open and returns when nothing of the proxy runs any more.
func (p *Proxy) Close() error {
	p.mu.Lock()
	p.closed = true
	p.mu.Unlock()
	err := p.listener.Close()
	p.Reset()
	p.running.Wait()
	return err
}

func (p *Proxy) accept() {
	for {
		client, err := p.listener.AcceptTCP()
		switch {
		case errors.Is(err, net.ErrClosed):
			return
		case err != nil: // of that one connection, or there are too many
			time.Sleep(time.Millisecond)
		default:
			p.running.Go(func() { p.connect(client) })
		}
	}
}

// dialTimeout is ample on one machine.
const dialTimeout = 5 * time.Second

// connect connects a client to the target and forwards until one of them ends.
func (p *Proxy) connect(client *net.TCPConn) {
	p.mu.Lock()
	target := p.target
	p.mu.Unlock()
	server, err := net.DialTimeout("tcp", target, dialTimeout)
	if err != nil {
		abort(client)
		return
	}
	c := &pipe{ends: [2]*net.TCPConn{client, server.(*net.TCPConn)}}
	if !p.add(c) {
		c.reset()
		return
	}
	p.running.Go(func() { p.forward(c, down) })
	p.forward(c, up)
}

func (p *Proxy) add(c *pipe) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if !p.closed {
		p.pipes[c] = struct{}{}
		p.counts.Connections++
	}
	return !p.closed
}
