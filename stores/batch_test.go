package stores_test

import (
	"bytes"
	"math"
	"testing"

	"golang.org/x/sys/unix"

	"restorebench/stores"
)

func TestBatch(t *testing.T) {
	type record struct {
		key, value string
		tombstone  bool
		timestamp  int64
	}
	all := []record{{"a", "value", false, 5}, {"", "", false, 0}, {"b", "", true, -1}, {"c", "v", false, math.MaxInt64}}
	b := &stores.Batch{NullKeys: 3}
	for round := range 2 {
		b.Reset()
		if b.Len() != 0 || b.Bytes() != 0 || b.Next != 0 || b.NullKeys != 0 {
			t.Fatalf("an empty batch is %+v", b)
		}
		for i, r := range all {
			value := []byte(r.value)
			if r.tombstone {
				value = nil
			}
			at := stores.Offset(10*round + 2*i)
			if !b.Append([]byte(r.key), value, r.timestamp, at) || b.Next != at+1 || b.Len() != i+1 {
				t.Fatalf("record %d at %d: next is %d, %d records", i, at, b.Next, b.Len())
			}
		}
		for i, r := range all {
			key, value := b.Key(i), b.Value(i)
			if string(key) != r.key || string(value) != r.value || (value == nil) != r.tombstone {
				t.Errorf("record %d is %q = %q, nil: %v", i, key, value, value == nil)
			}
			if e := b.Entries[i]; e.Timestamp != r.timestamp || e.Offset != int64(10*round+2*i) {
				t.Errorf("record %d is %+v", i, e)
			}
			_, _ = append(key, '!'), append(value, '!') // which overwrites nothing
		}
		if !bytes.Equal(b.Arena, []byte("avaluebcv")) || b.Bytes() != 9 {
			t.Errorf("the arena is %q, of %d bytes", b.Arena, b.Bytes())
		}
	}
	var none stores.Batch
	if none.Append(nil, []byte{}, 0, 0); none.Value(0) == nil {
		t.Error("an empty value alone is taken for null")
	}
}

// What positions and lengths of 32 bits can't say is refused before it is looked at.
func TestBatchIsFull(t *testing.T) {
	room, err := unix.Mmap(-1, 0, math.MaxUint32, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_ANON|unix.MAP_PRIVATE|unix.MAP_NORESERVE)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = unix.Munmap(room) }()
	b := &stores.Batch{Arena: room[:math.MaxUint32-2], Next: 7}
	if b.Append([]byte("k"), []byte("vv"), 0, 7) || b.Append([]byte("key"), nil, 0, 7) || b.Len() != 0 || b.Next != 7 {
		t.Errorf("a record that is a byte too long is taken: %d records, next is %d", b.Len(), b.Next)
	}
	if !b.Append([]byte("k"), []byte("v"), 0, 7) || string(b.Key(0)) != "k" || string(b.Value(0)) != "v" {
		t.Error("a record that fits is refused, or another one")
	}
	if b.Append(nil, []byte("v"), 0, 8) {
		t.Error("a full batch takes a record")
	}
	b = &stores.Batch{}
	if b.Append([]byte("k"), room[:math.MaxInt32+1], 0, 0) || b.Append(nil, room, 0, 0) || b.Len() != 0 || len(b.Arena) > 0 {
		t.Errorf("a value of 2 GiB or more is taken: %d records", b.Len())
	}
}
