package balloon

import (
	"fmt"
	"os"

	"golang.org/x/sys/unix"
)

// Refill has the host give so many bytes of free memory back, and leaves them free: what starts right after
// that finds memory as a machine has it whose host takes none. No more than half of what is free is touched, so that
// nothing leaves the page cache for it. It returns how many bytes were.
func Refill(bytes int64) (int64, error) {
	var info unix.Sysinfo_t
	if err := unix.Sysinfo(&info); err != nil {
		return 0, fmt.Errorf("free memory: %w", err)
	}
	bytes = min(bytes, int64(info.Freeram)*int64(info.Unit)/2)
	if bytes <= 0 {
		return 0, nil
	}
	memory, err := unix.Mmap(-1, 0, int(bytes), unix.PROT_READ|unix.PROT_WRITE, unix.MAP_ANON|unix.MAP_PRIVATE)
	if err != nil {
		return 0, fmt.Errorf("map %d bytes: %w", bytes, err)
	}
	// As the stores do: small pages would leave nothing but small pieces behind. Not every kernel has huge ones.
	_ = unix.Madvise(memory, unix.MADV_HUGEPAGE)
	for at := 0; at < len(memory); at += os.Getpagesize() {
		memory[at] = 1
	}
	return bytes, unix.Munmap(memory)
}
