// Package broker starts, describes and stops the Kafka of a run: a container, a local
// JVM process, or a cluster of the user's that is only asked whether it answers.
//
// What it starts it also removes, after a cancelled start and after the death of an
// earlier run as well. It never ends the process and prints nothing by itself.
package broker

import (
	"context"
	"errors"
	"fmt"
	"os"
	"sync"
)

// The kinds of broker. Besides these, a kind can be the address of a cluster.
const (
	Auto      = "auto"
	Container = "container"
	Local     = "local"
	Remote    = "remote" // what [Broker.Kind] says of an address
)

// KafkaVersion is the version of the container and of the local Kafka. scripts/pom.xml pins the same.
const KafkaVersion = "4.3.1"

// What can be missing before a broker can start. Errors from [Start] wrap these and
// say in their text what to do about it.
var (
	ErrBadKind      = errors.New("bad broker")
	ErrNoEngine     = errors.New("no Docker engine answers")
	ErrNoImage      = errors.New("the Docker engine has no Kafka image")
	ErrNotInstalled = errors.New("kafka is not installed")
	ErrUnreachable  = errors.New("the broker does not answer")
)

// Options selects and configures the broker of a run.
type Options struct {
	// Kind is the value of --broker: "auto", "container", "local" or
	// "HOST:PORT[,HOST:PORT...]". Empty means auto.
	Kind string
	// Dir is an existing directory of the run. The broker's data lies there while it
	// runs, its log (kafka.log) stays there.
	Dir string
	// Probe returns nil as soon as the cluster at bootstrap serves requests, and an
	// error when ctx ends before. A port that accepts connections is not enough.
	Probe func(ctx context.Context, bootstrap string) error
	// Properties are server properties over ours: what makes the broker one that asks for a password, as a
	// user's own cluster may. The listener that clients use is named PLAINTEXT, whatever its protocol.
	Properties map[string]string
	// Logf is told what was chosen and why. It may be nil.
	Logf func(format string, args ...any)
}

// Broker is a Kafka that answers. Its methods are safe for concurrent use.
type Broker struct {
	kind, why string
	kafka     instance
	probe     func(ctx context.Context, bootstrap string) error

	mu      sync.Mutex
	stopped bool
}

// instance is a running Kafka, whatever runs it.
type instance interface {
	bootstrap() string
	version() string
	pid() int
	logTail(lines int) string
	// ended is closed once Kafka runs no more, by itself or through stop.
	ended() <-chan struct{}
	// stop kills, waits and removes; after an error it can be called again.
	stop(ctx context.Context) error
}

// Start starts the broker that o asks for and returns once o.Probe succeeded.
// When it fails or ctx ends, nothing of it is left but its log.
func Start(ctx context.Context, o Options) (*Broker, error) {
	if o.Probe == nil {
		return nil, errors.New("broker: Options.Probe is missing")
	}
	if o.Kind == "" {
		o.Kind = Auto
	}
	if err := Validate(o.Kind); err != nil {
		return nil, err
	}
	b, err := start(ctx, o)
	if err != nil {
		return nil, err
	}
	if o.Logf != nil {
		o.Logf("broker: %s, Kafka %s at %s (%s)", b.kind, b.Version(), b.Bootstrap(), b.why)
	}
	return b, nil
}

func start(ctx context.Context, o Options) (*Broker, error) {
	b := &Broker{kind: o.Kind, why: "asked for", probe: o.Probe}
	switch o.Kind {
	case Auto, Container, Local:
		if info, err := os.Stat(o.Dir); err != nil || !info.IsDir() {
			return nil, fmt.Errorf("broker: Options.Dir %q is no directory", o.Dir)
		}
	default:
		kafka, err := connect(ctx, o)
		b.kind, b.kafka = Remote, kafka
		return b, err
	}

	var launch launcher = launchLocal
	if o.Kind != Local {
		e, err := findEngine(ctx, o.Kind == Container)
		switch {
		case ctx.Err() != nil:
			return nil, context.Cause(ctx)
		case err == nil:
			launch = e.launch
		case o.Kind == Container:
			return nil, fmt.Errorf("--broker container: %w; %s", err, remedy(err))
		}
		if o.Kind == Auto {
			b.kind, b.why = choose(e, err)
		}
	}
	var err error
	b.kafka, err = launchAndWait(ctx, o, launch)
	if err != nil {
		return nil, fmt.Errorf("--broker %s (%s): %w", b.kind, b.why, err)
	}
	return b, nil
}

// choose says which kind auto is, and why.
func choose(e *engine, err error) (kind, why string) {
	if err != nil {
		return Local, err.Error()
	}
	return Container, "a Docker engine answers and has " + e.image
}

// remedy says what to do when findEngine fails.
func remedy(err error) string {
	if errors.Is(err, ErrNoImage) {
		return "scripts/kafka-image builds one"
	}
	return "start one, run under scripts/with-docker-engine, or use --broker local"
}

// Bootstrap is the address to connect to: HOST:PORT[,HOST:PORT...].
func (b *Broker) Bootstrap() string { return b.kafka.bootstrap() }

// Kind is [Container], [Local] or [Remote]; never [Auto].
func (b *Broker) Kind() string { return b.kind }

// Version is Kafka's version, "unknown" for a remote broker.
func (b *Broker) Version() string { return b.kafka.version() }

// Why says why this kind was chosen.
func (b *Broker) Why() string { return b.why }

// Pid is the process id of a local broker's JVM, 0 for the other kinds.
func (b *Broker) Pid() int { return b.kafka.pid() }

// DataDir is where a local broker keeps its logs, "" for the other kinds.
func (b *Broker) DataDir() string {
	if k, ok := b.kafka.(*local); ok {
		return k.dataDir()
	}
	return ""
}

// Alive reports whether the broker still runs. Of a remote one nothing is known, so it
// counts as alive.
func (b *Broker) Alive() bool {
	select {
	case <-b.kafka.ended():
		return false
	default:
		return true
	}
}

// LogTail returns up to that many of the last lines of the broker's log; none for a remote broker.
func (b *Broker) LogTail(lines int) string { return b.kafka.logTail(lines) }

// Stop kills the broker, waits until it is gone and removes its data; a remote broker
// is left alone. More calls do nothing, unless the first one failed: then they try again.
// Pass a context that is not cancelled yet, or what is left waits for the next run's Start.
func (b *Broker) Stop(ctx context.Context) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.stopped {
		return nil
	}
	if err := b.kafka.stop(ctx); err != nil {
		return fmt.Errorf("stop the %s broker: %w", b.kind, err)
	}
	b.stopped = true
	return nil
}
