package rocks

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"restorebench/stores"
)

// NewSpace returns a space whose byte stores are RocksDB directories: dir/NAME, and
// dir itself for the empty name. The directories are made when they are opened,
// whatever o says. Errors are those of Open.
func NewSpace(dir string, o Options) stores.Space {
	o.CreateIfMissing = true
	return &space{dir, o}
}

type space struct {
	dir     string
	options Options
}

func (s *space) Open(name string) (stores.Store, error) {
	path, err := s.path(name)
	if err != nil {
		return nil, err
	}
	store, err := Open(path, s.options)
	if err != nil {
		return nil, err // not store: an interface that holds a nil pointer is not nil
	}
	return store, nil
}

// Names lists the directories, whatever is in them: the store that opens one finds
// out. On its way it finishes removals that a kill cut short.
func (s *space) Names() ([]string, error) {
	entries, err := os.ReadDir(s.dir)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("rocks: %w", err)
	}
	var names []string
	if _, err := os.Stat(filepath.Join(s.dir, "CURRENT")); err == nil {
		names = append(names, "")
	}
	for _, e := range entries {
		switch {
		case !e.IsDir() || e.Name() == bulkDir: // of the store in dir itself
		case strings.HasPrefix(e.Name(), removed):
			if err := os.RemoveAll(filepath.Join(s.dir, e.Name())); err != nil {
				return nil, fmt.Errorf("rocks: %w", err)
			}
		default:
			names = append(names, e.Name())
		}
	}
	return names, nil
}

// bulkDir is where, in a store's directory, the files of a bulk load wait to be taken in.
const bulkDir = ".bulk"

// removed begins the name of a directory that is being removed. It gets that name
// first, since a store with some of its files gone would look corrupt after a kill.
const removed = ".removed-"

func (s *space) Remove(name string) error {
	path, err := s.path(name)
	if err != nil {
		return err
	}
	away := filepath.Join(filepath.Dir(path), removed+filepath.Base(path))
	if err := os.Rename(path, away); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("rocks: %w", err)
	}
	if err := os.RemoveAll(away); err != nil {
		return fmt.Errorf("rocks: %w", err)
	}
	return nil
}

// path is the directory of a byte store, which lies in the space's and nowhere else.
func (s *space) path(name string) (string, error) {
	if name != "" && (name != filepath.Base(name) || strings.HasPrefix(name, ".")) {
		return "", fmt.Errorf("rocks: %q is no name of a store in %s", name, s.dir)
	}
	return filepath.Join(s.dir, name), nil
}
