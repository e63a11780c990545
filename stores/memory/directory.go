package memory

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"unicode/utf8"

	"restorebench/internal/durable"
)

// The names in a directory: "snapshot" is that of the store called "", and
// "snapshot.NAME" those of the others.
const (
	fileName        = "snapshot"
	temporaryPrefix = ".writing-"
	lockName        = "LOCK"
)

// directory is where the snapshots of a space lie. It is locked as long as one of
// its stores is open.
type directory struct {
	path string

	mu    sync.Mutex
	users int
	lock  *os.File
}

func (d *directory) paths(name string) (path, temporary string) {
	file := fileName
	if name != "" {
		file += "." + name
	}
	return filepath.Join(d.path, file), filepath.Join(d.path, temporaryPrefix+file)
}

func (d *directory) checkName(name string) error {
	if name != "" && (name != filepath.Base(name) || name[0] == '.' || !utf8.ValidString(name)) {
		return fmt.Errorf("memory: %q is no name of a store in %s", name, d.path)
	}
	return nil
}

// acquire makes and locks the directory. The first one to do so finds it without
// anybody who writes, and clears away what a kill has left.
func (d *directory) acquire() error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.users > 0 {
		d.users++
		return nil
	}
	if err := os.MkdirAll(d.path, 0o700); err != nil {
		return fmt.Errorf("memory: %w", err)
	}
	lock, err := lockFile(filepath.Join(d.path, lockName))
	if err != nil {
		return err
	}
	if err := d.removeTemporaries(); err != nil {
		return errors.Join(err, lock.Close())
	}
	d.users, d.lock = 1, lock
	return nil
}

func (d *directory) release() error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.users--; d.users > 0 {
		return nil
	}
	return d.lock.Close()
}

func (d *directory) removeTemporaries() error {
	entries, err := d.entries()
	for _, e := range entries {
		if err == nil && strings.HasPrefix(e.Name(), temporaryPrefix) {
			err = os.Remove(filepath.Join(d.path, e.Name()))
		}
	}
	if err != nil {
		return fmt.Errorf("memory: %w", err)
	}
	return nil
}

// entries are those of the directory, none where it does not exist.
func (d *directory) entries() ([]os.DirEntry, error) {
	entries, err := os.ReadDir(d.path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	return entries, err
}

// names are those of the stores that have a snapshot.
func (d *directory) names() ([]string, error) {
	entries, err := d.entries()
	if err != nil {
		return nil, fmt.Errorf("memory: %w", err)
	}
	var names []string
	for _, e := range entries {
		if e.Name() == fileName {
			names = append(names, "")
		} else if name, ok := strings.CutPrefix(e.Name(), fileName+"."); ok {
			names = append(names, name)
		}
	}
	return names, nil
}

// remove deletes a snapshot; one that is not there is removed already.
func (d *directory) remove(name string) error {
	path, _ := d.paths(name)
	if _, err := os.Stat(path); errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	err := d.acquire()
	if err != nil {
		return err
	}
	if err = os.Remove(path); err == nil {
		err = durable.SyncDir(d.path)
	}
	if err = errors.Join(err, d.release()); err != nil {
		return fmt.Errorf("memory: %w", err)
	}
	return nil
}
