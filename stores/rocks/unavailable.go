//go:build norocksdb || !cgo

package rocks

import (
	"context"
	"fmt"

	"restorebench/stores"
)

var errUnavailable = fmt.Errorf(
	"rocks: %w: built with the tag norocksdb or without cgo; run scripts/setup, which installs RocksDB, and build again",
	stores.ErrUnavailable)

// Store stands in for the RocksDB store, which this build lacks.
type Store struct{ stores.Ordered }

// Open always fails in this build.
func Open(string, Options) (*Store, error) { return nil, errUnavailable }

// Version always fails in this build.
func Version() (string, error) { return "", errUnavailable }

// HoldFlush always fails in this build.
func (*Store) HoldFlush(int) error { return errUnavailable }

// DiskBytes is 0 in this build.
func (*Store) DiskBytes() int64 { return 0 }

// BeginBulk always fails in this build.
func (*Store) BeginBulk(int64) error { return errUnavailable }

// EndBulk always fails in this build.
func (*Store) EndBulk() error { return errUnavailable }

// Debt always fails in this build.
func (*Store) Debt() (Debt, error) { return Debt{}, errUnavailable }

// WaitForCompactions always fails in this build.
func (*Store) WaitForCompactions(context.Context) error { return errUnavailable }
