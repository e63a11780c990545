package processor

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"

	"restorebench/internal/durable"
)

// A replay that is cut short leaves files at any offset behind that which it began at, and a store of before it, as from a backup, may stand there,
// too. So each store that is begun, or goes back, has a new number in its directory, which the file beside it repeats, see origin.

// birthName is the file in a store's directory that has its number.
const birthName = ".birth"

func birthText(birth uint64) []byte { return fmt.Appendf(nil, "%016x\n", birth) }

// readBirth reads the number of a store that was just opened, and gives it one where nothing was in it; 0 is that of none.
func (part *partition) readBirth() error {
	text, err := readNote(filepath.Join(part.dir, birthName))
	if err != nil {
		return err
	}
	if _, err := fmt.Sscanf(string(text), "%x\n", &part.birth); err != nil || !bytes.Equal(text, birthText(part.birth)) {
		part.birth = 0
	}
	if _, ok := part.store.Offset(); ok || part.birth != 0 {
		return nil
	}
	return part.bear()
}

func (part *partition) bear() error {
	part.birth = rand.Uint64()
	if err := os.MkdirAll(part.dir, 0o700); err != nil { // segments come with their records
		return err
	}
	return durable.WriteFile(filepath.Join(part.dir, birthName), birthText(part.birth), 0o600)
}
