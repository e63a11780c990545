package memory_test

import (
	"testing"

	"restorebench/stores/memory"
	"restorebench/stores/storetest"
)

func TestSpace(t *testing.T) { storetest.RunSpace(t, memory.NewSpace(), false) }
