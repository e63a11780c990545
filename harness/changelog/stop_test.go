package changelog_test

import (
	"context"
	"testing"
	"time"

	"restorebench/harness/changelog"
	"restorebench/stores"
)

// The log goes on behind the captured end while it is restored: the position must not, or
// the offset that is saved is ahead of the data. What is there is read once the end has moved behind it.
func TestPositionStaysAtStop(t *testing.T) {
	for _, fetcher := range []string{changelog.FetcherWire, changelog.FetcherLibrdkafka} {
		t.Run(fetcher, func(t *testing.T) {
			bootstrap, topic := newTopic(t, nil)
			var records []rec
			for range 10 {
				records = append(records, rec{key: []byte("k"), value: []byte("v")})
			}
			write(t, bootstrap, topic, nil, records...)
			p := partition(t, fetcher, bootstrap, topic, 0)
			const stop = 5
			b, read := changelog.NewBatch(), 0
			for deadline := time.Now().Add(30 * time.Second); b.Next < stop && time.Now().Before(deadline); {
				if err := p.Read(context.Background(), b, stop, 100*time.Millisecond); err != nil {
					t.Fatal(err)
				}
				read += b.Len()
			}
			for range 5 { // the end of the log may be told later
				if read != stop || b.Next != stop {
					t.Fatalf("%d records and position %d, want %d", read, b.Next, stop)
				}
				if err := p.Read(context.Background(), b, stop, 100*time.Millisecond); err != nil {
					t.Fatal(err)
				}
				read += b.Len()
			}
			for deadline := time.Now().Add(10 * time.Second); b.Next < 10 && time.Now().Before(deadline); {
				if err := p.Read(context.Background(), b, 10, 100*time.Millisecond); err != nil {
					t.Fatal(err)
				}
				read += b.Len()
			}
			if read != 10 || b.Next != 10 {
				t.Errorf("%d records and position %d after stop has moved on, want 10", read, b.Next)
			}
		})
	}
}

// The end behind a transaction's marker is told once: to whom it is not of use yet, it is later.
func TestEndBehindStop(t *testing.T) {
	for _, fetcher := range []string{changelog.FetcherWire, changelog.FetcherLibrdkafka} {
		t.Run(fetcher, func(t *testing.T) {
			bootstrap, topic := newTopic(t, nil)
			tx := transactions(t, bootstrap, topic)
			defer tx.Close()
			if err := tx.Begin(); err != nil {
				t.Fatal(err)
			}
			if _, err := tx.Send(t.Context(), topic, one("k", "v")); err != nil {
				t.Fatal(err)
			}
			if err := tx.Commit(t.Context()); err != nil {
				t.Fatal(err)
			}
			p := partition(t, fetcher, bootstrap, topic, 0)
			time.Sleep(300 * time.Millisecond) // librdkafka has both the record and the end by then
			for _, stop := range []stores.Offset{1, 2} {
				b := changelog.NewBatch()
				for deadline := time.Now().Add(10 * time.Second); b.Next < stop && time.Now().Before(deadline); {
					if err := p.Read(context.Background(), b, stop, 100*time.Millisecond); err != nil {
						t.Fatal(err)
					}
				}
				if b.Next != stop {
					t.Errorf("position %d, want %d", b.Next, stop)
				}
			}
		})
	}
}

// partition reads partition 0 of a topic from an offset on, until the test ends.
func partition(t *testing.T, fetcher, bootstrap, topic string, from stores.Offset) changelog.PartitionReader {
	t.Helper()
	r, err := changelog.NewReader(bootstrap, topic, changelog.ReaderOptions{Fetcher: fetcher})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(r.Close)
	p, err := r.Partition(0, from)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(p.Close)
	return p
}
