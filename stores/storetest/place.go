package storetest

import (
	"errors"
	"os"
	"syscall"
	"testing"

	"restorebench/stores"
)

const (
	sharedMemory = "/dev/shm"
	roomy        = 2 << 30 // bytes: a container may have 64 MiB there
)

// TempDir is a directory that is removed when the test ends, in memory where there is
// room for that, unless TMPDIR says where. Stores wait for fsync in each test, and none
// cuts the power: a file in memory survives its process like one on a disk.
func TempDir(t interface {
	Helper()
	Fatal(args ...any)
	Cleanup(f func())
},
) string {
	t.Helper()
	parent := ""
	var free syscall.Statfs_t
	if os.Getenv("TMPDIR") == "" && syscall.Statfs(sharedMemory, &free) == nil && free.Bavail*uint64(free.Bsize) >= roomy {
		parent = sharedMemory
	}
	dir, err := os.MkdirTemp(parent, "storetest-")
	if errors.Is(err, os.ErrPermission) {
		dir, err = os.MkdirTemp("", "storetest-")
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	return dir
}

// Needs skips a test whose engine this build lacks. version is that of the engine,
// such as rocks.Version.
func Needs(t *testing.T, version func() (string, error)) {
	t.Helper()
	if _, err := version(); errors.Is(err, stores.ErrUnavailable) {
		t.Skip(err)
	}
}
