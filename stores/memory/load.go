package memory

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"runtime"
	"sync"
	"sync/atomic"

	"github.com/zeebo/xxh3"

	"restorebench/internal/defect"
	"restorebench/stores"
)

// load brings a new store to what its snapshot holds. Without a file it writes the one
// of an empty store with no offset, so that a store which was opened exists: one of
// several, as segments are, must not look complete when a kill comes before the first
// snapshot of another. A file that is not, in every byte that counts, a whole snapshot of this
// store is an error that wraps stores.ErrCorrupt and says what was expected.
func (s *Store) load() error {
	f, err := os.Open(s.saver.path)
	if errors.Is(err, fs.ErrNotExist) {
		return s.Flush()
	}
	if err != nil {
		return fmt.Errorf("memory: %w", err)
	}
	defer f.Close()
	m, c, err := readContents(f)
	if err == nil {
		err = s.saver.check(c)
	}
	if err == nil {
		err = s.fill(f, c)
	}
	if err != nil {
		return fmt.Errorf("memory: open %s: %w", s.saver.path, errors.Join(err, s.index.free(), s.slabs.free()))
	}
	if m.next != unknownOffset {
		s.next, s.applied = m.next, true
	}
	s.saver.saved = saved{mark: m, changes: s.changes}
	return nil
}

// readContents trusts no length before the checksum over it holds.
func readContents(f *os.File) (mark, *contents, error) {
	var head [2 * markRoom]byte
	info, err := f.Stat()
	if err != nil {
		return mark{}, nil, err
	}
	if n, err := f.ReadAt(head[:], 0); errors.Is(err, io.EOF) {
		return mark{}, nil, corrupt("it has %d bytes, want more than %d", n, dataStart)
	} else if err != nil {
		return mark{}, nil, err
	}
	m, err := parseMark(head[:])
	if other, otherErr := parseMark(head[markRoom:]); err != nil && otherErr != nil {
		if string(head[:len(magic)]) != magic && string(head[markRoom:][:len(magic)]) == magic {
			err = otherErr
		}
		return mark{}, nil, corrupt("%w", err)
	} else if err != nil || otherErr == nil && (other.sequence > m.sequence) != defect.Is(defect.OlderMark) {
		m = other
	}
	if m.contentsAt < dataStart || m.contentsLen < 0 || m.contentsAt+m.contentsLen != info.Size() {
		return mark{}, nil, corrupt("it has %d bytes, want %d", info.Size(), m.contentsAt+m.contentsLen)
	}
	b := make([]byte, m.contentsLen)
	if _, err := f.ReadAt(b, m.contentsAt); err != nil {
		return mark{}, nil, err
	}
	if hash := xxh3.Hash(b); hash != m.contentsHash {
		return mark{}, nil, corrupt("its contents have the checksum %016x, want %016x", hash, m.contentsHash)
	}
	c, err := parseContents(b, m.contentsAt-dataStart)
	if err != nil {
		return mark{}, nil, corrupt("%w", err)
	}
	return m, c, nil
}

func corrupt(format string, a ...any) error {
	return fmt.Errorf("%w: %w", stores.ErrCorrupt, fmt.Errorf(format, a...))
}

// fill maps the memory that c asks for and reads the data into it.
func (s *Store) fill(f *os.File, c *contents) error {
	r := reader{f: f, at: dataStart, sums: c.Blocks}
	slots, err := mapSlots(int(c.indexBytes() / slotBytes))
	if err != nil {
		return err
	}
	s.index = index{slots: slots, bits: c.IndexBits, count: c.Records}
	r.add(asBytes(slots))
	for number, slab := range c.Slabs {
		memory, err := s.slabs.restore(slab, uint32(number) == c.Tail)
		if err != nil {
			return err
		}
		r.add(memory)
	}
	s.slabs.tail = c.Tail
	return r.run()
}

// restore adds the next slab, with room for more only if it is the one that is
// appended to, and returns the part that is used.
func (s *slabs) restore(c contentsSlab, tail bool) ([]byte, error) {
	number := uint32(len(s.memory))
	s.memory, s.fill = append(s.memory, nil), append(s.fill, fill{})
	size := c.Used
	switch {
	case size == 0:
		if number > 0 { // number 0 is never used
			s.spare = append(s.spare, number)
		}
		return nil, nil
	case tail:
		size = max(size, slabBytes)
	}
	memory, err := mapMemory(size)
	if err != nil {
		return nil, err
	}
	s.memory[number], s.fill[number] = memory, fill{c.Used, c.Dead}
	s.mapped += int64(size)
	s.dead += int64(c.Dead)
	s.live += int64(c.Used - c.Dead)
	return memory[:c.Used], nil
}

// reader reads blocks into their places, and checks them, on all cores.
type reader struct {
	f      *os.File
	at     int64 // in the file, of the next section
	sums   []uint64
	blocks []block
}

type block struct {
	bytes []byte
	at    int64
}

// add cuts a section of the data into blocks.
func (r *reader) add(section []byte) {
	for len(section) > 0 {
		n := min(len(section), blockBytes)
		r.blocks = append(r.blocks, block{section[:n], r.at})
		r.at, section = r.at+int64(n), section[n:]
	}
}

func (r *reader) run() error {
	var next atomic.Int64
	errs := make([]error, runtime.GOMAXPROCS(0))
	var all sync.WaitGroup
	for worker := range errs {
		all.Go(func() {
			for errs[worker] == nil {
				i := int(next.Add(1)) - 1
				if i >= len(r.blocks) {
					return
				}
				errs[worker] = r.read(i)
			}
		})
	}
	all.Wait()
	return errors.Join(errs...)
}

func (r *reader) read(i int) error {
	b := r.blocks[i]
	if _, err := r.f.ReadAt(b.bytes, b.at); err != nil {
		return err
	}
	if hash := xxh3.Hash(b.bytes); hash != r.sums[i] && !defect.Is(defect.SnapshotUnchecked) {
		return corrupt("block %d at byte %d has the checksum %016x, want %016x", i, b.at, hash, r.sums[i])
	}
	return nil
}
