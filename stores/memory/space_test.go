package memory_test

import (
	"path/filepath"
	"testing"

	"restorebench/stores/memory"
	"restorebench/stores/storetest"
)

func TestSpace(t *testing.T) {
	storetest.RunSpace(t, memory.NewSpace(), false)
	storetest.RunSpace(t, memory.NewSpaceIn(filepath.Join(t.TempDir(), "task"), memory.Options{Topic: "t"}), true)
}
