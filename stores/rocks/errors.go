package rocks

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"

	"restorebench/internal/lockholder"
	"restorebench/stores"
)

// classify turns what RocksDB says about dir, which is a string, into an error
// that wraps the sentinel it stands for.
func classify(doing, dir string, err error) error {
	if err == nil {
		return nil
	}
	text := strings.Join(strings.Fields(err.Error()), " ") // some of RocksDB's have several lines
	lock := filepath.Join(dir, "LOCK")
	// First, since a file that cannot be read may be called a corruption too, and files must not be given up for that.
	if errno := errnoIn(text); errno != 0 && !strings.Contains(text, "While lock file") {
		return fmt.Errorf("rocks: %s %s: %w", doing, dir, &systemError{text, errno})
	}
	switch {
	case strings.Contains(text, "While lock file") || strings.Contains(text, "lock hold by current process"):
		return fmt.Errorf("rocks: %s %s: %w%s: %s", doing, dir, stores.ErrLocked, lockholder.Of(lock), text)
	case strings.HasPrefix(text, "Corruption"),
		strings.Contains(text, "No such file or directory"),
		strings.Contains(text, "Column family not found"):
		return fmt.Errorf("rocks: %s %s: %w: %s", doing, dir, stores.ErrCorrupt, text)
	}
	return fmt.Errorf("rocks: %s %s: %s", doing, dir, text)
}

// errnos are those that say something of the disk or of who may use it, and nothing of what is in the files.
var errnos = []syscall.Errno{
	syscall.ENOSPC, syscall.EDQUOT, syscall.EIO, syscall.EROFS, syscall.EACCES, syscall.EPERM, syscall.EMFILE, syscall.ENFILE,
}

// errnoIn is the one whose text ends what RocksDB says, or one of the causes that it names; 0 for none.
func errnoIn(text string) syscall.Errno {
	text = strings.ToLower(text)
	for _, errno := range errnos {
		if strings.Contains(text, ": "+errno.Error()) { // behind a path
			return errno
		}
	}
	return 0
}

// systemError is what RocksDB says of a system call that failed: it keeps the text, and not the number.
type systemError struct {
	text  string
	errno syscall.Errno
}

func (e *systemError) Error() string { return e.text }
func (e *systemError) Unwrap() error { return e.errno }

// checkFiles finds out whether dir holds a database. Without CURRENT, RocksDB
// would start a new one over whatever is there, and delete the files of the old:
// so files without CURRENT are corrupt.
func checkFiles(dir string, create bool) error {
	_, err := os.Stat(filepath.Join(dir, "CURRENT"))
	switch {
	case err == nil:
		return nil
	case !errors.Is(err, fs.ErrNotExist):
		return fmt.Errorf("rocks: open %s: %w", dir, err)
	}
	entries, err := os.ReadDir(dir)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("rocks: open %s: %w", dir, err)
	}
	for _, e := range entries {
		if strings.HasSuffix(e.Name(), ".sst") || strings.HasPrefix(e.Name(), "MANIFEST-") {
			return fmt.Errorf("rocks: open %s: %w: it has %s but no CURRENT", dir, stores.ErrCorrupt, e.Name())
		}
	}
	if !create {
		return fmt.Errorf("rocks: open %s: no store there: %w", dir, fs.ErrNotExist)
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return fmt.Errorf("rocks: %w", err)
	}
	return nil
}
