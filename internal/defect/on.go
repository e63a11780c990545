//go:build defects

package defect

import "os"

var seeded = Name(os.Getenv(Env))

// Is says whether this process has the defect. It can only have one.
func Is(n Name) bool { return n == seeded }

// Seed gives this process a defect, or None, and returns what takes it back.
func Seed(n Name) (undo func()) {
	before := seeded
	seeded = n
	return func() { seeded = before }
}
