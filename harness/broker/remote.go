package broker

import (
	"context"
	"fmt"
	"time"
)

// remoteTimeout is how long the user's cluster may take to answer.
const remoteTimeout = 10 * time.Second

// remote is a cluster of the user's: nothing of it is ours to stop or to read.
type remote struct{ address string }

func connect(ctx context.Context, o Options) (instance, error) {
	probeCtx, cancel := context.WithTimeout(ctx, remoteTimeout)
	defer cancel()
	err := o.Probe(probeCtx, o.Kind)
	switch {
	case err == nil:
		return remote{o.Kind}, nil
	case ctx.Err() != nil:
		return nil, context.Cause(ctx)
	case probeCtx.Err() == nil: // it does answer
		return nil, fmt.Errorf("--broker %s: %w", o.Kind, err)
	default:
		return nil, fmt.Errorf("%w: --broker %s: no answer within %v: %w", ErrUnreachable, o.Kind, remoteTimeout, err)
	}
}

func (r remote) bootstrap() string          { return r.address }
func (remote) version() string              { return "unknown" }
func (remote) pid() int                     { return 0 }
func (remote) logTail(int) string           { return "" }
func (remote) ended() <-chan struct{}       { return nil }
func (remote) stop(_ context.Context) error { return nil }
