package torture

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// fail judges the last kill that is not judged yet by an error of the life behind it; line is
// that life's own kill, which is to blame when no other is.
func (c *campaign) fail(err error, line *Line) error {
	if errors.Is(err, errCell) || errors.Is(err, context.Canceled) { // was judged, or is not to be
		return err
	}
	if line != nil && len(c.pending) == 0 {
		c.pending = append(c.pending, line)
	}
	for i, p := range c.pending {
		if i == len(c.pending)-1 {
			p.Verdict, p.Why = VerdictFailed, strings.ReplaceAll(err.Error(), "\n", "; ")
			if errors.Is(err, errHung) {
				p.Verdict = VerdictHung
			}
		}
		err = errors.Join(err, c.judged(p))
	}
	c.pending = nil
	return err
}

// keep copies what a failure left to where it stays.
func (c *campaign) keep() error {
	c.kept = filepath.Join(c.Out, "torture", c.Run+"-"+filepath.Base(c.ground.dir))
	return errors.Join(os.MkdirAll(c.kept, 0o700), copyFiles(c.kept, c.ground.dir), c.ground.history.dump(c.kept))
}

// copyFiles copies a tree without its named pipes, and without what goes while it is being copied.
func copyFiles(to, from string) error {
	return filepath.WalkDir(from, func(path string, d os.DirEntry, err error) error {
		if err != nil {
			return unlessGone(err)
		}
		rel, err := filepath.Rel(from, path)
		if err != nil {
			return err
		}
		switch target := filepath.Join(to, rel); {
		case d.IsDir():
			return os.MkdirAll(target, 0o700)
		case d.Type().IsRegular():
			data, err := os.ReadFile(path)
			if err != nil {
				return unlessGone(err)
			}
			return os.WriteFile(target, data, 0o600)
		}
		return nil
	})
}

func unlessGone(err error) error {
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}
