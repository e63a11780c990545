package wire

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"

	"restorebench/internal/alloctest"
	"restorebench/stores"
)

type record struct {
	offset     int64
	timestamp  int64
	key, value []byte
}

// encode makes a record batch as a producer does; seal must follow every change of it.
func encode(first int64, records []record, change func(*kmsg.RecordBatch)) []byte {
	b := kmsg.RecordBatch{FirstOffset: first, Magic: 2, ProducerID: -1, NumRecords: int32(len(records)), FirstTimestamp: 1000, MaxTimestamp: 99_000}
	for _, r := range records {
		k := kmsg.Record{OffsetDelta: int32(r.offset - first), TimestampDelta64: r.timestamp - 1000, Key: r.key, Value: r.value}
		if r.offset%3 == 0 {
			k.Headers = []kmsg.Header{{Key: "h", Value: []byte("x")}, {Key: "none"}}
		}
		k.Length = int32(len(k.AppendTo(nil)) - 1) // of the rest, behind a length of 0 that takes one byte
		b.Records = k.AppendTo(b.Records)
		b.LastOffsetDelta = k.OffsetDelta
	}
	if change != nil {
		change(&b)
	}
	return seal(b.AppendTo(nil))
}

// seal sets a batch's length and checksum.
func seal(raw []byte) []byte {
	binary.BigEndian.PutUint32(raw[lengthAt:], uint32(len(raw)-lengthAt-4))
	binary.BigEndian.PutUint32(raw[crcAt:], crc32.Checksum(raw[attributesAt:], castagnoli))
	return raw
}

func decodeAll(raw []byte, from, stop stores.Offset, aborted aborted) (got []record, nulls int64, err error) {
	b := stores.Batch{Arena: append([]byte("in front"), raw...)}
	d := decoder{aborted: aborted}
	err = d.decode(&b, 8, len(b.Arena), from, stop)
	for i := range b.Entries {
		got = append(got, record{b.Entries[i].Offset, b.Entries[i].Timestamp, b.Key(i), b.Value(i)})
	}
	return got, b.NullKeys, err
}

func show(records []record) (s string) {
	for _, r := range records {
		s += fmt.Sprintf("%d@%d %d:%x=%d:%x(%v) ", r.offset, r.timestamp, len(r.key), crc32.ChecksumIEEE(r.key), len(r.value), crc32.ChecksumIEEE(r.value), r.value == nil)
	}
	return s
}

// Random batches, with holes as compaction leaves them, null keys, tombstones, headers and
// lengths around the steps of the varints, come back as they were, from any position.
func TestDecode(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	sizes := []int{0, 1, 62, 63, 64, 65, 127, 128, 8191, 8192, 20_000}
	for range 300 {
		var raw []byte
		var all []record
		offset := random.Int64N(1 << 40)
		for range 1 + random.IntN(4) {
			offset += random.Int64N(3)
			var batch []record
			first := offset
			for range random.IntN(200) {
				offset += 1 + random.Int64N(2)*random.Int64N(100)
				r := record{offset: offset, timestamp: 1000 + random.Int64N(1<<random.IntN(40))}
				r.key = bytes.Repeat([]byte{1}, sizes[random.IntN(len(sizes)-2)])
				if random.IntN(10) == 0 {
					r.key = nil
				}
				if random.IntN(5) > 0 {
					r.value = append([]byte{}, bytes.Repeat([]byte{2}, sizes[random.IntN(len(sizes))])...)
				}
				batch = append(batch, r)
			}
			raw = append(raw, encode(first, batch, func(b *kmsg.RecordBatch) { b.LastOffsetDelta = int32(offset - first) })...)
			all = append(all, batch...)
			offset++
		}
		from, stop := stores.Offset(0), stores.Offset(1<<50)
		if len(all) > 0 && random.IntN(2) == 0 {
			from, stop = stores.Offset(all[random.IntN(len(all))].offset), stores.Offset(all[random.IntN(len(all))].offset)
		}
		var want []record
		var wantNulls int64
		for _, r := range all {
			switch {
			case r.offset < int64(from) || r.offset >= int64(stop):
			case r.key == nil:
				wantNulls++
			default:
				want = append(want, r)
			}
		}
		got, nulls, err := decodeAll(raw, from, stop, nil)
		if err != nil || nulls != wantNulls || show(got) != show(want) {
			t.Fatalf("%v, %d null keys, want %d;\n%.300s\nwant\n%.300s", err, nulls, wantNulls, show(got), show(want))
		}
		if next, holes, err := behind(raw, 0); err != nil || next != stores.Offset(offset) || holes != offset-int64(len(all)) {
			t.Fatalf("position %d, %d holes (%v), want %d, %d", next, holes, err, offset, offset-int64(len(all)))
		}
		d := decoder{}
		if n, err := d.count(raw, from, stop); err != nil || n != int64(len(want))+wantNulls {
			t.Fatalf("%d records were counted (%v), want %d", n, err, int64(len(want))+wantNulls)
		}
		cut := raw[:random.IntN(len(raw)+1)] // by the response's size
		if part, _, err := decodeAll(cut, from, stop, nil); err != nil || len(part) > len(want) || show(part) != show(want[:len(part)]) {
			t.Fatalf("cut off: %v, %d records of %d", err, len(part), len(want))
		}
	}
}

// Under log append time all records of a batch have the broker's time.
func TestLogAppendTime(t *testing.T) {
	raw := encode(5, []record{{5, 1000, []byte("a"), nil}, {6, 7000, []byte("b"), nil}}, func(b *kmsg.RecordBatch) { b.Attributes |= logAppendTime })
	got, _, err := decodeAll(raw, 0, 10, nil)
	if err != nil || len(got) != 2 || got[0].timestamp != 99_000 || got[1].timestamp != 99_000 {
		t.Errorf("%v %s", err, show(got))
	}
}

// Markers are never records, and aborted transactions only end at their own marker.
func TestTransactions(t *testing.T) {
	tx := func(producer int64, control bool) func(*kmsg.RecordBatch) {
		return func(b *kmsg.RecordBatch) {
			b.ProducerID = producer
			b.Attributes |= transactional
			if control {
				b.Attributes |= 1 << 5
			}
		}
	}
	var raw []byte
	add := func(offset, producer int64, control bool) {
		raw = append(raw, encode(offset, []record{{offset, 1000, fmt.Append(nil, offset), nil}}, tx(producer, control))...)
	}
	add(0, 1, false)                                                            // committed
	add(1, 1, true)                                                             //
	add(2, 1, false)                                                            // aborted
	add(3, 2, false)                                                            // committed, in between
	raw = append(raw, encode(4, []record{{4, 1000, []byte("4"), nil}}, nil)...) // no transaction
	add(5, 1, false)                                                            // aborted
	add(6, 1, true)                                                             //
	add(7, 2, true)                                                             //
	add(8, 1, false)                                                            // committed
	got, _, err := decodeAll(raw, 0, 100, aborted{1: {2}})
	var offsets []int64
	for _, r := range got {
		offsets = append(offsets, r.offset)
	}
	if err != nil || fmt.Sprint(offsets) != "[0 3 4 8]" {
		t.Errorf("read committed: %v (%v), want [0 3 4 8]", offsets, err)
	}
	if got, _, err := decodeAll(raw, 0, 100, nil); err != nil || len(got) != 6 {
		t.Errorf("read uncommitted: %d records (%v), want 6", len(got), err)
	}
}

// Every flipped bit and every wrong number is an error, and nothing is served.
func TestCorruptBatches(t *testing.T) {
	good := encode(3, []record{{3, 1000, []byte("key"), []byte("value")}, {4, 1001, []byte("k"), nil}}, nil)
	for at := attributesAt; at < len(good); at++ { // what lies in front of the checksum is the broker's
		for bit := range 8 {
			raw := bytes.Clone(good)
			raw[at] ^= 1 << bit
			if got, _, err := decodeAll(raw, 0, 100, nil); !errors.Is(err, ErrCorrupt) || len(got) > 0 {
				t.Errorf("byte %d, bit %d: %v, %s", at, bit, err, show(got))
			}
		}
	}
	for name, change := range map[string]func(raw []byte){
		"format":  func(raw []byte) { raw[magicAt] = 1 },
		"short":   func(raw []byte) { binary.BigEndian.PutUint32(raw[lengthAt:], 3) },
		"size":    func(raw []byte) { binary.BigEndian.PutUint32(raw[lengthAt:], 0xffffff00) },
		"records": func(raw []byte) { binary.BigEndian.PutUint32(raw[countAt:], 1<<30); seal(raw) },
		"minus":   func(raw []byte) { binary.BigEndian.PutUint32(raw[countAt:], 1<<31); seal(raw) },
		"length":  func(raw []byte) { raw[batchHeader] = 0x7e; seal(raw) },
		"key":     func(raw []byte) { raw[batchHeader+4] = 0x7e; seal(raw) },
		"codec":   func(raw []byte) { raw[attributesAt+1] |= 7; seal(raw) },
		"lz4":     func(raw []byte) { raw[attributesAt+1] |= 3; seal(raw) },
	} {
		raw := bytes.Clone(good)
		change(raw)
		if _, _, err := decodeAll(raw, 0, 100, nil); !errors.Is(err, ErrCorrupt) {
			t.Errorf("%s: %v, want ErrCorrupt", name, err)
		}
	}
}

// Whatever a socket delivers, decoding ends without a panic, and takes no more memory than the input explains where
// nothing is compressed. Of what is compressed that says little, see decompress.
func FuzzDecode(f *testing.F) {
	f.Add(encode(3, []record{{3, 1000, []byte("key"), []byte("value")}, {4, 1001, nil, nil}}, nil), false)
	f.Add(encode(0, []record{{0, 1, nil, []byte{}}}, func(b *kmsg.RecordBatch) { b.Attributes = 2 }), true)
	f.Add(encode(0, []record{{0, 1, nil, []byte{}}}, func(b *kmsg.RecordBatch) { b.NumRecords = 1 << 22 }), false)
	f.Fuzz(func(t *testing.T, raw []byte, sealed bool) {
		if sealed && len(raw) > batchHeader {
			raw = seal(bytes.Clone(raw))
		}
		decode := func() { _, _, _ = decodeAll(raw, 0, 1<<62, nil) }
		if compressed(raw) {
			decode()
			return
		}
		// A record of 7 bytes is an entry of 32, and here one of 64, in lists that are copied as they grow.
		alloctest.AtMost(t, 256*len(raw)+64<<10, decode)
	})
}

// compressed tells whether any of the batches is.
func compressed(raw []byte) bool {
	for {
		h, whole, err := readHeader(raw)
		if err != nil || !whole {
			return false
		}
		if h.attributes&compression != 0 {
			return true
		}
		raw = raw[h.bytes:]
	}
}

// A batch that says that it is longer than any may be is refused before there is memory for it.
func TestTooMuchIsCompressed(t *testing.T) {
	for name, c := range map[string]struct {
		codec int16
		data  []byte
	}{
		"snappy": {2, binary.AppendUvarint(nil, 1<<31)},
		"zstd":   {4, binary.LittleEndian.AppendUint64([]byte{0x28, 0xb5, 0x2f, 0xfd, 0xe0}, 1<<31)}, // a frame of one segment
	} {
		raw := encode(0, nil, func(b *kmsg.RecordBatch) {
			b.Attributes, b.NumRecords, b.Records = c.codec, 1, slices.Concat(c.data, make([]byte, 16))
		})
		alloctest.AtMost(t, 64<<20, func() {
			if _, _, err := decodeAll(raw, 0, 100, nil); !errors.Is(err, kgo.ErrMaxDecompress) || !errors.Is(err, ErrCorrupt) {
				t.Errorf("%s: %v", name, err)
			}
		})
	}
}
