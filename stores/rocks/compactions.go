//go:build cgo && !norocksdb

package rocks

import (
	"context"
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/linxGnu/grocksdb"
)

// Debt is the store's, from RocksDB's properties (DB::Properties) of the records'
// column family.
func (s *Store) Debt() (Debt, error) {
	if s.db == nil {
		return Debt{}, errClosed
	}
	number := func(property string) int64 {
		n, _ := s.db.GetIntPropertyCF(property, s.data)
		return int64(n)
	}
	d := Debt{
		RunningJobs:       int(number("rocksdb.num-running-compactions")),
		CompactionPending: number("rocksdb.compaction-pending") > 0,
		PendingBytes:      number("rocksdb.estimate-pending-compaction-bytes"),
	}
	for level := 0; ; level++ {
		files, err := strconv.Atoi(s.db.GetPropertyCF(fmt.Sprintf("rocksdb.num-files-at-level%d", level), s.data))
		if err != nil {
			break // no such level
		}
		d.Files = append(d.Files, files)
	}
	var err error
	d.BytesWritten, err = bytesWritten(s.db.GetPropertyCF("rocksdb.cfstats-no-file-histogram", s.data))
	if err != nil {
		return Debt{}, fmt.Errorf("rocks: statistics of %s: %w", s.dir, err)
	}
	return d, nil
}

// The lines of RocksDB's statistics with what was written. Flushes count as compactions;
// files that were taken in don't.
var writtenLines = []*regexp.Regexp{
	regexp.MustCompile(`(?m)^Cumulative compaction: ([0-9.]+) GB write`),
	regexp.MustCompile(`(?m)^AddFile\(GB\): cumulative ([0-9.]+)`),
}

func bytesWritten(statistics string) (int64, error) {
	sum := 0.0
	for _, line := range writtenLines {
		m := line.FindStringSubmatch(statistics)
		if m == nil {
			return 0, fmt.Errorf("no line matches %s", line)
		}
		gb, err := strconv.ParseFloat(m[1], 64)
		if err != nil {
			return 0, err
		}
		sum += gb
	}
	return int64(sum * (1 << 30)), nil
}

// WaitForCompactions returns when nothing is left to be flushed or compacted, or when ctx
// ends, with its error then.
func (s *Store) WaitForCompactions(ctx context.Context) error {
	const patience = 20 * time.Millisecond
	if s.db == nil {
		return errClosed
	}
	options := grocksdb.NewWaitForCompactOptions()
	defer options.Destroy()
	options.SetTimeout(uint64(patience.Microseconds()))
	for {
		if err := ctx.Err(); err != nil {
			return err
		}
		err := s.db.WaitForCompact(options)
		if err == nil || !strings.HasPrefix(err.Error(), "Operation timed out") {
			return classify("wait for the compactions of", s.dir, err)
		}
	}
}
