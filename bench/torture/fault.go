package torture

import (
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"

	"restorebench/harness/spec"
)

// Faults beside kills: after each kill, one of the local files, chosen at random, is changed.
const (
	FaultTruncated = "file-cut"     // it loses its end
	FaultEmptied   = "file-emptied" // it has no bytes any more
	FaultFlipped   = "file-flipped" // one bit of it is another
	FaultMissing   = "file-missing"
)

var fileFaults = []string{FaultTruncated, FaultEmptied, FaultFlipped, FaultMissing}

// Faults lists the names of all faults.
func Faults() []string {
	return slices.Concat(fileFaults, topicFaults, brokerFaults, diskFaults, []string{FaultZombie, FaultPowerCut, FaultLockHeld})
}

func ofFiles(fault string) bool { return slices.Contains(fileFaults, fault) }

// What became of a damaged file. All of them are right, if the bytes are.
const (
	OutcomeServed   = "served"   // the rest was enough
	OutcomeReplayed = "replayed" // the processor wiped its files, and said why
	OutcomeRefused  = "refused"  // it ended with an error that names them
)

func checkFault(name string) error {
	if name != "" && !slices.Contains(Faults(), name) {
		return &spec.Error{Where: "--fault", Value: name, Allowed: "one of " + faultNames()}
	}
	return nil
}

// faulty are the cells to which a fault can do something.
func faulty(cells []Cell, fault string) []Cell {
	return slices.DeleteFunc(slices.Clone(cells), func(c Cell) bool { return !c.suits(fault) })
}

// damage changes a file below dir, and says which; "" when there is none.
func damage(rng *rand.Rand, fault, dir string) (name string, err error) {
	var files []string
	err = filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || !d.Type().IsRegular() {
			return err
		}
		if info, err := d.Info(); err != nil || info.Size() == 0 {
			return err
		}
		files = append(files, path)
		return nil
	})
	if errors.Is(err, fs.ErrNotExist) { // killed before it made any
		err = nil
	}
	if err != nil || len(files) == 0 {
		return "", err
	}
	path := files[rng.IntN(len(files))]
	if name, err = filepath.Rel(dir, path); err != nil {
		return "", err
	}
	return name, change(rng, fault, path)
}

func change(rng *rand.Rand, fault, path string) error {
	data, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	switch fault {
	case FaultMissing:
		return os.Remove(path)
	case FaultEmptied:
		return os.Truncate(path, 0)
	case FaultTruncated:
		return os.Truncate(path, rng.Int64N(int64(len(data))))
	case FaultFlipped:
		data[rng.IntN(len(data))] ^= 1 << rng.IntN(8)
		return os.WriteFile(path, data, 0o600)
	}
	return fmt.Errorf("fault %q is unknown", fault)
}
