package wire

import (
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"slices"

	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"

	"restorebench/internal/defect"
	"restorebench/stores"
)

// Layout of a record batch (DefaultRecordBatch in Kafka's clients), big-endian.
const (
	baseOffsetAt     = 0  // int64
	lengthAt         = 8  // int32, bytes that follow it
	magicAt          = 16 // int8
	crcAt            = 17 // uint32, CRC-32C of what follows it
	attributesAt     = 21 // int16
	lastOffsetAt     = 23 // int32, relative to the base offset
	baseTimestampAt  = 27 // int64
	maxTimestampAt   = 35 // int64
	producerAt       = 43 // int64
	countAt          = 57 // int32
	batchHeader      = 61 // bytes before the first record
	leastRecordBytes = 7  // length, attributes, timestamp, offset, key, value and headers
	compression      = 7  // attributes
	logAppendTime    = 1 << 3
	transactional    = 1 << 4
	control          = 1 << 5
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// header is what is known of a record batch without its records.
type header struct {
	bytes       int           // of the batch, with its header
	first, next stores.Offset // of its records, and behind them
	records     int
	attributes  uint16
	producer    int64
}

// readHeader reads the header of the batch that raw begins with. It returns false when the
// response's size has cut the batch off; it comes whole with the next one.
func readHeader(raw []byte) (h header, whole bool, err error) {
	if len(raw) < batchHeader {
		return h, false, nil
	}
	if magic := raw[magicAt]; magic != 2 {
		return h, false, fmt.Errorf("%w: record batch of format %d; only 2 is known", ErrCorrupt, magic)
	}
	size := int64(lengthAt+4) + int64(int32(binary.BigEndian.Uint32(raw[lengthAt:])))
	if size < batchHeader {
		return h, false, fmt.Errorf("%w: record batch of %d bytes", ErrCorrupt, size)
	}
	if size > int64(len(raw)) {
		return h, false, nil
	}
	first := int64(binary.BigEndian.Uint64(raw[baseOffsetAt:]))
	last := first + int64(int32(binary.BigEndian.Uint32(raw[lastOffsetAt:])))
	if first < 0 || last < first {
		return h, false, fmt.Errorf("%w: record batch from offset %d to %d", ErrCorrupt, first, last)
	}
	return header{
		bytes: int(size), first: stores.Offset(first), next: stores.Offset(last + 1),
		records:    int(int32(binary.BigEndian.Uint32(raw[countAt:]))),
		attributes: binary.BigEndian.Uint16(raw[attributesAt:]),
		producer:   int64(binary.BigEndian.Uint64(raw[producerAt:])),
	}, true, nil
}

// behind is the position after the batches of a response that was asked for at, and how many offsets up to there have nothing, as
// the log cleaner leaves them. Of a batch that begins before at, whatever it lacks counts.
func behind(raw []byte, at stores.Offset) (next stores.Offset, holes int64, err error) {
	for {
		h, whole, err := readHeader(raw)
		if err != nil || !whole {
			return at, holes, err
		}
		holes += max(int64(h.first-at), 0) + max(int64(h.next-h.first)-int64(h.records), 0)
		at = max(at, h.next)
		raw = raw[h.bytes:]
	}
}

// decoder finds records in record batches.
type decoder struct {
	aborted      aborted
	decompressor kgo.Decompressor // made when first needed
	room         room
}

// decode adds the records of the batches at b.Arena[at:end] that lie in from..stop.
func (d *decoder) decode(b *stores.Batch, at, end int, from, stop stores.Offset) error {
	raw := b.Arena[at:end] // the arena may grow, and so move
	for {
		h, whole, err := readHeader(raw)
		if err != nil || !whole {
			return err
		}
		// Before anything in it is believed, that it is a marker or ends elsewhere included.
		if err := checksum(raw[:h.bytes]); err != nil {
			return fmt.Errorf("batch of offsets %d to %d: %w", h.first, h.next-1, err)
		}
		if d.wanted(&h, from, stop) {
			if err := d.batch(b, raw[:h.bytes], at, &h, from, stop); err != nil {
				return fmt.Errorf("batch of offsets %d to %d: %w", h.first, h.next-1, err)
			}
			if defect.Is(defect.PageTwice) {
				_ = d.batch(b, raw[:h.bytes], at, &h, from, stop)
			}
		}
		raw, at = raw[h.bytes:], at+h.bytes
	}
}

// checksum compares a batch's.
func checksum(raw []byte) error {
	got, want := crc32.Checksum(raw[attributesAt:], castagnoli), binary.BigEndian.Uint32(raw[crcAt:])
	if got != want && !defect.Is(defect.ChecksumIgnored) {
		return fmt.Errorf("%w: checksum %08x, want %08x", ErrCorrupt, got, want)
	}
	return nil
}

// count is how many records of the batches in raw lie in from..stop.
func (d *decoder) count(raw []byte, from, stop stores.Offset) (n int64, err error) {
	for {
		h, whole, err := readHeader(raw)
		if err != nil || !whole {
			return n, err
		}
		switch {
		case !d.wanted(&h, from, stop):
		case h.first >= from && h.next <= stop:
			n += int64(h.records)
		default: // an end cuts it: only its records tell how many are on this side
			b := stores.Batch{Arena: append([]byte(nil), raw[:h.bytes]...)}
			if err := d.batch(&b, b.Arena, 0, &h, from, stop); err != nil {
				return n, err
			}
			n += int64(b.Len()) + b.NullKeys
		}
		raw = raw[h.bytes:]
	}
}

// wanted tells whether a batch has records for us, and follows the transactions.
func (d *decoder) wanted(h *header, from, stop stores.Offset) bool {
	return !d.aborted.skip(h) && h.next > from && h.first < stop
}

// batch adds the records of one batch, which lies in the arena at a position.
func (d *decoder) batch(b *stores.Batch, raw []byte, at int, h *header, from, stop stores.Offset) error {
	start, end := at+batchHeader, at+len(raw)
	if codec := h.attributes & compression; codec != 0 {
		start = len(b.Arena)
		if err := d.decompress(b, raw[batchHeader:], kgo.CompressionCodecType(codec)); err != nil {
			return fmt.Errorf("%w: %w", ErrCorrupt, err)
		}
		end = len(b.Arena)
	}
	if h.records < 0 || h.records > (end-start)/leastRecordBytes {
		return fmt.Errorf("%w: %d records in %d bytes", ErrCorrupt, h.records, end-start)
	}
	if end > 1<<32-1 {
		return fmt.Errorf("%w: %d bytes in one response", ErrCorrupt, end)
	}
	s := span{from: int64(from), to: int64(stop), offset: int64(h.first)}
	s.timestamp = int64(binary.BigEndian.Uint64(raw[baseTimestampAt:]))
	if h.attributes&logAppendTime != 0 && !defect.Is(defect.AppendTimeIgnored) {
		s.timestamp, s.sameTime = int64(binary.BigEndian.Uint64(raw[maxTimestampAt:])), true
	}
	b.Entries = slices.Grow(b.Entries, h.records)
	return s.records(b, start, end, h.records)
}

// span is what one batch's records have in common.
type span struct {
	from, to  int64 // offsets wanted
	offset    int64 // that the records' are relative to
	timestamp int64 // the same
	sameTime  bool  // but all records have this one
}

// records adds n records, which lie one after the other in the arena:
//
//	length attributes(1) timestamp offset keyLength key valueLength value headers
//
// with signed varints (zig-zag) for numbers, and -1 as the length of null.
func (s *span) records(b *stores.Batch, at, end, n int) error {
	raw := b.Arena[:end]
	for range n {
		length, i := varint(raw, at)
		if i < 0 || length < leastRecordBytes-1 || length > int64(end-i) {
			return fmt.Errorf("%w: a record of %d bytes where %d are left", ErrCorrupt, length, end-at)
		}
		at = i + int(length)
		time, i := varint(raw, i+1) // behind the attributes, of which there are none
		offset, i := varint(raw, i)
		keyLen, i := varint(raw, i)
		key := i
		if keyLen > 0 {
			i += int(min(keyLen, int64(end)))
		}
		valueLen, i := varint(raw, i)
		if i < 0 || int64(i)+max(valueLen, 0) > int64(at) || keyLen < -1 || valueLen < -1 {
			return fmt.Errorf("%w: a record whose key of %d and value of %d bytes exceed its %d", ErrCorrupt, keyLen, valueLen, length)
		}
		offset += s.offset
		switch {
		case offset < s.from || offset >= s.to:
			continue
		case keyLen < 0:
			b.NullKeys++
			continue
		case s.sameTime:
			time = 0
		}
		b.Entries = append(b.Entries, stores.Entry{
			Offset: offset, Timestamp: s.timestamp + time,
			Pos: uint32(key), KeyLen: uint32(keyLen), ValueLen: int32(valueLen), ValuePos: uint32(i),
		})
	}
	return nil
}

// varint reads the number at raw[i] and returns the position behind it, -1 if there is
// none.
func varint(raw []byte, i int) (int64, int) {
	if uint(i) < uint(len(raw)) && raw[i] < 0x80 {
		return int64(raw[i]>>1) ^ -int64(raw[i]&1), i + 1
	}
	return longVarint(raw, i)
}

func longVarint(raw []byte, i int) (int64, int) {
	if uint(i) >= uint(len(raw)) {
		return 0, -1
	}
	x, n := binary.Uvarint(raw[i:])
	if n <= 0 {
		return 0, -1
	}
	return int64(x>>1) ^ -int64(x&1), i + n
}

// decompress adds what src holds to the arena: up to 2 GiB, which is franz-go's bound. A smaller one, or one by the
// length of src, would refuse what producers make: of zeros 64 KiB are 2 GiB in zstd's format.
func (d *decoder) decompress(b *stores.Batch, src []byte, codec kgo.CompressionCodecType) error {
	if d.decompressor == nil {
		d.decompressor = kgo.DefaultDecompressor(&d.room)
	}
	n := len(b.Arena)
	d.room.free = b.Arena[n:cap(b.Arena):cap(b.Arena)]
	plain, err := d.decompressor.Decompress(src, codec)
	switch {
	case err != nil:
		return err
	case len(plain) > 0 && len(d.room.free) > 0 && &plain[0] == &d.room.free[0]:
		b.Arena = b.Arena[:n+len(plain)] // it lies there
	default:
		b.Arena = append(b.Arena, plain...)
	}
	return nil
}

// room hands the free end of the arena to the decompressor, which goes elsewhere if that is
// too small.
type room struct{ free []byte }

// GetDecompressBytes implements kgo.PoolDecompressBytes.
func (r *room) GetDecompressBytes([]byte, kgo.CompressionCodecType) []byte { return r.free[:0] }

// PutDecompressBytes implements kgo.PoolDecompressBytes.
func (*room) PutDecompressBytes([]byte) {}

// aborted are the aborted transactions of one response: the offsets where they begin,
// by producer, in order. The broker only lists them under read_committed.
type aborted map[int64][]int64

func abortedIn(p *kmsg.FetchResponseTopicPartition) aborted {
	if len(p.AbortedTransactions) == 0 {
		return nil
	}
	a := aborted{}
	for _, t := range p.AbortedTransactions {
		a[t.ProducerID] = append(a[t.ProducerID], t.FirstOffset)
	}
	return a
}

// skip tells whether a batch holds nothing for a reader: markers, or records of an aborted
// transaction. It is to be asked of every batch, in their order.
func (a aborted) skip(h *header) bool {
	begins := a[h.producer]
	begun := len(begins) > 0 && begins[0] <= int64(h.first)
	if h.attributes&control != 0 {
		// It ends the producer's present transaction. One that was committed is not listed:
		// it ends before the next aborted one begins.
		if begun {
			a[h.producer] = begins[1:]
		}
		return !defect.Is(defect.ControlCounted)
	}
	return begun && h.attributes&transactional != 0 && !defect.Is(defect.AbortedApplied)
}
