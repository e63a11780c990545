package rocks

import (
	"bytes"
	"encoding/binary"
	"errors"
	"hash/crc32"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"restorebench/stores"
)

// Kafka Streams saves the last offset applied, a store has the next one.
func TestOffsetsBecomeEachOther(t *testing.T) {
	for _, c := range []struct {
		saved   int64
		next    stores.Offset
		refused bool
	}{
		{0, 1, false},
		{41, 42, false},
		{math.MaxInt64 - 1, math.MaxInt64, false},
		{math.MaxInt64, 0, true},
		{offsetUnknown, 0, false},
		{-1, 0, true},
		{-3, 0, true},
		{-5, 0, true},
	} {
		next, ok, err := nextOffset(binary.BigEndian.AppendUint64(nil, uint64(c.saved)))
		if next != c.next || ok != (next > 0) || (err != nil) != c.refused {
			t.Errorf("%d is saved: the next is %d, %v, %v", c.saved, next, ok, err)
		}
		if err == nil && savedOffset(next) != c.saved {
			t.Errorf("the next is %d: %d is saved, want %d", next, savedOffset(next), c.saved)
		}
	}
	for _, saved := range [][]byte{{}, make([]byte, 7), make([]byte, 9)} {
		if next, ok, err := nextOffset(saved); next != 0 || ok || err == nil || !strings.Contains(err.Error(), "want 8") {
			t.Errorf("%x is saved: %d, %v, %v", saved, next, ok, err)
		}
	}
	if next, ok, err := nextOffset(nil); next != 0 || ok || err != nil {
		t.Errorf("nothing is saved: %d, %v, %v", next, ok, err)
	}
}

// logRecord is a record of RocksDB's log format.
func logRecord(payload []byte) []byte {
	body := append([]byte{1}, payload...) // kFullType
	sum := crc32.Checksum(body, crc32.MakeTable(crc32.Castagnoli))
	r := binary.LittleEndian.AppendUint32(nil, (sum>>15|sum<<17)+0xa282ead8)
	return append(binary.LittleEndian.AppendUint16(r, uint16(len(payload))), body...)
}

// A record whose checksum is wrong is found wherever it lies in its block, and one that is cut off by the end of the file
// is not taken for wrong.
func TestCheckLog(t *testing.T) {
	half := logRecord(bytes.Repeat([]byte("a"), logBlock/2))
	filling := func(left int) []byte { // the rest of the block, but for some bytes
		return logRecord(bytes.Repeat([]byte("b"), logBlock-len(half)-logHeader-left))
	}
	for name, records := range map[string][][]byte{
		"one":                            {half},
		"to the end of its block":        {half, filling(0), half},
		"with an empty one at the end":   {half, filling(logHeader), logRecord(nil), half},
		"with zeros where none has room": {half, filling(logHeader - 1), make([]byte, logHeader-1), half},
		"whose block ends with the file": {half, filling(0)},
		"whose last is empty":            {half, logRecord(nil)},
		"that are short":                 {logRecord(nil), logRecord([]byte("x")), logRecord(nil)},
	} {
		log := bytes.Join(records, nil)
		if at, ok := checkLog(log); !ok || at != 0 {
			t.Fatalf("records %s: the one at byte %d is wrong", name, at)
		}
		start := 0
		for _, r := range records {
			for at := range r {
				if len(r) < logHeader || at > logHeader && at < len(r)-1 && at%997 != 0 {
					continue
				}
				if at == 4 || at == 5 {
					continue // another length makes it another record
				}
				log[start+at] ^= 0x10
				if found, ok := checkLog(log); ok || found != start {
					t.Errorf("records %s: byte %d of the one at %d is wrong: found at %d, right: %v", name, at, start, found, ok)
				}
				log[start+at] ^= 0x10
			}
			start += len(r)
		}
		last := len(log) - len(records[len(records)-1])
		for n := last; n < len(log); n++ {
			if at, ok := checkLog(log[:n]); !ok {
				t.Errorf("records %s, cut to %d of %d bytes: the one at %d is wrong", name, n, len(log), at)
			}
		}
	}
	long := logRecord(nil)
	binary.LittleEndian.PutUint16(long[4:], logBlock-logHeader+1)
	if at, ok := checkLog(long); ok || at != 0 {
		t.Errorf("a record that reaches over its block: %d, %v", at, ok)
	}
	second := bytes.Join([][]byte{half, filling(0), logRecord([]byte("x")), long}, nil)
	if at, ok := checkLog(second); ok || at != len(second)-len(long) {
		t.Errorf("a record that reaches over the second block: %d, %v, want %d", at, ok, len(second)-len(long))
	}
	binary.LittleEndian.PutUint16(long[4:], logBlock-logHeader)
	if at, ok := checkLog(long); !ok || at != 0 {
		t.Errorf("a record that has yet to fill its block: %d, %v", at, ok)
	}
}

// CURRENT names a MANIFEST in its own directory. What is not there at all is left to RocksDB.
func TestCheckManifest(t *testing.T) {
	for current, c := range map[string]struct{ manifest, want string }{
		"MANIFEST-000001\n":                    {string(logRecord([]byte("edit"))), ""},
		"MANIFEST-000001":                      {string(logRecord([]byte("edit"))), ""},
		"MANIFEST-000002\n":                    {"", ""},
		"MANIFEST-1/../MANIFEST-1":             {"", "want the name of a MANIFEST"},
		"MANIFEST-\n":                          {"", "want the name of a MANIFEST"},
		"MANIFEST-00\x00001\n":                 {"", "want the name of a MANIFEST"}, // no file can have it
		"MANIFEST-000001\n\n":                  {"", "want the name of a MANIFEST"},
		"MANIFEST-" + strings.Repeat("1", 300): {"", "want the name of a MANIFEST"}, // nor that
		"000001":                               {"", "want the name of a MANIFEST"},
		"":                                     {"", "want the name of a MANIFEST"},
		"MANIFEST-000003\n":                    {string(make([]byte, 50)), "the record at byte 0 of its MANIFEST-000003"},
	} {
		dir := t.TempDir()
		err := os.WriteFile(filepath.Join(dir, "CURRENT"), []byte(current), 0o600)
		if c.manifest != "" {
			err = errors.Join(err, os.WriteFile(filepath.Join(dir, strings.TrimSpace(current)), []byte(c.manifest), 0o600))
		}
		if err != nil {
			t.Fatal(err)
		}
		err = checkManifest(dir)
		if c.want == "" && err != nil || c.want != "" && (!errors.Is(err, stores.ErrCorrupt) || !strings.Contains(err.Error(), c.want)) {
			t.Errorf("CURRENT is %q: %v, want %q", current, err, c.want)
		}
	}
	if err := checkManifest(t.TempDir()); err != nil {
		t.Errorf("an empty directory: %v", err)
	}
}
