//go:build cgo && !norocksdb

package rocks

import (
	"errors"
	"path/filepath"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"

	"github.com/linxGnu/grocksdb"

	"restorebench/internal/defect"
	"restorebench/stores"
	"restorebench/stores/killpoint"
)

// round is a full buffer on its way into the store. Its records are cut by key into
// pieces, a file each, which whoever has nothing else to do writes.
type round struct {
	buffer  *buffer
	offset  stores.Offset // behind its records
	first   bool          // there is nothing in the store yet
	options fileOptions
	files   []string // one per piece
	errs    []error

	taken  atomic.Int32   // pieces
	unmade sync.WaitGroup // pieces
	done   chan struct{}  // closed when the round is in the store, or err is set
	err    error
}

// newRound cuts a sorted buffer into pieces whose files go to dir.
func newRound(u *buffer, offset stores.Offset, pieces int, dir string) *round {
	pieces = min(pieces, u.len())
	r := &round{buffer: u, offset: offset, files: make([]string, pieces), errs: make([]error, pieces), done: make(chan struct{})}
	for i := range r.files {
		r.files[i] = filepath.Join(dir, strconv.Itoa(i)+".sst")
	}
	r.unmade.Add(pieces)
	return r
}

// write writes pieces until all are taken.
func (r *round) write() {
	n := len(r.files)
	for i := int(r.taken.Add(1)) - 1; i < n; i = int(r.taken.Add(1)) - 1 {
		from, to := i*r.buffer.len()/n, (i+1)*r.buffer.len()/n
		r.errs[i] = r.buffer.write(from, to, r.options, r.files[i])
		r.unmade.Done()
	}
}

// commit writes the round and takes it into the store.
func (s *Store) commit(r *round) {
	defer close(r.done)
	r.write()
	r.unmade.Wait()
	if err := errors.Join(r.errs...); err != nil {
		r.err = classify("write sorted files of", s.dir, err)
		return
	}
	for _, step := range commitSteps {
		killpoint.Reached(killpoint.Bulk)
		if r.err = step(s, r); r.err != nil {
			return
		}
	}
}

// commitSteps end a round, each of them durable before the next. Files and offset can't
// get in together. A store that is killed between them holds more than its offset says,
// which a replay from there sets right; announce is for the first round, before which
// there is no offset to replay from.
var commitSteps = []func(*Store, *round) error{(*Store).announce, (*Store).ingest, (*Store).save}

func init() {
	if defect.Is(defect.OffsetBeforeRun) {
		slices.Reverse(commitSteps[1:])
	}
}

// announce saves the offset of a first round under another name. If the store is killed
// then, and has records when it is opened, their offset is this.
func (s *Store) announce(r *round) error {
	if !r.first || len(r.files) == 0 {
		return nil
	}
	s.batch.reset()
	s.batch.addNumber(s.offsets.ID(), s.announcedKey(), savedOffset(r.offset))
	return s.writeToFiles()
}

// ingest moves the files into the store. RocksDB does it all at once, and syncs.
func (s *Store) ingest(r *round) error {
	if len(r.files) == 0 {
		return nil
	}
	if defect.Is(defect.RunLost) {
		r.files = r.files[1:]
	}
	options := grocksdb.NewDefaultIngestExternalFileOptions()
	defer options.Destroy()
	options.SetMoveFiles(true)
	return classify("take sorted files into", s.dir, s.db.IngestExternalFileCF(s.data, r.files, options))
}

// save saves the round's offset, and forgets what was announced.
func (s *Store) save(r *round) error {
	s.batch.reset()
	s.batch.addNumber(s.offsets.ID(), s.offsetKey, savedOffset(r.offset))
	if r.first {
		s.batch.remove(s.offsets.ID(), s.announcedKey())
	}
	return s.writeToFiles()
}

// writeToFiles writes the batch and makes it durable, past the write-ahead log: files that are taken in are not there either,
// and what is must not outlive them.
func (s *Store) writeToFiles() error {
	batch := grocksdb.WriteBatchFrom(s.batch.bytes())
	defer batch.Destroy()
	if err := s.db.Write(s.options.unlogged, batch); err != nil {
		return classify("write to", s.dir, err)
	}
	return s.flush()
}

func (s *Store) announcedKey() []byte { return append(slices.Clip(s.offsetKey), ".bulk"...) }

// recoverAnnounced finds the offset of a bulk load that was killed when the files of its
// first round were in the store and the offset was not.
func (s *Store) recoverAnnounced() error {
	next, known, err := s.readOffset(s.announcedKey())
	if err != nil || !known {
		return err
	}
	empty, err := s.empty()
	switch {
	case err != nil:
		return err
	case empty: // the files never got there
		s.batch.reset()
		s.batch.remove(s.offsets.ID(), s.announcedKey())
		return s.write()
	}
	s.next, s.known = next, true
	return s.save(&round{offset: next, first: true})
}
