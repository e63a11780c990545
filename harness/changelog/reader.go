package changelog

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"restorebench/harness/changelog/wire"
	"restorebench/stores"
)

// How a topic is read.
const (
	FetcherAuto       = "auto"       // FetcherWire, unless there are settings that only librdkafka knows
	FetcherWire       = "wire"       // straight off the socket, see package wire
	FetcherLibrdkafka = "librdkafka" // by the client library, as most processors in Go do
)

// ReaderOptions say how a topic is read. The zero value is the fastest way.
type ReaderOptions struct {
	Fetcher string // "" is FetcherAuto
	// QueueBytes is what may have been fetched and not been applied, per partition;
	// 0 is a default.
	QueueBytes int64
	// Settings override ReplaySettings. The wire knows isolation.level of them, and
	// nothing else.
	Settings Settings
}

// Reader reads the partitions of one changelog topic, without a consumer group.
type Reader interface {
	// Fetcher is how it reads: FetcherWire or FetcherLibrdkafka.
	Fetcher() string
	// Topic is the topic's name.
	Topic() string
	// Identity says which topic of that name is read, and how many partitions it has.
	Identity(timeout time.Duration) (Identity, error)
	// EndOffsets captures the first offset that exists and the end offset (the high
	// watermark: the next offset to be written) of a partition.
	EndOffsets(partition int32, timeout time.Duration) (begin, end stores.Offset, err error)
	// KeepsTombstones says for how many milliseconds a tombstone is sure to be in the topic; Forever where it is not compacted. The
	// error wraps ErrUntold where asking again is of no use.
	KeepsTombstones(timeout time.Duration) (ms int64, err error)
	// Partition starts to fetch a partition from offset from on.
	Partition(partition int32, from stores.Offset) (PartitionReader, error)
	// Close ends the reader; its partitions must have been closed.
	Close()
}

// PartitionReader reads one partition in order. One goroutine uses it.
type PartitionReader interface {
	// Read fills b, which it resets first, with the records that follow, all of them
	// below stop, and sets b.Next. It returns as soon as there is something or the
	// position has moved; b may then be empty with an unchanged Next, after about wait.
	// The position can move without records: over transaction markers, aborted and
	// compacted records.
	Read(ctx context.Context, b *stores.Batch, stop stores.Offset, wait time.Duration) error
	// Stats says where the time went so far.
	Stats() ReadStats
	// Close stops fetching.
	Close()
}

// Forever is how long tombstones are kept by a topic that is not compacted.
const Forever = wire.Forever

// Identity tells a topic from another of the same name (KIP-516).
type Identity = wire.Identity

// ReadStats says where a PartitionReader's time went.
type ReadStats struct {
	Wait   time.Duration // for records to arrive
	Decode time.Duration // finding them, or copying them into batches
	// Holes are offsets that were passed, or soon will be, of which the log cleaner has left nothing. librdkafka does not tell
	// these from markers of transactions, and counts both.
	Holes int64
}

// ErrSettings means that the wire was asked for, with settings that it does not know.
var ErrSettings = errors.New("consumer settings need librdkafka")

// Committed are the settings of a reader to which records of open and of aborted transactions do not
// exist.
func Committed() Settings { return Settings{isolationLevel: readCommitted} }

// NewReader creates a reader for topic. It connects in the background; a broker
// that can't be reached shows in the first call that needs one.
func NewReader(bootstrap, topic string, o ReaderOptions) (Reader, error) {
	fetcher, err := o.fetcher()
	if err != nil {
		return nil, err
	}
	if fetcher == FetcherWire {
		return wireReader{wire.NewReader(bootstrap, topic, wire.Options{
			FetchBytes:    o.fetchBytes(),
			ReadCommitted: o.Settings[isolationLevel] == readCommitted,
		})}, nil
	}
	settings := Settings{}
	if o.QueueBytes > 0 {
		settings["queued.max.messages.kbytes"] = strconv.FormatInt(max(o.QueueBytes>>10, 1), 10)
	}
	maps.Copy(settings, o.Settings)
	return newLibReader(bootstrap, topic, settings)
}

const (
	isolationLevel  = "isolation.level"
	readCommitted   = "read_committed"
	readUncommitted = "read_uncommitted"
)

// Check says whether the options fit together, without connecting to anything.
func (o ReaderOptions) Check() error {
	fetcher, err := o.fetcher()
	if err != nil || fetcher == FetcherWire {
		return err
	}
	return CheckSettings(o.Settings, false)
}

// fetcher decides how to read.
func (o *ReaderOptions) fetcher() (string, error) {
	var unknown []string // to the wire
	for name, value := range o.Settings {
		if name != isolationLevel || value != readCommitted && value != readUncommitted {
			unknown = append(unknown, name)
		}
	}
	slices.Sort(unknown)
	switch {
	case o.Fetcher == FetcherLibrdkafka:
		return FetcherLibrdkafka, nil
	case o.Fetcher == FetcherWire && len(unknown) > 0:
		return "", fmt.Errorf("%w: fetcher %s and %s", ErrSettings, o.Fetcher, strings.Join(unknown, ", "))
	case o.Fetcher == FetcherWire:
		return FetcherWire, nil
	case o.Fetcher != "" && o.Fetcher != FetcherAuto:
		return "", fmt.Errorf("fetcher %q is unknown; allowed: %s, %s or %s", o.Fetcher, FetcherAuto, FetcherWire, FetcherLibrdkafka)
	case len(unknown) > 0:
		return FetcherLibrdkafka, nil
	}
	return FetcherWire, nil
}

// fetchBytes leaves room for the batches between fetching and applying.
func (o *ReaderOptions) fetchBytes() int {
	if o.QueueBytes <= 0 {
		return wire.DefaultFetchBytes
	}
	return int(min(max(o.QueueBytes/InFlight, leastFetchBytes), wire.DefaultFetchBytes))
}

const (
	// InFlight batches go round between fetching and applying: one being filled,
	// one being applied, and two to even out their speeds.
	InFlight        = 4
	leastFetchBytes = 64 << 10
)

// wireReader is a Reader straight off the socket.
type wireReader struct{ *wire.Reader }

func (wireReader) Fetcher() string { return FetcherWire }

func (r wireReader) Partition(partition int32, from stores.Offset) (PartitionReader, error) {
	return wirePartition{r.Reader.Partition(partition, from)}, nil
}

type wirePartition struct{ *wire.PartitionReader }

func (p wirePartition) Stats() ReadStats { return ReadStats(p.PartitionReader.Stats()) }
