package changelog_test

import (
	"context"
	"testing"
	"time"

	"restorebench/harness/changelog"
)

// The log goes on behind the captured end while it is restored: the position must not, or
// the offset that is saved is ahead of the data.
func TestPositionStaysAtStop(t *testing.T) {
	for _, fetcher := range []string{changelog.FetcherWire, changelog.FetcherLibrdkafka} {
		t.Run(fetcher, func(t *testing.T) {
			bootstrap, topic := newTopic(t, nil)
			var records []rec
			for range 10 {
				records = append(records, rec{key: []byte("k"), value: []byte("v")})
			}
			write(t, bootstrap, topic, nil, records...)
			r, err := changelog.NewReader(bootstrap, topic, changelog.ReaderOptions{Fetcher: fetcher})
			if err != nil {
				t.Fatal(err)
			}
			defer r.Close()
			p, err := r.Partition(0, 0)
			if err != nil {
				t.Fatal(err)
			}
			defer p.Close()
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
		})
	}
}
