package changelog_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"restorebench/harness/broker/brokertest"
	"restorebench/harness/changelog"
)

// Whatever the producer did to a batch, the same records come out of it.
func TestCompressedTopics(t *testing.T) {
	for _, codec := range []string{"none", "gzip", "snappy", "lz4", "zstd"} {
		t.Run(codec, func(t *testing.T) {
			bootstrap, topic := newTopic(t, changelog.TopicConfig(nil))
			var want []rec
			for i := range 3000 {
				want = append(want, rec{fmt.Appendf(nil, "key-%d", i), bytes.Repeat([]byte{byte(i)}, i%300), int64(i + 1)})
			}
			next := write(t, bootstrap, topic, changelog.Settings{"compression.type": codec}, want...)
			got, _ := read(t, bootstrap, topic, 0, next, changelog.NewBatch())
			equal(t, got, want)
			got, _ = read(t, bootstrap, topic, 1234, 2345, changelog.NewBatch()) // within batches
			equal(t, got, want[1234:2345])
		})
	}
}

// Settings that only librdkafka knows are never dropped silently.
func TestFetcherOfSettings(t *testing.T) {
	for _, c := range []struct {
		fetcher  string
		settings changelog.Settings
		want     string // "": refused
	}{
		{"", nil, changelog.FetcherWire},
		{"auto", changelog.Settings{"isolation.level": "read_committed"}, changelog.FetcherWire},
		{"auto", changelog.Settings{"security.protocol": "ssl"}, changelog.FetcherLibrdkafka},
		{"librdkafka", nil, changelog.FetcherLibrdkafka},
		{"wire", changelog.Settings{"fetch.min.bytes": "10"}, ""},
		{"wire", changelog.Settings{"isolation.level": "unknown"}, ""},
		{"fast", nil, ""},
	} {
		r, err := changelog.NewReader("127.0.0.1:1", "t", changelog.ReaderOptions{Fetcher: c.fetcher, Settings: c.settings})
		switch {
		case err != nil && c.want != "":
			t.Errorf("%q with %v: %v", c.fetcher, c.settings, err)
		case err == nil && r.Fetcher() != c.want:
			t.Errorf("%q with %v reads by %s, want %q", c.fetcher, c.settings, r.Fetcher(), c.want)
		}
		if err == nil {
			r.Close()
		}
	}
}

// Both ways of reading tell the same identity, and another one when the topic is.
func TestIdentity(t *testing.T) {
	b := brokertest.Start(t)
	admin, err := changelog.NewAdmin(b.Bootstrap())
	if err != nil {
		t.Fatal(err)
	}
	defer admin.Close()
	topic := fmt.Sprintf("identity-%x", rand.Uint64())
	defer func() {
		if err := admin.Delete(context.Background(), topic); err != nil {
			t.Error(err)
		}
	}()
	if err := admin.Create(t.Context(), topic, 2, nil); err != nil {
		t.Fatal(err)
	}
	seen := map[changelog.Identity]bool{}
	step := func(partitions int) {
		t.Helper()
		var first changelog.Identity
		for i, fetcher := range fetchers {
			r, err := changelog.NewReader(b.Bootstrap(), topic, changelog.ReaderOptions{Fetcher: fetcher})
			if err != nil {
				t.Fatal(err)
			}
			got, err := r.Identity(10 * time.Second)
			r.Close()
			if first == (changelog.Identity{}) {
				first = got
			}
			if err != nil || got != first || got.Partitions != partitions || i == 0 && seen[got] {
				t.Errorf("%s: %+v, %v, want %d partitions, %+v", fetcher, got, err, partitions, first)
			}
		}
		seen[first] = true
	}
	step(2)
	if err := admin.AddPartitions(t.Context(), topic, 3); err != nil {
		t.Fatal(err)
	}
	step(3)
	if err := admin.Recreate(t.Context(), topic, 3, nil); err != nil {
		t.Fatal(err)
	}
	step(3)
}

// Both ways of reading tell how long tombstones are kept, as the topic has it now.
func TestKeepsTombstones(t *testing.T) {
	bootstrap, topic := newTopic(t, changelog.TopicConfig(map[string]string{"delete.retention.ms": "1234"}))
	admin, err := changelog.NewAdmin(bootstrap)
	if err != nil {
		t.Fatal(err)
	}
	defer admin.Close()
	for _, c := range []struct {
		settings map[string]string
		want     int64
	}{
		{nil, 1234},
		{map[string]string{"delete.retention.ms": "0", "cleanup.policy": "compact,delete"}, 0},
		{map[string]string{"cleanup.policy": "delete"}, changelog.Forever},
	} {
		if err := admin.AlterTopic(t.Context(), topic, c.settings); err != nil {
			t.Fatal(err)
		}
		for _, fetcher := range fetchers {
			r, err := changelog.NewReader(bootstrap, topic, changelog.ReaderOptions{Fetcher: fetcher})
			if err != nil {
				t.Fatal(err)
			}
			got, err := r.KeepsTombstones(10 * time.Second)
			r.Close()
			if err != nil || got != c.want {
				t.Errorf("%s, with %v: %d ms, %v, want %d", fetcher, c.settings, got, err, c.want)
			}
		}
	}
}

// A topic that is about to be made, or that a broker which is about to end does not tell of any more, is asked for again; one that
// nobody makes is an error of its own.
func TestEndOffsetsOfATopicToCome(t *testing.T) {
	b := brokertest.Start(t)
	admin, err := changelog.NewAdmin(b.Bootstrap())
	if err != nil {
		t.Fatal(err)
	}
	defer admin.Close()
	for _, fetcher := range fetchers {
		topic := fmt.Sprintf("to-come-%x", rand.Uint64())
		r, err := changelog.NewReader(b.Bootstrap(), topic, changelog.ReaderOptions{Fetcher: fetcher})
		if err != nil {
			t.Fatal(err)
		}
		made := make(chan error, 1)
		time.AfterFunc(300*time.Millisecond, func() { made <- admin.Create(context.Background(), topic, 1, nil) })
		if _, end, err := r.EndOffsets(0, 30*time.Second); err != nil || end != 0 {
			t.Errorf("%s: %d, %v", fetcher, end, err)
		}
		if _, _, err := r.EndOffsets(1, 2*time.Second); err == nil || errors.Is(err, changelog.ErrAway) {
			t.Errorf("%s, of a partition that there is not: %v", fetcher, err)
		}
		r.Close()
		if err := errors.Join(<-made, admin.Delete(context.Background(), topic)); err != nil {
			t.Error(err)
		}
	}
}

// Of a topic that is not there a reader says so, also where its time is over in the middle of a question.
func TestUnknownTopicIsTheReason(t *testing.T) {
	t.Parallel()
	for _, fetcher := range fetchers {
		t.Run(fetcher, func(t *testing.T) {
			t.Parallel()
			r, err := changelog.NewReader(brokertest.Start(t).Bootstrap(), "no-such-topic", changelog.ReaderOptions{Fetcher: fetcher})
			if err != nil {
				t.Fatal(err)
			}
			defer r.Close()
			for i := range 40 {
				limit := 2 * time.Second // the first one connects
				if i > 0 {
					limit = 300*time.Millisecond + time.Duration(i)*100*time.Microsecond // longer than an answer takes on a busy machine
				}
				if _, _, err := r.EndOffsets(0, limit); err == nil || errors.Is(err, changelog.ErrAway) {
					t.Fatalf("question %d: %v", i, err)
				}
			}
		})
	}
}
