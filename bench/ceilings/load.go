package ceilings

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"time"

	"restorebench/harness/changelog"
	"restorebench/harness/topology"
	"restorebench/harness/workload"
	"restorebench/stores"
)

// Load creates a changelog topic that is configured as one, with config on top, and
// writes a workload to each of its partitions. drop deletes the topic again, also
// after ctx has ended; it is nil with an error, and then nothing is left.
func Load(ctx context.Context, brokers, topic string, w []workload.Spec, config map[string]string, producer changelog.Settings) (drop func() error, err error) {
	admin, err := changelog.NewAdmin(brokers)
	if err != nil {
		return nil, err
	}
	drop = func() error {
		defer admin.Close()
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), connectTimeout)
		defer cancel()
		return admin.Delete(ctx, topic)
	}
	// Not interrupted half-way: a topic that appears once nobody waits for it would be
	// left behind.
	create, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Minute)
	defer cancel()
	err = admin.Create(create, topic, len(w), changelog.TopicConfig(config))
	if err == nil {
		err = sideBySide(ctx, len(w), func(ctx context.Context, i int) error { return load(ctx, brokers, topic, w[i], producer) })
	}
	if err != nil {
		return nil, errors.Join(err, drop())
	}
	return drop, nil
}

func load(ctx context.Context, brokers, topic string, w workload.Spec, producer changelog.Settings) error {
	out, err := changelog.NewWriter(brokers, topic, w.Partition, connectTimeout, producer)
	if err != nil {
		return err
	}
	defer out.Close()
	var loaded atomic.Int64
	if _, err := topology.Load(ctx, &topology.LoadTask{}, w, out, nothing{}, nil, &loaded); err != nil {
		return fmt.Errorf("load %s-%d: %w", topic, w.Partition, err)
	}
	return nil
}

// LoadInto creates a changelog topic of one partition, writes a workload to it and
// applies it to a store as it is acknowledged, and deletes the topic. The time begins
// when the first batch can be sent, and ends when the store has made the last durable.
func LoadInto(ctx context.Context, brokers, topic string, w workload.Spec, into stores.Store) (res Result, err error) {
	first := w
	first.Keys, first.Deleted = 1, 0
	drop, err := Load(ctx, brokers, topic, []workload.Spec{first}, nil, nil)
	if err != nil {
		return res, err
	}
	defer func() { err = errors.Join(err, drop()) }()
	out, err := changelog.NewWriter(brokers, topic, w.Partition, connectTimeout, nil)
	if err != nil {
		return res, err
	}
	defer out.Close()
	// The idempotent producer gets its id half a second after it was made: not part of it.
	var loaded atomic.Int64
	if _, err := topology.Load(ctx, &topology.LoadTask{}, first, out, nothing{}, nil, &loaded); err != nil {
		return res, err
	}
	loaded.Store(0)
	start := time.Now()
	if _, err := topology.Load(ctx, &topology.LoadTask{}, w, out, into, nil, &loaded); err != nil {
		return res, fmt.Errorf("load %s: %w", topic, err)
	}
	return Result{Records: loaded.Load(), Bytes: loaded.Load() * int64(w.KeyBytes+w.ValueBytes), Elapsed: time.Since(start)}, nil
}
