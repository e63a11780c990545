package wire

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"syscall"
	"time"
	"unsafe"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kmsg"

	"restorebench/stores"
)

// Stats says where a PartitionReader's time went.
type Stats struct {
	Wait   time.Duration // for responses to arrive, reading them off the socket included
	Decode time.Duration // finding the records in them
	Holes  int64         // offsets passed, or soon to be, that the log cleaner has left nothing of
}

// PartitionReader reads one partition in order, over a connection of its own. One
// goroutine uses it.
type PartitionReader struct {
	reader    *Reader
	partition int32
	next      stores.Offset
	decoder   decoder
	stats     Stats

	conn    *conn // nil: none yet, or it was lost
	pending bool  // a request is under way, for next
	request *kmsg.FetchRequest
	answer  kmsg.FetchResponse

	moved   bool      // the leader has changed
	missing time.Time // since when the broker does not know the partition; zero: it does
	backoff time.Duration
}

// Partition reads a partition from offset from on.
func (r *Reader) Partition(partition int32, from stores.Offset) *PartitionReader {
	p := &PartitionReader{reader: r, partition: partition, next: from}
	req := kmsg.NewPtrFetchRequest()
	req.MinBytes, req.MaxBytes, req.IsolationLevel = 1, int32(r.options.FetchBytes), r.options.isolation()
	part := kmsg.NewFetchRequestTopicPartition()
	part.Partition, part.PartitionMaxBytes = partition, int32(r.options.FetchBytes)
	topic := kmsg.NewFetchRequestTopic()
	topic.Topic, topic.Partitions = r.topic, append(topic.Partitions, part)
	req.Topics = append(req.Topics, topic)
	p.request = req
	return p
}

// Close ends the connection.
func (p *PartitionReader) Close() { p.disconnect() }

// Stats says where the time went so far.
func (p *PartitionReader) Stats() Stats { return p.stats }

func (p *PartitionReader) disconnect() {
	if p.conn != nil {
		p.conn.Close()
	}
	p.conn, p.pending = nil, false
}

// Read fills b, which it resets first, with the records that follow, all of them below
// stop, and sets b.Next. It returns as soon as there is something or the position has
// moved; b may then be empty with an unchanged Next, after about wait. The position can
// move without records: over transaction markers, aborted and compacted records. The
// arena becomes as large as the response, and larger by what was compressed in it.
//
// A broker that can't be reached, or no longer leads the partition, is not an error: the
// next Read tries again. A position that the log does not have is ErrOffsetOutOfRange, and a topic that
// was created again ErrTopicChanged.
func (p *PartitionReader) Read(ctx context.Context, b *stores.Batch, stop stores.Offset, wait time.Duration) error {
	b.Reset()
	b.Partition, b.Next = p.partition, p.next
	if err := ctx.Err(); err != nil || p.next >= stop {
		return err
	}
	start, decoding := time.Now(), p.stats.Decode
	err := p.read(ctx, b, stop, wait)
	p.stats.Wait += time.Since(start) - (p.stats.Decode - decoding)
	if err != nil {
		p.disconnect()
		if err = p.survive(ctx, err, wait); err != nil {
			return fmt.Errorf("read %s-%d at offset %d: %w", p.reader.topic, p.partition, p.next, err)
		}
	}
	return nil
}

func (p *PartitionReader) read(ctx context.Context, b *stores.Batch, stop stores.Offset, wait time.Duration) error {
	from := p.next
	part, next, err := p.fetch(ctx, b, stop, wait)
	if err != nil || next == from {
		return err
	}
	start := time.Now()
	p.decoder.aborted = abortedIn(part)
	// The records lie in the arena already.
	at := int(uintptr(unsafe.Pointer(unsafe.SliceData(part.RecordBatches))) - uintptr(unsafe.Pointer(unsafe.SliceData(b.Arena))))
	err = p.decoder.decode(b, at, at+len(part.RecordBatches), from, stop)
	p.stats.Decode += time.Since(start)
	if err != nil {
		p.next = from
		b.Reset()
		return err
	}
	b.Next = min(next, stop)
	p.next = b.Next
	return nil
}

// fetch receives a response into b's arena and moves the position behind it, or behind
// as many record batches as are whole. Unless that is the end, what follows is asked for:
// the broker is busy then while we are.
func (p *PartitionReader) fetch(ctx context.Context, b *stores.Batch, stop stores.Offset, wait time.Duration) (*kmsg.FetchResponseTopicPartition, stores.Offset, error) {
	if !p.pending {
		if err := p.ask(ctx, wait); err != nil {
			return nil, 0, err
		}
	}
	p.pending = false
	var err error
	if b.Arena, err = p.conn.receive(ctx, b.Arena[:0]); err != nil {
		b.Arena = b.Arena[:0]
		return nil, 0, err
	}
	part, err := p.parse(b.Arena)
	if err != nil {
		return nil, 0, err
	}
	p.missing, p.backoff = time.Time{}, 0
	next, holes, err := behind(part.RecordBatches, p.next)
	if err != nil {
		return nil, 0, err
	}
	p.stats.Holes += holes
	if p.next = next; next < stop && len(part.RecordBatches) > 0 {
		if err := p.ask(ctx, wait); err != nil {
			p.disconnect() // what has come counts all the same
		}
	}
	return part, next, nil
}

// Skim is Read without the records: it looks at the headers of the record batches only.
// Nothing is decompressed and no checksum is computed. It returns how many records
// there are below stop, those with null keys included, and the bytes of the response. b
// holds nothing but the position then.
func (p *PartitionReader) Skim(ctx context.Context, b *stores.Batch, stop stores.Offset, wait time.Duration) (records, bytes int64, err error) {
	b.Reset()
	b.Partition, b.Next = p.partition, p.next
	if err := ctx.Err(); err != nil || p.next >= stop {
		return 0, 0, err
	}
	from := p.next
	part, next, err := p.fetch(ctx, b, stop, wait)
	if err == nil && next > from {
		bytes = int64(len(b.Arena))
		p.decoder.aborted = abortedIn(part)
		records, err = p.decoder.count(part.RecordBatches, from, stop)
	}
	b.Reset()
	if err != nil {
		return 0, 0, fmt.Errorf("read %s-%d at offset %d: %w", p.reader.topic, p.partition, from, err)
	}
	p.next = min(next, stop)
	b.Partition, b.Next = p.partition, p.next
	return records, bytes, nil
}

// ask sends the request for what follows the position.
func (p *PartitionReader) ask(ctx context.Context, wait time.Duration) error {
	if p.conn == nil {
		address, id, err := p.reader.leader(ctx, p.partition, p.moved)
		if err != nil {
			return err
		}
		if p.conn, err = p.reader.connect.dial(ctx, address); err != nil {
			return err
		}
		p.moved = false
		p.request.Version, p.request.Topics[0].TopicID = p.conn.fetches, id
		if id == ([16]byte{}) {
			p.request.Version = fetchByName
		}
	}
	p.request.MaxWaitMillis = int32(wait.Milliseconds())
	p.request.Topics[0].Partitions[0].FetchOffset = int64(p.next)
	p.pending = true
	return p.conn.send(p.request)
}

// parse finds the partition in a response.
func (p *PartitionReader) parse(raw []byte) (*kmsg.FetchResponseTopicPartition, error) {
	if err := parse(p.request, &p.answer, raw); err != nil {
		return nil, err
	}
	if err := kerr.ErrorForCode(p.answer.ErrorCode); err != nil {
		return nil, err
	}
	if len(p.answer.Topics) != 1 || len(p.answer.Topics[0].Partitions) != 1 || p.answer.Topics[0].Partitions[0].Partition != p.partition {
		return nil, fmt.Errorf("a fetch response of %d topics, want one partition", len(p.answer.Topics))
	}
	part := &p.answer.Topics[0].Partitions[0]
	return part, kerr.ErrorForCode(part.ErrorCode)
}

// What an error of a fetch is retried with.
const (
	leastBackoff = 10 * time.Millisecond
	mostBackoff  = time.Second
	// missingLimit is how long a broker may not know a partition: as long as librdkafka's
	// topic.metadata.propagation.max.ms.
	missingLimit = 30 * time.Second
)

// survive returns nil, after a while, for an error that another try may be spared.
func (p *PartitionReader) survive(ctx context.Context, err error, wait time.Duration) error {
	switch {
	case ctx.Err() != nil:
		return ctx.Err()
	case errors.Is(err, kerr.OffsetOutOfRange):
		return fmt.Errorf("%w (%w)", ErrOffsetOutOfRange, err)
	case errors.Is(err, kerr.UnknownTopicOrPartition), errors.Is(err, kerr.UnknownTopicID), errors.Is(err, kerr.InconsistentTopicID):
		if p.missing.IsZero() {
			p.missing = time.Now()
		}
		if time.Since(p.missing) > missingLimit {
			return err
		}
	case leaderMoves(err), lost(err):
	default:
		return err
	}
	p.moved = true
	p.backoff = min(max(2*p.backoff, leastBackoff), mostBackoff)
	return pause(ctx, min(p.backoff, max(wait, leastBackoff)))
}

// lost tells that a broker is not there, or not any more.
func lost(err error) bool {
	var n net.Error
	return errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, net.ErrClosed) ||
		errors.Is(err, syscall.ECONNRESET) || errors.Is(err, syscall.ECONNREFUSED) || errors.Is(err, syscall.EPIPE) || errors.As(err, &n)
}
