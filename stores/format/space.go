package format

import (
	"fmt"

	"restorebench/stores"
)

// Alone makes sure that a store without a name, which takes a whole space, is the only
// one there: stores with names may be the segments of a window or session store. Else
// the error wraps stores.ErrLayout.
func Alone(space stores.Space, name string) error {
	if name != "" {
		return nil
	}
	names, err := space.Names()
	if err != nil {
		return err
	}
	for _, other := range names {
		if other != "" {
			return fmt.Errorf("%w: there is a store %q, want no other than the one without a name", stores.ErrLayout, other)
		}
	}
	return nil
}
