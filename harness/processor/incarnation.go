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

// incarnationName is the file in a store's directory that has its number.
const incarnationName = ".incarnation"

func incarnationText(incarnation uint64) []byte { return fmt.Appendf(nil, "%016x\n", incarnation) }

// parseIncarnation returns 0 for what is not, byte for byte, the text of a number. It has no checksum: a digit that became another one is
// another number, and so another store than the file beside it is of, which is wiped and replayed.
func parseIncarnation(text []byte) (incarnation uint64) {
	if _, err := fmt.Sscanf(string(text), "%x\n", &incarnation); err != nil || !bytes.Equal(text, incarnationText(incarnation)) {
		return 0
	}
	return incarnation
}

// readIncarnation reads the number of a store that was just opened, and gives it one where nothing was in it; 0 is that of none.
func (part *partition) readIncarnation() error {
	text, err := readNote(filepath.Join(part.dir, incarnationName))
	if err != nil {
		return err
	}
	part.incarnation = parseIncarnation(text)
	if _, ok := part.store.Offset(); ok || part.incarnation != 0 {
		return nil
	}
	return part.beginIncarnation()
}

func (part *partition) beginIncarnation() error {
	part.incarnation = rand.Uint64()
	if err := os.MkdirAll(part.dir, 0o700); err != nil { // segments come with their records
		return err
	}
	return durable.WriteFile(filepath.Join(part.dir, incarnationName), incarnationText(part.incarnation), 0o600)
}
