package targets

import "golang.org/x/sys/unix"

func adviseHuge(memory []byte) { _ = unix.Madvise(memory, unix.MADV_HUGEPAGE) }
