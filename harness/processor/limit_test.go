package processor

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"restorebench/harness/changelog"
	"restorebench/harness/spec"
	"restorebench/harness/subject"
)

// A record that the broker does not take for its size is an error before the store has it, and before the input's offset moves: by a
// byte over the limit, and not at it.
func TestRecordOverTheLimit(t *testing.T) {
	const (
		limit = 100_000
		// A batch of one record has these beside the value: a header, lengths, a key of one byte, and what differs from the header.
		beside = 61 + 2*3 + 2 + 4
	)
	for _, exactlyOnce := range []bool{false, true} {
		t.Run(fmt.Sprintf("exactly once %v", exactlyOnce), func(t *testing.T) {
			f := newFixture(t)
			if err := f.admin.Recreate(t.Context(), f.topic, 1, changelog.TopicConfig(map[string]string{"max.message.bytes": fmt.Sprint(limit)})); err != nil {
				t.Fatal(err)
			}
			input := f.topic + "-input"
			if err := f.admin.Create(t.Context(), input, 1, map[string]string{"retention.ms": "-1"}); err != nil {
				t.Fatal(err)
			}
			defer func() {
				if err := f.admin.Delete(context.Background(), input); err != nil {
					t.Error(err)
				}
			}()
			writeValues(t, f.bootstrap, input, limit-beside, limit-beside+1)
			config := subject.Config{ExactlyOnce: exactlyOnce, Feed: &subject.Feed{Input: input, Group: f.topic, CommitRecords: 1, FlushCommits: 1}}
			events, err := f.live(t, spec.StoreRocks, config, subject.Loaded)
			if e := find(t, events, subject.Failed); !errors.Is(err, changelog.ErrRecordTooLarge) || e.Message == "" {
				t.Fatalf("%v, %+v", err, e)
			}
			group, err := changelog.WatchGroup(f.bootstrap, f.topic)
			if err != nil {
				t.Fatal(err)
			}
			defer group.Close()
			if next, err := group.Committed(input); next != 1 || err != nil {
				t.Errorf("of the input %d records are processed, %v, want 1", next, err)
			}
			events, err = f.live(t, spec.StoreRocks, subject.Config{ExactlyOnce: exactlyOnce, Digest: true}, subject.DigestOf)
			if err != nil {
				t.Fatal(err)
			}
			opened, caught, digest := find(t, events, subject.Opened), find(t, events, subject.CaughtUp), find(t, events, subject.DigestOf)
			if opened.Path != subject.PathLocal || caught.Records != 0 || digest.Count != 1 || digest.Bytes != 1+limit-beside {
				t.Errorf("%+v %+v %+v", opened, caught, digest)
			}
		})
	}
}

// writeValues appends records with values of so many bytes, each with a key of one.
func writeValues(t *testing.T, bootstrap, topic string, sizes ...int) {
	t.Helper()
	w, err := changelog.NewWriter(bootstrap, topic, 0, 10*time.Second, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	b := changelog.NewBatch()
	for i, size := range sizes {
		b.Append([]byte{byte('a' + i)}, make([]byte, size), 1, b.Next)
	}
	ticket, err := w.Send(b)
	if err == nil {
		_, err = w.Wait(t.Context(), ticket)
	}
	if err != nil {
		t.Fatal(err)
	}
}
