//go:build cgo && !norocksdb

package rocks

import (
	"encoding/binary"
	"errors"
	"fmt"
	"sync/atomic"

	"github.com/linxGnu/grocksdb"

	"restorebench/internal/defect"
	"restorebench/stores"
	"restorebench/stores/killpoint"
	_ "restorebench/stores/rocks/internal/installed" // says what to do when RocksDB is missing
)

var errClosed = fmt.Errorf("rocks: %w", stores.ErrClosed)

// Store is a key-value store in RocksDB files, safe for use as stores.Store says.
type Store struct {
	dir           string
	db            *grocksdb.DB
	families      []*grocksdb.ColumnFamilyHandle // all that are open
	data, offsets *grocksdb.ColumnFamilyHandle
	options       *openOptions
	settings      Settings

	offsetKey []byte
	next      stores.Offset
	known     bool // next
	unclean   bool // when it was opened

	batch     writeBatch
	iterators atomic.Int32 // open ones, which RocksDB must not outlive
	bulk      *bulk        // while it is bulk loaded
}

var _ stores.Ordered = (*Store)(nil)

// Open opens the store in dir, which one process can do at a time. Its errors
// wrap stores.ErrLocked when another one has it, stores.ErrCorrupt when the files
// can't be trusted, and fs.ErrNotExist when there is no store and o does not ask
// to make one, and stores.ErrLayout when the store there keeps its records in another
// column family. Nothing is ever deleted.
//
// After a kill the store is as it was at the last flush, data and offset alike. A
// store with data whose offset is unknown (Kafka Streams saves -4 then) opens and
// says so: replaying the changelog over it is wrong for keys whose tombstones
// compaction has removed, so the caller should start from an empty directory.
func Open(dir string, o Options) (*Store, error) {
	if err := checkFiles(dir, o.CreateIfMissing); err != nil {
		return nil, err
	}
	if err := checkManifest(dir); err != nil {
		return nil, err
	}
	if o.settings().WAL {
		if err := checkCurrent(dir); err != nil {
			return nil, err
		}
	}
	options := newOpenOptions(o)
	names, familyOptions := o.families(options)
	if err := checkFamilies(dir, names, options.db); err != nil {
		options.destroy()
		return nil, err
	}
	db, families, err := grocksdb.OpenDbColumnFamilies(options.db, dir, names, familyOptions)
	if err != nil {
		options.destroy()
		return nil, classify("open", dir, err)
	}
	s := &Store{
		dir: dir, db: db, options: options, settings: o.settings(), families: families,
		data: families[len(families)-2], offsets: families[len(families)-1],
		offsetKey: offsetKey(o.Topic, o.Partition),
	}
	if err = s.checkDefault(); err == nil {
		err = s.checkForeign()
	}
	if err == nil {
		err = s.begin()
	}
	if err != nil {
		s.shut()
		return nil, err
	}
	return s, nil
}

// begin reads the saved offset, leaves a bulk load that was cut short behind, and marks
// the store as open.
func (s *Store) begin() (err error) {
	if s.next, s.known, err = s.readOffset(s.offsetKey); err != nil {
		return err
	}
	if !s.known {
		err = s.recoverAnnounced()
	}
	if err == nil {
		err = cleanBulk(s.dir)
	}
	if err != nil {
		return err
	}
	if s.unclean, err = s.markedOpen(); err != nil {
		return err
	}
	return s.mark(statusOpen)
}

// readOffset reads what is saved under a key of the offsets.
func (s *Store) readOffset(key []byte) (next stores.Offset, known bool, err error) {
	saved, err := s.db.GetCF(s.options.read, s.offsets, key)
	if err != nil {
		return 0, false, classify("read the offset of", s.dir, err)
	}
	defer saved.Free()
	if !saved.Exists() {
		return 0, false, nil
	}
	if next, known, err = nextOffset(saved.Data()); err != nil {
		return 0, false, fmt.Errorf("rocks: open %s: %w: key %s: %w", s.dir, stores.ErrCorrupt, key, err)
	}
	return next, known, nil
}

// Unclean says whether the store, when it was opened, had been written to since it was closed.
func (s *Store) Unclean() bool { return s.unclean }

func (s *Store) markedOpen() (bool, error) {
	saved, err := s.db.GetCF(s.options.read, s.offsets, []byte(statusKey))
	if err != nil {
		return false, classify("read the status of", s.dir, err)
	}
	defer saved.Free()
	return saved.Exists() && len(saved.Data()) == 8 && binary.BigEndian.Uint64(saved.Data()) == statusOpen, nil
}

// mark writes the status. Like all else it becomes durable with the next flush.
func (s *Store) mark(status int64) error {
	s.batch.reset()
	s.batch.addNumber(s.offsets.ID(), []byte(statusKey), status)
	return s.write()
}

// Apply writes the records of b and the offset behind them as one write batch. While
// the store is bulk loaded, it collects them.
func (s *Store) Apply(b *stores.Batch) error {
	switch {
	case s.db == nil:
		return errClosed
	case s.bulk != nil:
		return s.collect(b)
	}
	s.batch.reset()
	s.batch.add(s.data.ID(), b)
	s.batch.addNumber(s.offsets.ID(), s.offsetKey, savedOffset(b.Next))
	killpoint.Reached(killpoint.Write)
	if err := s.write(); err != nil {
		return err
	}
	s.next, s.known = b.Next, true
	return nil
}

func (s *Store) write() error {
	batch := grocksdb.WriteBatchFrom(s.batch.bytes())
	defer batch.Destroy()
	return classify("write to", s.dir, s.db.Write(s.options.write, batch))
}

// Offset is the saved offset, or where the last Apply moved it.
func (s *Store) Offset() (stores.Offset, bool) { return s.next, s.known }

// Get returns the value of key.
func (s *Store) Get(key []byte) ([]byte, error) {
	if err := s.readable(); err != nil {
		return nil, err
	}
	value, err := s.db.GetCF(s.options.read, s.data, key)
	if err != nil {
		return nil, classify("read", s.dir, err)
	}
	defer value.Free()
	if !value.Exists() {
		return nil, nil
	}
	return append(make([]byte, 0, value.Size()), value.Data()...), nil
}

// Flush writes the memtables of both column families to files, atomically, and
// waits for it. While the store is bulk loaded, it ends a round.
func (s *Store) Flush() error {
	switch {
	case s.db == nil:
		return errClosed
	case s.bulk != nil:
		return s.flushBulk()
	case defect.Is(defect.FlushSkipped):
		return nil
	}
	return s.flush()
}

func (s *Store) flush() error {
	killpoint.Reached(killpoint.Flush)
	families := []*grocksdb.ColumnFamilyHandle{s.data, s.offsets}
	if defect.Is(defect.OffsetBeforeData) {
		families = families[1:]
	}
	return classify("flush", s.dir, s.db.FlushCFs(families, s.options.flush))
}

// Close marks the store as cleanly closed and closes RocksDB, which on its way
// flushes what is in memory, as it does in Kafka Streams. It refuses, and the
// store stays open, while an iterator is open.
func (s *Store) Close() error {
	if s.db == nil {
		return nil
	}
	if n := s.iterators.Load(); n > 0 {
		return fmt.Errorf("rocks: close %s: %d iterators are still open", s.dir, n)
	}
	var err error
	if s.bulk != nil {
		err = s.dropBulk()
	}
	err = errors.Join(err, s.mark(statusClosed))
	s.shut()
	return err
}

func (s *Store) shut() {
	for _, family := range s.families {
		family.Destroy()
	}
	s.db.Close()
	s.db = nil
	s.options.destroy()
}
