package torture

import (
	"errors"
	"io/fs"
	"path/filepath"
	"slices"
	"strings"
)

// Types of the files that a processor keeps, by what they are for.
const (
	TypeSST      = "SST"
	TypeManifest = "MANIFEST"
	TypeCurrent  = "CURRENT"
	TypeOptions  = "OPTIONS"
	TypeIdentity = "IDENTITY"
	TypeWAL      = "WAL"
	TypeSnapshot = "snapshot" // of an in-memory store
	TypeSource   = "source"   // ours, which says what changelog the files beside it are of, or what store those are
	TypeLock     = "LOCK"
	TypeDir      = "directory" // of a store
	TypeStore    = "store"     // all that is in there
	TypeBulk     = "bulk"      // a sorted file on its way into the store
)

// typeOf is "" for a file that nothing depends on: RocksDB's LOG, which it writes for its users, and one that was being written.
func typeOf(path string) string {
	switch name := filepath.Base(path); {
	case name == TypeCurrent, name == TypeIdentity, name == TypeLock:
		return name
	case strings.HasPrefix(name, "MANIFEST-"):
		return TypeManifest
	case strings.HasPrefix(name, "OPTIONS-"):
		return TypeOptions
	case strings.HasSuffix(name, ".sst"):
		return TypeSST
	case strings.HasSuffix(name, ".log"):
		return TypeWAL
	case name == "snapshot":
		return TypeSnapshot
	case strings.HasPrefix(name, ".changelog-"), name == ".incarnation":
		return TypeSource
	}
	return ""
}

// filesOf are the paths of the files below dir by type, in order; those without any bytes only if asked for.
func filesOf(dir string, empty bool) (map[string][]string, error) {
	all := map[string][]string{}
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if errors.Is(err, fs.ErrNotExist) { // killed before it made any
			return nil
		}
		if err != nil || !d.Type().IsRegular() || typeOf(path) == "" {
			return err
		}
		info, err := d.Info()
		if err == nil && (empty || info.Size() > 0) {
			all[typeOf(path)] = append(all[typeOf(path)], path)
		}
		return err
	})
	return all, err
}

// types are the keys in order, so that a choice among them is a function of the seed.
func types[V any](of map[string]V) []string {
	names := make([]string, 0, len(of))
	for name := range of {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}
