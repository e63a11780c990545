package trial

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"unsafe"

	"golang.org/x/sys/unix"
)

// dropPages drops the files of a directory from the page cache, by posix_fadvise(2), so that they are read from the disk
// again. It fails if a tenth of them stays nevertheless.
func dropPages(dir string) error {
	var pages, stayed int64
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if os.IsNotExist(err) { // a store removes files while it runs
			return nil
		}
		if err != nil || !d.Type().IsRegular() {
			return err
		}
		n, left, err := dropFile(path)
		if os.IsNotExist(err) {
			return nil
		}
		pages, stayed = pages+n, stayed+left
		return err
	})
	if err == nil && stayed > pages/10+16 {
		err = fmt.Errorf("%d of %d pages of %s stayed", stayed, pages, dir)
	}
	return err
}

// dropFile drops one file and returns how many pages it has, and how many of them stayed.
func dropFile(path string) (pages, stayed int64, err error) {
	f, err := os.Open(path)
	if err != nil {
		return 0, 0, err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil || info.Size() == 0 {
		return 0, 0, err
	}
	if err := f.Sync(); err != nil { // what is not on the disk yet would stay
		return 0, 0, err
	}
	if err := unix.Fadvise(int(f.Fd()), 0, 0, unix.FADV_DONTNEED); err != nil {
		return 0, 0, fmt.Errorf("%s: %w", path, err)
	}
	return resident(f, info.Size())
}

// resident counts the pages of a file, and those of them that are in memory, by mincore(2).
func resident(f *os.File, size int64) (pages, in int64, err error) {
	data, err := unix.Mmap(int(f.Fd()), 0, int(size), unix.PROT_READ, unix.MAP_SHARED)
	if err != nil {
		return 0, 0, fmt.Errorf("%s: %w", f.Name(), err)
	}
	defer unix.Munmap(data) //nolint:errcheck // of a mapping that was made
	page := int64(os.Getpagesize())
	states := make([]byte, (size+page-1)/page)
	if _, _, errno := unix.Syscall(unix.SYS_MINCORE, uintptr(unsafe.Pointer(&data[0])), uintptr(size), uintptr(unsafe.Pointer(&states[0]))); errno != 0 {
		return 0, 0, fmt.Errorf("%s: %w", f.Name(), errno)
	}
	for _, s := range states {
		in += int64(s & 1)
	}
	return int64(len(states)), in, nil
}
