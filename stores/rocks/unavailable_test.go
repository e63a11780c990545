//go:build norocksdb || !cgo

package rocks

import (
	"errors"
	"strings"
	"testing"

	"restorebench/stores"
)

func TestUnavailable(t *testing.T) {
	_, err := Open(t.TempDir(), Options{})
	if !errors.Is(err, stores.ErrUnavailable) || !strings.Contains(err.Error(), "scripts/setup") {
		t.Errorf("error is %v", err)
	}
}
