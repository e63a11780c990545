//go:build unix

package memory

import (
	"fmt"

	"golang.org/x/sys/unix"
)

// mapMemory returns zeroed memory from outside the Go heap: it neither costs the
// collector anything nor lingers in the heap after it was given back.
func mapMemory(bytes int) ([]byte, error) {
	memory, err := unix.Mmap(-1, 0, bytes, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_ANON|unix.MAP_PRIVATE)
	if err != nil {
		return nil, fmt.Errorf("memory: can't get %d bytes from the system: %w", bytes, err)
	}
	if bytes >= hugePageBytes {
		adviseHuge(memory)
	}
	return memory, nil
}

func unmapMemory(memory []byte) error {
	if err := unix.Munmap(memory); err != nil {
		return fmt.Errorf("memory: can't give %d bytes back: %w", len(memory), err)
	}
	return nil
}
