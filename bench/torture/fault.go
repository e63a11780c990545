package torture

import (
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"

	"restorebench/harness/spec"
)

// Faults beside kills: after each kill, one of the local files is changed.
const (
	FaultTruncated = "file-cut"     // it loses its end
	FaultEmptied   = "file-emptied" // it has no bytes any more
	FaultFlipped   = "file-flipped" // one bit of it is another
	FaultMissing   = "file-missing"
)

var fileFaults = []string{FaultTruncated, FaultEmptied, FaultFlipped, FaultMissing}

// Faults lists the names of all faults.
func Faults() []string {
	return slices.Concat(fileFaults, otherFaults, []string{FaultRewound}, topicFaults, brokerFaults, diskFaults, callFaults, groupFaults,
		[]string{FaultReadOnly, FaultZombie, FaultPowerCut, FaultLockHeld})
}

func ofFiles(fault string) bool {
	return slices.Contains(fileFaults, fault) || slices.Contains(otherFaults, fault) || fault == FaultRewound
}

// What became of a damaged file. All of them are right, if the bytes are.
const (
	OutcomeServed   = "served"   // the rest was enough
	OutcomeReplayed = "replayed" // the processor wiped its files, and said why
	OutcomeRefused  = "refused"  // it ended with an error that names them, see refusalLacks; or what Kafka did to the changelog, see unmarked
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

// wound is what was done to the files.
type wound struct {
	name  string // of the file, below the processor's directory; "" when there is none
	typ   string
	proof string
}

// damage changes a file below dir: first its type is chosen, so that each is struck as often, then one of that type.
func damage(rng *rand.Rand, fault, dir string) (w wound, err error) {
	all, err := filesOf(dir, false)
	if err != nil || len(all) == 0 {
		return w, err
	}
	w.typ = pick(rng, types(all))
	path := pick(rng, all[w.typ])
	if w.name, err = filepath.Rel(dir, path); err != nil {
		return w, err
	}
	w.proof, err = change(rng, fault, path)
	return w, err
}

// pick is one of them, of which there are some.
func pick[T any](rng *rand.Rand, from []T) T { return from[rng.IntN(len(from))] }

// change does it to one file, and returns what it did.
func change(rng *rand.Rand, fault, path string) (proof string, err error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return "", err
	}
	switch n := len(data); fault {
	case FaultMissing:
		return fmt.Sprintf("removed, of %d bytes", n), os.Remove(path)
	case FaultEmptied:
		return fmt.Sprintf("none left of %d bytes", n), os.Truncate(path, 0)
	case FaultTruncated:
		left := rng.Int64N(int64(n))
		return fmt.Sprintf("%d left of %d bytes", left, n), os.Truncate(path, left)
	case FaultFlipped:
		at, bit := rng.IntN(n), rng.IntN(8)
		data[at] ^= 1 << bit
		return fmt.Sprintf("bit %d of byte %d of %d is another", bit, at, n), os.WriteFile(path, data, 0o600)
	}
	return "", fmt.Errorf("fault %q is unknown", fault)
}
