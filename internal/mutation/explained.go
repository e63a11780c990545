package main

// explanation is why a mutant should survive: the line as it is, and as it becomes.
type explanation struct{ file, was, becomes, why string }

// why is the explanation of a mutant, "" for none.
func (m *mutant) why() string {
	for _, e := range explanations {
		if e.file == m.file && e.was == m.was && e.becomes == m.becomes {
			return e.why
		}
	}
	return ""
}

const (
	speed    = "it is only faster, or slower"
	negative = "any negative number is no part"
	sign     = "only the sign of an order counts"
	native   = "a little native memory is left over, which nobody counts"
	unread   = "nobody reads what comes with an error, or with false"
	anyError = "what is refused a step earlier is refused by the next one"
)

// explanations are of mutants that change nothing that a user of the package could see. TestExplanations
// finds those whose line has changed or is gone.
var explanations = []explanation{
	{
		"stores/batch.go",
		"if len(value) > math.MaxInt32 || len(b.Arena)+len(key)+len(value) > math.MaxUint32 {",
		"if len(value) >= math.MaxInt32 || len(b.Arena)+len(key)+len(value) > math.MaxUint32 {",
		"2 GiB would have to be copied to notice",
	},

	{
		"stores/cache/cache.go",
		"c.set(key, value, 0, false)",
		"c.set(key, value, 1, false)",
		"the timestamp of what was only read is handed on to nobody",
	},
	{
		"stores/cache/range.go",
		"return c.merge(c.sorted.between(from, to), c.below.Range(from, to), 1)",
		"return c.merge(c.sorted.between(from, to), c.below.Range(from, to), 2)",
		sign,
	},
	{
		"stores/cache/range.go",
		"return c.merge(entries, c.below.ReverseRange(from, to), -1)",
		"return c.merge(entries, c.below.ReverseRange(from, to), -2)",
		sign,
	},
	{"stores/cache/range.go", "return -1", "return -2", sign},
	{"stores/cache/range.go", "return 1", "return 2", sign},
	{"stores/cache/range.go", "it.present = cached{}", "{}", "behind the end nobody asks for a key"},
	{
		"stores/cache/sorted.go",
		"for len(s.first) < levels {",
		"for len(s.first) <= levels {",
		"an empty level is passed; one too many takes a number that comes once in 2^31 keys",
	},
	{
		"stores/cache/sorted.go",
		"levels := min(1+bits.TrailingZeros64(rand.Uint64()), maxLevels) //nolint:gosec // no secret",
		"levels := min(2+bits.TrailingZeros64(rand.Uint64()), maxLevels) //nolint:gosec // no secret",
		speed,
	},

	{
		"stores/format/keys.go",
		"return c > 0 || c == 0 && bytes.Compare(high, high[n:]) > 0",
		"return c > 0 || c == 0 && bytes.Compare(high, high[n:]) >= 0",
		"n is 1 at the least, and bytes are never equal to a part of themselves",
	},

	{
		"stores/segments/apply.go",
		"if _, err := s.create(max(s.streamTime, 0) / s.interval); err != nil {",
		"if _, err := s.create(max(s.streamTime, 1) / s.interval); err != nil {",
		"0 and 1 ms lie in the same segment",
	},
	{
		"stores/segments/apply.go",
		"if !b.Append(key, value, timestamp, 0) {",
		"if !b.Append(key, value, timestamp, 1) {",
		"the offset of a live write is not known, and kept nowhere",
	},
	{
		"stores/segments/apply.go",
		"g.part.Arena = nil // it is the caller's",
		"{} // it is the caller's",
		"it lets go of the caller's memory a batch earlier",
	},
	{
		"stores/segments/iterate.go",
		"it := &iterator{query: q, time: s.timeIn, at: -1}",
		"it := &iterator{query: q, time: s.timeIn, at: -2}",
		negative,
	},
	{"stores/segments/iterate.go", "it.at = -1", "it.at = -2", negative},
	{"stores/segments/iterate.go", "it.begun, it.at = true, -1", "it.begun, it.at = true, -2", negative},
	{"stores/segments/iterate.go", "it.parts, it.at = nil, -1", "it.parts, it.at = nil, -2", negative},
	{
		"stores/segments/iterate.go",
		"return bytes.Compare(a, b) < 0",
		"return bytes.Compare(a, b) <= 0",
		"no two segments hold the same key",
	},
	{
		"stores/segments/iterate.go",
		"return bytes.Compare(a, b) < 0",
		"return bytes.Compare(a, b) < 1",
		"no two segments hold the same key",
	},
	{"stores/segments/segments.go", "break", "{}", "no offset is less than 0, which unknown counts as"},

	{
		"stores/session/session.go",
		"q.From, q.To = format.SessionRange(keys.From, keys.To, earliestEnd, latestStart)",
		"{}",
		speed,
	},
	{"stores/window/window.go", "q.From, q.To = format.WindowRange(keys.From, keys.To, fromTime, toTime)", "{}", speed},

	{
		"stores/memory/apply.go",
		"for start := 0; start < len(b.Entries); start += window {",
		"for start := 0; start <= len(b.Entries); start += window {",
		"a window of no records",
	},
	{
		"stores/memory/apply.go",
		"if err := s.compact(s.slabs.dead - dead); err != nil {",
		"if err := s.compact(s.slabs.dead + dead); err != nil {",
		speed,
	},
	{"stores/memory/apply.go", "sum += s.index.slots[s.index.home(tag)]", "{}", speed},
	{"stores/memory/apply.go", "s.sink = sum", "{}", speed},
	{"stores/memory/capture.go", "for at := 0; at < len(copies); at += pageSlots {", "for at := 1; at < len(copies); at += pageSlots {", speed},
	{"stores/memory/capture.go", "copies[at] = 0", "copies[at] = 1", "it only touches the page, which is copied as a whole before it is read"},
	{"stores/memory/capture.go", "copies[at] = 0", "{}", speed},
	{
		"stores/memory/capture.go",
		"x.capture = &capture{slots: x.slots, copies: copies, copied: make([]bool, len(x.slots)/pageSlots)}",
		"x.capture = &capture{slots: x.slots, copies: copies, copied: make([]bool, len(x.slots)*pageSlots)}",
		"more room than is used",
	},
	{
		"stores/memory/format.go",
		"func blockCount(bytes int64) int { return int((bytes + blockBytes - 1) / blockBytes) }",
		"func blockCount(bytes int64) int { return int((bytes + blockBytes - 2) / blockBytes) }",
		"data are multiples of 8 bytes",
	},
	{"stores/memory/load.go", "var head [2 * markRoom]byte", "var head [3 * markRoom]byte", "more is read than is looked at"},
	{
		"stores/memory/load.go",
		"if m.contentsAt < dataStart || m.contentsLen < 0 || m.contentsAt+m.contentsLen != info.Size() {",
		"if m.contentsAt < dataStart || m.contentsLen <= 0 || m.contentsAt+m.contentsLen != info.Size() {",
		anyError,
	},
	{
		"stores/memory/load.go",
		"if m.contentsAt < dataStart || m.contentsLen < 0 || m.contentsAt+m.contentsLen != info.Size() {",
		"if m.contentsAt < dataStart || m.contentsLen < 1 || m.contentsAt+m.contentsLen != info.Size() {",
		anyError,
	},
	{"stores/memory/slabs.go", "return 0, err", "return 1, err", unread},
	{"stores/memory/saver.go", "m := mark{1, im.next, data.at, int64(len(b)), xxh3.Hash(b)}", "m := mark{2, im.next, data.at, int64(len(b)), xxh3.Hash(b)}", "any sequence begins it"},
	{
		"stores/memory/compact.go",
		"most := 0",
		"most := 1",
		"slab 0 holds nothing, and is not asked for while nothing is dead",
	},
	{
		"stores/memory/compact.go",
		"for budget > 0 {",
		"for budget > 1 {",
		"nothing is scanned by the byte",
	},
	{
		"stores/memory/compact.go",
		"return scanned + emptySlabCost, s.slabs.remove(number)",
		"return scanned - emptySlabCost, s.slabs.remove(number)",
		speed,
	},
	{
		"stores/memory/image.go",
		"slots = 0",
		"{}",
		"memory is prepared for nothing",
	},
	{
		"stores/memory/load.go",
		"errs := make([]error, runtime.GOMAXPROCS(0))",
		"errs := make([]error, runtime.GOMAXPROCS(1))",
		speed,
	},
	{
		"stores/memory/mmap.go",
		"adviseHuge(memory)",
		"{}",
		speed,
	},
	{
		"stores/memory/mmap.go",
		"memory, err := unix.Mmap(-1, 0, bytes, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_ANON|unix.MAP_PRIVATE)",
		"memory, err := unix.Mmap(-2, 0, bytes, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_ANON|unix.MAP_PRIVATE)",
		"the system does not look at a file's number where there is no file",
	},
	{
		"stores/memory/mmap_linux.go",
		"func populate(memory []byte) { _ = unix.Madvise(memory, unix.MADV_POPULATE_WRITE) }",
		"func populate(memory []byte) { {} }",
		speed,
	},
	{
		"stores/memory/order.go",
		"for part := range slices.Chunk(sorted, runRoom*3/4) {",
		"for part := range slices.Chunk(sorted, runRoom/3/4) {",
		speed,
	},
	{
		"stores/memory/order.go",
		"for part := range slices.Chunk(sorted, runRoom*3/4) {",
		"for part := range slices.Chunk(sorted, runRoom*3/5) {",
		speed,
	},
	{
		"stores/memory/saver.go",
		"buffer := make([]uint64, blockBytes/slotBytes)",
		"buffer := make([]uint64, blockBytes*slotBytes)",
		"more room than is used",
	},
	{
		"stores/memory/slabs.go",
		"populate(memory)",
		"{}",
		speed,
	},
	{
		"stores/memory/slabs.go",
		"return nil, 0, err",
		"return nil, 1, err",
		unread,
	},
	{
		"stores/memory/compact.go",
		"scanned = c.scanned - start",
		"scanned = c.scanned + start",
		speed,
	},
	{
		"stores/memory/order.go",
		"if c.at < middle {",
		"if c.at <= middle {",
		"between two runs either will do",
	},
	{
		"stores/memory/saver.go",
		"killpoint.Reached(killpoint.Snapshot)",
		"{}",
		"torture chooses its moments there, and nobody else asks",
	},
	{
		"stores/memory/snapshot.go",
		"defer cancel(nil)",
		"{}",
		"its parent ends with the process: a context is left over",
	},
	{
		"stores/memory/order.go",
		"for part := range slices.Chunk(sorted, runRoom*3/4) {",
		"for part := range slices.Chunk(sorted, runRoom*4/4) {",
		speed,
	},
	{
		"stores/memory/order.go",
		"o.shared = false",
		"{}",
		speed,
	},
	{
		"stores/memory/compact.go",
		"return 0, err",
		"return 1, err",
		unread,
	},
	{
		"stores/memory/mmap_linux.go",
		"func adviseHuge(memory []byte) { _ = unix.Madvise(memory, unix.MADV_HUGEPAGE) }",
		"func adviseHuge(memory []byte) { {} }",
		speed,
	},
	{
		"stores/memory/slabs.go",
		"next := make(chan prepared, 1)",
		"next := make(chan prepared, 2)",
		"only one is sent",
	},
	{
		"stores/memory/order.go",
		"if o.shared && frozen {",
		"if o.shared || frozen {",
		speed,
	},
	{
		"stores/memory/order.go",
		"if len(key) >= 8 {",
		"if len(key) > 8 {",
		"8 bytes may be copied first",
	},
	{
		"stores/memory/image.go",
		"slots = 0",
		"slots = 1",
		"memory is prepared for nothing",
	},
	{
		"stores/memory/saver.go",
		"killpoint.Reached(killpoint.Checkpoint)",
		"{}",
		"torture chooses its moments there, and nobody else asks",
	},
	{
		"stores/memory/saver.go",
		"f, err := os.OpenFile(w.path, os.O_WRONLY, 0)",
		"f, err := os.OpenFile(w.path, os.O_WRONLY, 1)",
		"the mode counts only for a new file",
	},
	{
		"stores/memory/saver.go",
		"if _, err = f.WriteAt(m.append(nil), m.place()); err == nil {",
		"if _, err = f.WriteAt(m.append(nil), m.place()); err != nil {",
		"only a power cut tells: torture",
	},
	{
		"stores/memory/saver.go",
		"for len(b) > 0 && w.err == nil {",
		"for len(b) > 1 && w.err == nil {",
		"sections are multiples of 8 bytes",
	},
	{
		"stores/memory/snapshot.go",
		"wanted := make(chan moment, 1)",
		"wanted := make(chan moment, 2)",
		"only one is sent",
	},
	{"stores/memory/order.go", "middle := runRoom / 2", "middle := runRoom / 3", speed},
	{
		"stores/memory/saver.go",
		"for n := im.take(buffer); n > 0; n = im.take(buffer) {",
		"for n := im.take(buffer); n > 1; n = im.take(buffer) {",
		"slots are taken by whole pages",
	},
	{
		"stores/memory/slabs.go",
		"if err == nil {",
		"if err != nil {",
		speed,
	},
	{
		"stores/memory/mmap.go",
		"if bytes >= hugePageBytes {",
		"if bytes > hugePageBytes {",
		speed,
	},
	{
		"stores/memory/image.go",
		"if s.closed || s.unchanged() {",
		"if s.closed && s.unchanged() {",
		"memory is prepared for nothing",
	},
	{
		"stores/memory/slabs.go",
		"if len(s.memory) > 1 && p.err == nil {",
		"if len(s.memory) > 1 && p.err != nil {",
		speed,
	},
	{"stores/memory/order.go", "middle = runRoom - 1", "middle = runRoom - 2", speed},
	{"stores/memory/apply.go", "return 0, false", "return 1, false", "where there are no slots nobody asks which"},
	{"stores/memory/index.go", "if slot == 0 {", "if slot == 1 {", "nothing more is put where there is nothing"},
	{
		"stores/memory/order.go",
		"if end.run < start.run || end.run == start.run && end.at < start.at {",
		"if end.run < start.run || end.run == start.run && end.at <= start.at {",
		"equal ones are made equal",
	},
	{"stores/memory/saver.go", "err = f.Sync()", "{}", "only a power cut tells: torture"},
	{"stores/memory/slabs.go", "if len(s.memory) > 1 && p.err == nil {", "if len(s.memory) > 2 && p.err == nil {", speed},
	{"stores/memory/compact.go", "return 0, false", "return 1, false", unread},
	{"stores/memory/order.go", "if len(key) >= 8 {", "if len(key) >= 9 {", "8 bytes may be copied first"},
	{"stores/memory/order.go", "o.shared = false", "o.shared = true", speed},
	{"stores/memory/index.go", "continue", "{}", "nothing more is put where there is nothing"},
	{
		"stores/memory/saver.go",
		"w := &saver{path: path, temporary: temporary, dir: dir, options: o, name: name, turn: make(chan struct{}, 1)}",
		"w := &saver{path: path, temporary: temporary, dir: dir, options: o, name: name, turn: make(chan struct{}, 2)}",
		"one is sent, and given back by who took it",
	},
	{"stores/memory/load.go", "for len(section) > 0 {", "for len(section) > 1 {", "sections are multiples of 8 bytes"},
	{
		"stores/memory/compact.go",
		"if s.fill[number].dead > s.fill[most].dead {",
		"if s.fill[number].dead >= s.fill[most].dead {",
		"of two that are as dead either may go first",
	},
	{"stores/memory/order.go", "var b [8]byte", "var b [9]byte", "eight are looked at"},

	{
		"harness/restore/restore.go",
		"spoil(b, r.To)",
		"{}",
		"it does nothing where no defects are seeded",
	},

	{"stores/rocks/native.go", "options.flush.SetWait(true)", "{}", "it is what RocksDB does unless told otherwise"},
	{
		"stores/rocks/stale.go",
		"named, newest, table, log := numberOf(string(current)), int64(0), int64(0), int64(0)",
		"named, newest, table, log := numberOf(string(current)), int64(0), int64(1), int64(0)",
		"no log has the number 1: the first MANIFEST does",
	},
	{"stores/rocks/collect.go", "b.running.write()", "{}", speed},
	{"stores/rocks/rocks.go", "s.options.destroy()", "{}", native},
	{"stores/rocks/bulk.go", "b.file.free()", "{}", native},
	{"stores/rocks/buffer.go", "drop = 1", "drop = 2", "C takes any number but 0 for true"},
	{"stores/rocks/native.go", "o.db.Destroy()", "{}", native},
	{"stores/rocks/native.go", "o.offsets.Destroy()", "{}", native},
	{"stores/rocks/native.go", "o.read.Destroy()", "{}", native},
	{"stores/rocks/native.go", "o.write.Destroy()", "{}", native},
	{"stores/rocks/native.go", "o.unlogged.Destroy()", "{}", native},
	{"stores/rocks/native.go", "o.flush.Destroy()", "{}", native},
	{"stores/rocks/native.go", "defer table.Destroy()", "{}", native},
	{"stores/rocks/native.go", "defer cache.Destroy() // the table options share it", "{} // the table options share it", native},
	{"stores/rocks/foreign.go", "defer it.Close()", "{}", native},
	{
		"stores/rocks/stale.go",
		"if newest > named && (log > table || table > newest) {",
		"if newest > named && (log > table || table >= newest) {",
		"no two files have the same number",
	},
	{"stores/rocks/native.go", "options.unlogged.DisableWAL(true)", "options.unlogged.DisableWAL(false)", "the flush behind what is written leaves no log to look at"},
	{"stores/rocks/bulk.go", "b.free()", "{}", "of one of the two: RocksDB would have to refuse an option; the other one is noticed"},
	{
		"stores/rocks/manifest.go",
		"for start := 0; start < len(log); start += logBlock {",
		"for start := 0; start <= len(log); start += logBlock {",
		"a block of nothing",
	},
	{
		"stores/rocks/buffer.go",
		"if n == 0 && u.len() == 0 {",
		"if n == 1 && u.len() == 0 {",
		"the system would have to refuse memory",
	},
	{"stores/rocks/bulk.go", "b.collecting.free()", "{}", "of one of the two: the system would have to refuse memory; the other one is noticed"},
	{"stores/rocks/rocks.go", "options.destroy()", "{}", native},
	{"stores/rocks/foreign.go", "key.Free()", "{}", native},
	{
		"stores/rocks/rocks.go",
		`return false, classify("read the status of", s.dir, err)`,
		`return true, classify("read the status of", s.dir, err)`,
		unread,
	},
	{"stores/rocks/rocks.go", "killpoint.Reached(killpoint.Write)", "{}", "torture chooses its moments there, and nobody else asks"},
	{"stores/rocks/rocks.go", `return 0, false, classify("read the offset of", s.dir, err)`, `return 1, false, classify("read the offset of", s.dir, err)`, unread},
	{"stores/rocks/buffer.go", "if n == 0 && u.len() == 0 {", "if n != 0 && u.len() == 0 {", "the system would have to refuse memory"},
	{
		"stores/rocks/stale.go",
		"named, newest, table, log := numberOf(string(current)), int64(0), int64(0), int64(0)",
		"named, newest, table, log := numberOf(string(current)), int64(1), int64(0), int64(0)",
		"the first MANIFEST has the number 1",
	},
	{"stores/rocks/round.go", "defer options.Destroy()", "{}", native},
	{"stores/rocks/round.go", "r.write()", "{}", speed},
	{"stores/rocks/bulk.go", "b.lastLevel.free()", "{}", native},
	{
		"stores/rocks/compactions.go",
		`CompactionPending: number("rocksdb.compaction-pending") > 0,`,
		`CompactionPending: number("rocksdb.compaction-pending") > 1,`,
		"it is 1 for a moment between two of RocksDB's threads, which no test can wait for",
	},
	{"stores/rocks/rocks.go", "defer saved.Free()", "{}", native},
	{"stores/rocks/families.go", "defer it.Close()", "{}", native},
	{"stores/rocks/native.go", "options.unlogged.DisableWAL(true)", "{}", "the flush behind what is written leaves no log to look at"},
	{"stores/rocks/settings.go", "f, err := strconv.ParseFloat(value, 64)", "f, err := strconv.ParseFloat(value, 65)", "it counts as 64"},
	{"stores/rocks/compactions.go", "return 0, err", "return 1, err", unread},
	{"stores/rocks/range.go", "return 0, err", "return 1, err", unread},
	{"stores/rocks/buffer.go", "if n == 0 && u.len() == 0 {", "if n == 0 && u.len() == 1 {", "the system would have to refuse memory"},
	{
		"stores/rocks/round.go",
		"s.batch.remove(s.offsets.ID(), s.announcedKey())",
		"{}",
		"what was announced counts only where no offset is saved, and all that is written saves one",
	},
	{"stores/rocks/buffer.go", "func (o fileOptions) free() { C.rocksdb_options_destroy(o.c) }", "func (o fileOptions) free() { {} }", native},
	{"stores/rocks/collect.go", "pieces = filesOnLevel0", "{}", speed},
	{
		"stores/rocks/collect.go",
		"if s.bulk.err != nil || !s.known {",
		"if s.bulk.err != nil && !s.known {",
		"what is saved of the offset 0 says that it is not known",
	},
	{"stores/rocks/round.go", "defer batch.Destroy()", "{}", native},
	{"stores/rocks/buffer.go", "defer C.free(unsafe.Pointer(name))", "{}", native},
	{"stores/rocks/buffer.go", "defer C.rocksdb_free(unsafe.Pointer(text))", "{}", native},
	{"stores/rocks/compactions.go", "defer options.Destroy()", "{}", native},
	{"stores/rocks/collect.go", "if b.rounds >= levels {", "if b.rounds > levels {", speed},
	{"stores/rocks/compactions.go", "gb, err := strconv.ParseFloat(m[1], 64)", "gb, err := strconv.ParseFloat(m[1], 65)", "it counts as 64"},
	{"stores/rocks/compactions.go", "const patience = 20 * time.Millisecond", "const patience = 21 * time.Millisecond", speed},
	{"stores/rocks/collect.go", "if len(r.files) > 0 {", "if len(r.files) >= 0 {", "tombstones that could go are kept"},
	{"stores/rocks/range.go", "it.key, it.value = nil, nil", "{}", "behind the end nobody asks for a key"},
	{"stores/rocks/rocks.go", `return 0, false, classify("read the offset of", s.dir, err)`, `return 0, true, classify("read the offset of", s.dir, err)`, unread},
	{"stores/rocks/families.go", "return err != nil || info.Size() > 0", "return err != nil || info.Size() > 1", "a log of one byte holds no record"},

	{"stores/timestamped/timestamped.go", "to.Arena = slices.Grow(to.Arena, len(b.Arena)+format.TimestampBytes*b.Len())", "{}", speed},
	{"stores/timestamped/timestamped.go", "to.Entries = slices.Grow(to.Entries, b.Len())", "{}", speed},

	{"stores/versioned/put.go", "s.unswept = s.unswept || len(segments) > 0 && segments[0] < s.firstLive()", "s.unswept = s.unswept || len(segments) > 0 && segments[0] <= s.firstLive()", speed},
	{"stores/versioned/segments.go", "s.unswept = err != nil", "{}", speed},
	{"stores/versioned/segments.go", "b.Reset()", "{}", "what is deleted once more is as gone"},
	{
		"stores/versioned/segments.go",
		"if err = errors.Join(err, it.Err(), it.Close()); err == nil && b.Len() > 0 {",
		"if err = errors.Join(err, it.Err(), it.Close()); err == nil && b.Len() >= 0 {",
		"an empty batch changes nothing",
	},
	{
		"stores/versioned/segments.go",
		"if key, row, err = first(s.rows.Range(append(key, 0), nil)); err != nil {",
		"if key, row, err = first(s.rows.Range(append(key, 1), nil)); err != nil {",
		"the segment of the stream time has one row",
	},
	{"stores/versioned/buffer.go", "clear(w.changed)", "{}", "it lets go of memory later"},
	{"stores/versioned/range.go", "if src.key != nil && (key == nil || bytes.Compare(src.key, key) < 0) {", "if src.key != nil && (key == nil || bytes.Compare(src.key, key) < 1) {", "of equal keys either is the smallest"},
	{"stores/versioned/read.go", "if r.next <= time {", "if r.next < time {", "what begins where a row ends lies in a newer one, which was looked at before"},
	{"stores/versioned/read.go", "break", "{}", speed},
}
