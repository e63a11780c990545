package torture

import (
	"context"
	"errors"
	"fmt"
	"time"

	"restorebench/harness/changelog"
	"restorebench/stores"
)

// errTranscript means that a changelog holds what cannot come from its input.
var errTranscript = errors.New("the changelog is no transcript of the input")

// history is what the harness itself has read of a changelog, through librdkafka: another
// reader than the processor's.
type history struct {
	traffic traffic
	brokers string
	stall   time.Duration // nothing that comes for so long is an error
	topic   string
	part    int32 // of the topic
	exactly bool  // once: only what is committed counts, and nothing is repeated
	entries []entry
	next    stores.Offset // to be read
	newest  int64         // number behind the highest one in it
}

// entry is a record of the changelog.
type entry struct {
	offset stores.Offset
	number int64 // in the input
}

// newHistory is of partition 0.
func newHistory(t traffic, o *Options, topic string, exactly bool) *history {
	return &history{traffic: t, brokers: o.Brokers, stall: o.Stall, topic: topic, exactly: exactly}
}

func (h *history) open(fetcher string) (changelog.Reader, error) {
	o := changelog.ReaderOptions{Fetcher: fetcher}
	if h.exactly {
		o.Settings = changelog.Committed()
	}
	return changelog.NewReader(h.brokers, h.topic, o)
}

// readAll reads up to the end that there is. The wire is asked for that: a commit is confirmed before
// its markers are written, which only the wire waits for.
func (h *history) readAll(ctx context.Context) error {
	reader, err := h.open(changelog.FetcherWire)
	if err != nil {
		return err
	}
	_, end, err := reader.EndOffsets(h.part, groundTimeout)
	reader.Close()
	if err != nil {
		return err
	}
	return h.readTo(ctx, end)
}

// readTo reads on up to an offset. Each record must be the one that follows in the input;
// under at least once it may be one that came before, since a restart repeats.
func (h *history) readTo(ctx context.Context, to stores.Offset) error {
	if h.next >= to {
		return nil
	}
	reader, err := h.open(changelog.FetcherLibrdkafka)
	if err != nil {
		return err
	}
	defer reader.Close()
	err = changelog.Through(ctx, reader, h.part, h.next, to, h.stall, func(b *stores.Batch) error {
		for i := range b.Len() {
			if err := h.add(b, i); err != nil {
				return err
			}
		}
		h.next = max(h.next, b.Next)
		return nil
	})
	if err != nil {
		return fmt.Errorf("what the harness reads of %s: %w", h.topic, err)
	}
	return nil
}

func (h *history) add(b *stores.Batch, i int) error {
	e := &b.Entries[i]
	n := numberOf(e.Timestamp)
	if n < 0 || n > h.newest || h.exactly && n != h.newest {
		return fmt.Errorf("%w: record %d at offset %d of %s, want %d%s", errTranscript, n, e.Offset, h.topic, h.newest,
			map[bool]string{false: " or one before"}[h.exactly])
	}
	key, value := h.traffic.record(n)
	if !same(key, b.Key(i)) || !same(value, b.Value(i)) {
		return fmt.Errorf("%w: record %d at offset %d has other bytes", errTranscript, n, e.Offset)
	}
	h.entries = append(h.entries, entry{stores.Offset(e.Offset), n})
	h.newest = max(h.newest, n+1)
	return nil
}

// writes are the records of the changelog, and how many of them lie before an offset.
func (h *history) writes(before stores.Offset) (all []write, n int) {
	for _, e := range h.entries {
		key, value := h.traffic.record(e.number)
		all = append(all, write{key, value})
		if e.offset < before {
			n++
		}
	}
	return all, n
}

// inputs are the records of the input that reached the changelog.
func (h *history) inputs() (all []write) {
	for i := range h.newest {
		key, value := h.traffic.record(i)
		all = append(all, write{key, value})
	}
	return all
}
