package proxy

import (
	"net"
	"time"
)

// pipe is a client's connection and the one to the server that belongs to it.
type pipe struct {
	ends [2]*net.TCPConn
	dead bool // it lost bytes; guarded by the proxy's mutex
}

// The ways through a pipe, each named by the end that it comes from.
const (
	up   = 0 // from the client
	down = 1 // from the server
)

func (c *pipe) close() {
	for _, end := range c.ends {
		_ = end.Close() // an error means that it is
	}
}

func (c *pipe) reset() {
	for _, end := range c.ends {
		abort(end)
	}
}

// abort closes a connection by a reset and not by an end.
func abort(c *net.TCPConn) {
	_ = c.SetLinger(0)
	_ = c.Close()
}

// pieceBytes is what is forwarded at once: little enough for a slow line to be slow and not to stutter.
const pieceBytes = 16 << 10

// forward forwards one way. The end of either end is that of both, except that nothing is heard
// any more of the server of a dead connection.
func (p *Proxy) forward(c *pipe, way int) {
	from, to := c.ends[way], c.ends[1-way]
	buf := make([]byte, pieceBytes)
	for {
		n, err := from.Read(buf)
		if wait, passes := p.admit(c, way, n); passes {
			time.Sleep(wait)
			if _, writeErr := to.Write(buf[:n]); err == nil {
				err = writeErr
			}
		}
		if err != nil {
			p.end(c, way)
			return
		}
	}
}

// admit says whether bytes that came may pass, and when.
func (p *Proxy) admit(c *pipe, way, n int) (wait time.Duration, passes bool) {
	if n == 0 {
		return 0, false
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.swallows && !c.dead {
		c.dead = true
		p.counts.Dead++
	}
	if c.dead {
		p.counts.Swallowed += int64(n)
		return 0, false
	}
	p.counts.Passed += int64(n)
	if p.rate > 0 {
		now := time.Now()
		if p.room[way].Before(now) {
			p.room[way] = now
		}
		p.room[way] = p.room[way].Add(time.Duration(n) * time.Second / time.Duration(p.rate))
		wait = p.room[way].Sub(now)
		p.counts.Held += wait
	}
	return wait, true
}

// end closes a pipe of which one way has ended.
func (p *Proxy) end(c *pipe, way int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if way == down && c.dead {
		return // the client's end, a Reset or Close will close it
	}
	c.close()
	delete(p.pipes, c)
}
