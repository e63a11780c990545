//go:build !linux

package trial

import (
	"fmt"
	"runtime"
)

// dropPages needs posix_fadvise(2) and mincore(2).
func dropPages(string) error { return fmt.Errorf("it can't be dropped on %s", runtime.GOOS) }
