package broker

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os/exec"
	"strings"

	"github.com/moby/moby/client"
)

// Survey is what a run could start, and what keeps the rest away. Of each pair one is set.
type Survey struct {
	Engine    string // version of the Docker engine that answers
	EngineErr error  // ErrNoEngine
	Image     string // of Kafka, that the engine has
	ImageErr  error  // ErrNoEngine or ErrNoImage
	Kafka     string // version of the local Kafka
	KafkaErr  error  // ErrNotInstalled
	Java      string // version of the JVM that the local Kafka would run on
	JavaErr   error  // ErrNotInstalled
}

// Look surveys. It starts no broker and pulls nothing.
func Look(ctx context.Context) (s Survey) {
	_, s.Kafka, s.KafkaErr = findKafka()
	s.Java, s.JavaErr = javaVersion(ctx)
	e, err := findEngine(ctx, false)
	if err == nil {
		s.Image = e.image
	}
	s.ImageErr = err
	if errors.Is(err, ErrNoEngine) {
		s.EngineErr = err
		return s
	}
	s.Engine, s.EngineErr = engineVersion(ctx)
	return s
}

// Auto is the kind that a run without --broker would take, and its Kafka's version; false when it could not start.
func (s Survey) Auto() (kind, version string, ready bool) {
	switch {
	case s.ImageErr == nil:
		_, version, _ = strings.Cut(s.Image, ":")
		return Container, version, true
	case s.KafkaErr == nil && s.JavaErr == nil:
		return Local, s.Kafka, true
	}
	return "", "", false
}

func engineVersion(ctx context.Context) (string, error) {
	provider, err := connectEngine(ctx)
	if err != nil {
		return "", fmt.Errorf("%w: %w", ErrNoEngine, err)
	}
	v, err := provider.Client().ServerVersion(ctx, client.ServerVersionOptions{})
	if err != nil {
		return "", fmt.Errorf("%w: %w", ErrNoEngine, err)
	}
	return v.Version, nil
}

// javaVersion is what java says of itself in its first line, such as openjdk version "17.0.15".
func javaVersion(ctx context.Context) (string, error) {
	java, err := findJava()
	if err != nil {
		return "", err
	}
	out, err := exec.CommandContext(ctx, java, "-version").CombinedOutput()
	if err != nil {
		return "", fmt.Errorf("%w: %s -version: %w", ErrNotInstalled, java, err)
	}
	line, _, _ := bytes.Cut(out, []byte("\n"))
	if parts := strings.Split(string(line), `"`); len(parts) == 3 {
		return parts[1], nil
	}
	return string(line), nil
}
