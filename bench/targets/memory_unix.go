//go:build unix

package targets

import "golang.org/x/sys/unix"

// touch writes to so many bytes of new memory and gives them back. A virtual machine's host
// may have taken free memory away: getting it again costs more than a second per GB, several times what
// restoring as many records does, and a large store would pay for it where a small one finds enough that
// is still there.
func touch(bytes int) error {
	memory, err := unix.Mmap(-1, 0, bytes, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_ANON|unix.MAP_PRIVATE)
	if err != nil {
		return err
	}
	adviseHuge(memory) // as the store does: small pages would leave nothing but small pieces behind
	for at := 0; at < len(memory); at += 4096 {
		memory[at] = 1
	}
	return unix.Munmap(memory)
}
