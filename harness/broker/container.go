package broker

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/netip"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"time"

	cerrdefs "github.com/containerd/errdefs"
	moby "github.com/moby/moby/api/types/container"
	"github.com/moby/moby/api/types/network"
	"github.com/moby/moby/client"
	"github.com/testcontainers/testcontainers-go"
)

// createTimeout is how long the engine may take to create and start a container: 0.5 s are usual.
const createTimeout = 30 * time.Second

// container is Kafka in a container.
type container struct {
	engine  *engine
	handle  testcontainers.Container
	address string
	log     string // file that keeps the log once the container is removed
	done    chan struct{}
	end     func() // closes done
	unwatch context.CancelFunc

	mu      sync.Mutex
	removed bool
}

// launch starts a container. The engine's work is not cancelled half-way, since a container
// created after we stopped listening would be left behind: it is waited for, then removed.
func (e *engine) launch(ctx context.Context, o Options) (instance, error) {
	e.sweep(ctx)
	ports, err := freePorts(1)
	if err != nil {
		return nil, err
	}
	port := ports[0]
	request := testcontainers.ContainerRequest{
		Image: e.image,
		Env: environment(settings(layout{
			listen:         "0.0.0.0", // the container's own network; what the host binds is below
			port:           port,
			controllerPort: 9093,
			dataDir:        "/var/lib/kafka/data",
			properties:     o.Properties,
		})),
		Labels:             ownLabels(),
		ExposedPorts:       []string{fmt.Sprintf("%d/tcp", port)},
		HostConfigModifier: bindLoopback(port),
	}

	create, cancel := context.WithTimeout(context.WithoutCancel(ctx), createTimeout)
	defer cancel()
	handle, err := e.provider.CreateContainer(create, request)
	if handle == nil {
		return nil, fmt.Errorf("create a container: %w", err)
	}
	watch, unwatch := context.WithCancel(context.WithoutCancel(ctx))
	done := make(chan struct{})
	k := &container{
		engine:  e,
		handle:  handle,
		address: fmt.Sprintf("127.0.0.1:%d", port),
		log:     filepath.Join(o.Dir, "kafka.log"),
		done:    done,
		end:     sync.OnceFunc(func() { close(done) }),
		unwatch: unwatch,
	}
	if err == nil {
		err = handle.Start(create)
	}
	if err != nil {
		return k, fmt.Errorf("start a container of %s: %w", e.image, err)
	}
	go k.watch(watch)
	return k, ctx.Err()
}

func bindLoopback(port int) func(*moby.HostConfig) {
	return func(c *moby.HostConfig) {
		inside := network.MustParsePort(fmt.Sprintf("%d/tcp", port))
		c.PortBindings = network.PortMap{inside: {{HostIP: netip.AddrFrom4([4]byte{127, 0, 0, 1}), HostPort: strconv.Itoa(port)}}}
	}
}

// watch closes done when the container has ended. When the engine itself goes away,
// nothing is known, and the caller's own requests to Kafka will tell.
func (k *container) watch(ctx context.Context) {
	wait := k.engine.provider.Client().ContainerWait(ctx, k.handle.GetContainerID(),
		client.ContainerWaitOptions{Condition: moby.WaitConditionNotRunning})
	select {
	case <-wait.Result:
		k.end()
	case <-wait.Error: //nolint:errcheck // it says that we cannot know, not that Kafka ended
	}
}

func (k *container) bootstrap() string      { return k.address }
func (k *container) pid() int               { return 0 }
func (k *container) ended() <-chan struct{} { return k.done }

func (k *container) version() string {
	_, tag, _ := strings.Cut(k.engine.image, ":")
	return tag
}

func (k *container) logTail(lines int) string {
	k.mu.Lock()
	removed := k.removed
	k.mu.Unlock()
	var text []byte
	var err error
	if removed {
		text, err = os.ReadFile(k.log)
	} else {
		ctx, cancel := context.WithTimeout(context.Background(), stopTimeout)
		defer cancel()
		text, err = k.readLog(ctx)
	}
	if err != nil {
		return err.Error()
	}
	return lastLines(string(text), lines)
}

func (k *container) readLog(ctx context.Context) ([]byte, error) {
	stream, err := k.handle.Logs(ctx)
	if err != nil {
		return nil, fmt.Errorf("the container's log: %w", err)
	}
	defer func() { _ = stream.Close() }()
	return io.ReadAll(stream)
}

// stop keeps the log and removes the container with its volumes; SIGKILL, for its data is not needed any more.
func (k *container) stop(ctx context.Context) error {
	defer k.unwatch()
	text, logErr := k.readLog(ctx)
	if logErr == nil {
		logErr = os.WriteFile(k.log, text, 0o600)
	}
	if err := k.engine.remove(ctx, k.handle.GetContainerID()); err != nil {
		return errors.Join(err, logErr)
	}
	k.end()
	k.mu.Lock()
	k.removed = true
	k.mu.Unlock()
	return nil // a log that could not be kept leaves nothing behind
}

// remove kills a container and removes it with its volumes. One that is gone already is no error.
func (e *engine) remove(ctx context.Context, id string) error {
	_, err := e.provider.Client().ContainerRemove(ctx, id, client.ContainerRemoveOptions{Force: true, RemoveVolumes: true})
	if cerrdefs.IsNotFound(err) {
		return nil
	}
	return err
}
