package broker

import (
	"context"
	"errors"
	"fmt"
	"os"
	"sync"
	"time"

	"github.com/moby/moby/client"
	"github.com/testcontainers/testcontainers-go"
	tclog "github.com/testcontainers/testcontainers-go/log"
)

const (
	engineTimeout = 2 * time.Second
	pullTimeout   = 2 * time.Minute
)

// images are looked for in this order; the second is what scripts/kafka-image builds
// where the first cannot be pulled.
var images = []string{"apache/kafka:" + KafkaVersion, "restorebench/kafka:" + KafkaVersion}

// engine is a Docker engine that answers and has a Kafka image.
type engine struct {
	provider *testcontainers.DockerProvider
	image    string
}

// quiet keeps testcontainers' progress reports out of our output, and its reaper out of the
// engine: that is one more image to pull, and what it does is done by stop and by sweep.
var quiet = sync.OnceFunc(func() {
	tclog.SetDefault(tclog.NewNoopLogger())
	const variable = "TESTCONTAINERS_RYUK_DISABLED"
	if _, set := os.LookupEnv(variable); !set {
		_ = os.Setenv(variable, "true")
	}
})

// findEngine returns an engine that is ready to start Kafka; it pulls an image only when mayPull.
func findEngine(ctx context.Context, mayPull bool) (*engine, error) {
	provider, err := connectEngine(ctx)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrNoEngine, err)
	}
	e := &engine{provider: provider}
	for _, image := range images {
		if _, err := provider.Client().ImageInspect(ctx, image); err == nil {
			e.image = image
			return e, nil
		}
	}
	if ctx.Err() != nil {
		return nil, context.Cause(ctx)
	}
	if !mayPull {
		return nil, ErrNoImage
	}
	e.image = images[0]
	if err := e.pull(ctx); err != nil {
		return nil, fmt.Errorf("%w, and %s cannot be pulled: %w", ErrNoImage, e.image, err)
	}
	return e, nil
}

// connectEngine limits the time that an engine may take to answer: one that hangs is as good as none.
func connectEngine(ctx context.Context) (*testcontainers.DockerProvider, error) {
	quiet()
	type result struct {
		provider *testcontainers.DockerProvider
		err      error
	}
	answer := make(chan result, 1)
	go func() {
		// Testcontainers takes no context here, and panics when an engine goes away while it is asked.
		defer func() {
			if r := recover(); r != nil {
				answer <- result{err: fmt.Errorf("%v", r)}
			}
		}()
		provider, err := testcontainers.NewDockerProvider()
		named := os.Getenv("DOCKER_HOST")
		switch {
		case err != nil:
		case named != "" && provider.Client().DaemonHost() != named:
			err = fmt.Errorf("DOCKER_HOST=%s does not answer", named) // testcontainers would take any other
		default:
			_, err = provider.Client().Ping(ctx, client.PingOptions{})
		}
		answer <- result{provider, err}
	}()
	select {
	case r := <-answer:
		return r.provider, r.err
	case <-time.After(engineTimeout):
		return nil, fmt.Errorf("no answer within %v", engineTimeout)
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
}

func (e *engine) pull(ctx context.Context) error {
	ctx, cancel := context.WithTimeoutCause(ctx, pullTimeout, errors.New("it took too long"))
	defer cancel()
	progress, err := e.provider.Client().ImagePull(ctx, e.image, client.ImagePullOptions{})
	if err != nil {
		return err
	}
	return progress.Wait(ctx)
}
