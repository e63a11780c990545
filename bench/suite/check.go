package suite

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"time"

	"restorebench/harness/broker"
	"restorebench/harness/changelog"
	"restorebench/harness/record"
	"restorebench/harness/spec"
	"restorebench/stores/rocks"
)

// check finds every mistake that can be found before minutes are spent.
func check(s *spec.Spec) (cells []record.Cell, left []string, err error) {
	if cells, left, err = s.Cells(); err != nil {
		return nil, nil, err
	}
	if err := checkDirs(s); err != nil {
		return nil, nil, err
	}
	if err := checkBroker(s); err != nil {
		return nil, nil, err
	}
	if slices.ContainsFunc(s.Stores, isRocks) {
		if _, err := rocks.Version(); err != nil {
			return nil, nil, fmt.Errorf("--stores %s: %w", spec.StoreRocks, err)
		}
	}
	for _, variant := range s.RocksDB {
		settings := rocks.KafkaStreams()
		for name, value := range variant {
			if err := settings.Set(name, value); err != nil {
				return nil, nil, fmt.Errorf("--rocksdb %s=%s: %w", name, value, err)
			}
		}
	}
	if err := (changelog.ReaderOptions{Fetcher: s.Fetcher, Settings: changelog.Settings(s.Client)}).Check(); err != nil {
		return nil, nil, fmt.Errorf("--client: %w", err)
	}
	for _, variant := range s.Consumer {
		if err := (changelog.ReaderOptions{Fetcher: s.Fetcher, Settings: changelog.Settings(s.Client.With(variant))}).Check(); err != nil {
			return nil, nil, fmt.Errorf("--consumer: %w", err)
		}
	}
	for _, variant := range s.Producer {
		if err := changelog.CheckSettings(changelog.Settings(s.Client.With(variant)), true); err != nil {
			return nil, nil, fmt.Errorf("--producer: %w", err)
		}
	}
	return cells, left, nil
}

// checkDirs writes nothing that stays.
func checkDirs(s *spec.Spec) error {
	if err := writable(filepath.Join(s.Out, "raw")); err != nil {
		return &spec.Error{Where: "--out", Value: s.Out, Allowed: "a directory that can be written (" + err.Error() + ")"}
	}
	dir, err := os.MkdirTemp(s.StateDir, "restorebench-")
	if err != nil {
		return &spec.Error{Where: "--state-dir", Value: s.StateDir, Allowed: "a directory that can be written (" + err.Error() + ")"}
	}
	return os.Remove(dir)
}

func checkBroker(s *spec.Spec) error {
	err := errors.Join(broker.Validate(s.Broker), broker.CheckRemote(s.Broker, s.AllowRemote))
	if err != nil || len(s.Client) == 0 {
		return err
	}
	for _, kind := range []string{broker.Auto, broker.Container, broker.Local} {
		if s.Broker == kind { // which speaks plain text
			return &spec.Error{Where: "--client with --broker", Value: kind, Allowed: "the HOST:PORT of a cluster that asks for it"}
		}
	}
	if err := changelog.CheckSettings(changelog.Settings(s.Client), false); err != nil {
		return fmt.Errorf("--client: %w", err)
	}
	return nil
}

// hostsTimeout is how long a cluster that has just answered may take to do so again.
const hostsTimeout = 30 * time.Second

// checkHosts looks where a cluster that answers says that its brokers are.
func checkHosts(ctx context.Context, s *spec.Spec, b *broker.Broker) error {
	if b.Kind() != broker.Remote || s.AllowRemote {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, hostsTimeout)
	defer cancel()
	hosts, err := changelog.Hosts(ctx, b.Bootstrap(), changelog.Settings(s.Client))
	if err != nil {
		return fmt.Errorf("%w: %w", broker.ErrUnreachable, err)
	}
	return broker.CheckHosts(s.Broker, hosts, s.AllowRemote)
}

func isRocks(store string) bool {
	engine, _, _ := spec.ParseStore(store)
	return engine == spec.EngineRocks
}

// writable tries to write in a directory, and removes what it had to make for that:
// a run that never begins leaves no empty results.
func writable(dir string) error {
	var made []string // innermost first
	for d := dir; !exists(d); d = filepath.Dir(d) {
		made = append(made, d)
	}
	defer func() {
		for _, d := range made {
			os.Remove(d)
		}
	}()
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	f, err := os.CreateTemp(dir, ".writable-*")
	if err != nil {
		return err
	}
	return errors.Join(f.Close(), os.Remove(f.Name()))
}

// exists is true of "." and "/" at the latest.
func exists(path string) bool {
	_, err := os.Lstat(path)
	return err == nil
}

// brokerError tells what the user can mend from what went wrong.
func brokerError(err error) error {
	for _, bad := range []error{changelog.ErrRefused, broker.ErrBadKind, broker.ErrNoEngine, broker.ErrNoImage, broker.ErrNotInstalled, broker.ErrUnreachable} {
		if errors.Is(err, bad) {
			return &BadInput{err}
		}
	}
	return err
}
