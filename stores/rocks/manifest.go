package rocks

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"

	"restorebench/stores"
)

// RocksDB's log format (db/log_format.h), of which its MANIFEST is one too: blocks of 32 KiB with records that never reach
// over their end, each a checksum, a length and a type, then that many bytes. What is too short for a record at the end of a
// block is zeros.
const (
	logBlock       = 32 << 10
	logHeader      = 7
	maskDelta      = 0xa282ead8 // util/crc32c.h: a checksum of checksums is a bad one
	manifestPrefix = "MANIFEST-"
)

// manifestName is how RocksDB names a MANIFEST. What CURRENT has instead may be no name of a file at all.
var manifestName = regexp.MustCompile(`^MANIFEST-[0-9]{1,20}$`)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// checkManifest refuses a MANIFEST with a record whose checksum is wrong. RocksDB finds that too, but before it does, a wrong
// length can make it search for minutes. A record that is cut off by the end of the file was being written, and
// is left to RocksDB, as is all that is not there.
func checkManifest(dir string) error {
	current, err := os.ReadFile(filepath.Join(dir, "CURRENT"))
	if err != nil {
		return ignoreMissing(err)
	}
	name := strings.TrimSuffix(string(current), "\n")
	if !manifestName.MatchString(name) {
		return fmt.Errorf("rocks: open %s: %w: its CURRENT is %.40q, want the name of a MANIFEST", dir, stores.ErrCorrupt, current)
	}
	log, err := os.ReadFile(filepath.Join(dir, name))
	if err != nil {
		return ignoreMissing(err)
	}
	if at, ok := checkLog(log); !ok {
		return fmt.Errorf("rocks: open %s: %w: the record at byte %d of its %s has another checksum", dir, stores.ErrCorrupt, at, name)
	}
	return nil
}

func ignoreMissing(err error) error {
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return fmt.Errorf("rocks: %w", err)
}

// checkLog returns where the first record begins that is not what was written.
func checkLog(log []byte) (at int, ok bool) {
	for start := 0; start < len(log); start += logBlock {
		block := log[start:min(start+logBlock, len(log))]
		for at := 0; at+logHeader <= len(block); {
			end := at + logHeader + int(binary.LittleEndian.Uint16(block[at+4:]))
			switch {
			case end > logBlock:
				return start + at, false
			case end > len(block):
				return 0, true // it was being written
			}
			sum := crc32.Checksum(block[at+6:end], castagnoli)
			if binary.LittleEndian.Uint32(block[at:]) != (sum>>15|sum<<17)+maskDelta {
				return start + at, false
			}
			at = end
		}
	}
	return 0, true
}
