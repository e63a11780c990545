package torture

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// Faults after which a file is a whole one, and not the one that belongs there. Nothing but what the files say of
// themselves, or of each other, can tell.
const (
	FaultOld     = "file-old"     // as it was at an earlier time, as from a backup; or the store's directory is
	FaultSwapped = "file-swapped" // that of another partition, as when a volume is mounted in the wrong place; or the directory is
)

var otherFaults = []string{FaultSwapped, FaultOld}

// earlier is a copy of the processor's files.
type earlier struct {
	dir    string
	killed bool // made once the processor was dead, so that the files go together
	when   string
}

// copies of the files are of the last two lives: of each one in its traffic, and one behind its end.
const copies = 4

// remember copies the files, of a processor that may be writing them.
func (c *campaign) remember(killed bool) error {
	if c.Fault != FaultOld {
		return nil
	}
	g := c.ground
	g.copied++
	e := earlier{filepath.Join(g.dir, fmt.Sprint("earlier-", g.copied)), killed, fmt.Sprintf("in life %d", g.lives)}
	if killed {
		e.when = fmt.Sprintf("behind life %d", g.lives)
	}
	if err := errors.Join(os.MkdirAll(e.dir, 0o700), copyFiles(e.dir, g.state)); err != nil {
		return err
	}
	g.earlier = append(g.earlier, e)
	if len(g.earlier) <= copies {
		return nil
	}
	first := g.earlier[0].dir
	g.earlier = g.earlier[1:]
	return os.RemoveAll(first)
}

// storeDir is where the one store of a processor lies, below its directory.
func storeDir(partition int) string {
	return filepath.Join(fmt.Sprintf("0_%d", partition), "rocksdb", storeName)
}

// age puts something back that there was before.
func (c *campaign) age() (w wound, err error) {
	found := map[string][]func() (wound, error){}
	for _, e := range c.ground.earlier {
		if err := c.changed(e, found); err != nil {
			return w, err
		}
	}
	if len(found) == 0 {
		return w, nil
	}
	w.typ = pick(c.rng, types(found))
	typ := w.typ
	w, err = pick(c.rng, found[typ])()
	w.typ = typ
	return w, err
}

// changed adds what is other than it was then, by type, as what puts it back.
func (c *campaign) changed(e earlier, found map[string][]func() (wound, error)) error {
	g := c.ground
	files, err := filesOf(e.dir, false)
	if err != nil {
		return err
	}
	differs := false
	for _, typ := range types(files) { // in order, since one adds to the type of another
		for _, path := range files[typ] {
			name, err := filepath.Rel(e.dir, path)
			if err != nil {
				return err
			}
			then, now, err := bothOf(path, filepath.Join(g.state, name))
			if err != nil || bytes.Equal(then, now) {
				continue
			}
			differs = true
			if now != nil {
				found[typ] = append(found[typ], func() (wound, error) {
					return wound{name: name, proof: fmt.Sprintf("as it was %s: %d bytes, not %d", e.when, len(then), len(now))},
						os.WriteFile(filepath.Join(g.state, name), then, 0o600)
				})
			}
			if typ == TypeCurrent {
				found[TypeManifest] = append(found[TypeManifest], func() (wound, error) { return g.backTo(e, name, then) })
			}
		}
	}
	if _, err := os.Stat(filepath.Join(e.dir, storeDir(0))); err == nil && differs && e.killed {
		found[TypeStore] = append(found[TypeStore], func() (wound, error) {
			return wound{name: storeDir(0), proof: "all of it as it was " + e.when}, replaceDir(filepath.Join(g.state, storeDir(0)), filepath.Join(e.dir, storeDir(0)))
		})
	}
	return nil
}

// backTo puts a CURRENT back together with the MANIFEST that it names.
func (g *ground) backTo(e earlier, current string, text []byte) (wound, error) {
	name := filepath.Join(filepath.Dir(current), strings.TrimSpace(string(text)))
	then, err := os.ReadFile(filepath.Join(e.dir, name))
	if errors.Is(err, fs.ErrNotExist) { // a copy of what was just being changed
		return wound{}, nil
	}
	if err != nil {
		return wound{}, err
	}
	return wound{name: name, proof: fmt.Sprintf("it and CURRENT as they were %s, of %d bytes", e.when, len(then))},
		errors.Join(os.WriteFile(filepath.Join(g.state, name), then, 0o600), os.WriteFile(filepath.Join(g.state, current), text, 0o600))
}

// bothOf reads two files, of which the second may not be there: nil.
func bothOf(a, b string) (first, second []byte, err error) {
	if first, err = os.ReadFile(a); err != nil {
		return nil, nil, err
	}
	second, err = os.ReadFile(b)
	if errors.Is(err, fs.ErrNotExist) {
		return first, nil, nil
	}
	return first, slices.Clip(second), err
}

// replaceDir makes a directory a copy of another.
func replaceDir(dir, by string) error {
	return errors.Join(os.RemoveAll(dir), os.MkdirAll(dir, 0o700), copyFiles(dir, by))
}
