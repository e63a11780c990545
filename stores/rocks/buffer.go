//go:build cgo && !norocksdb

package rocks

/*
#cgo LDFLAGS: -lrocksdb
#include <stdlib.h>
#include "bulk.h"
*/
import "C"

import (
	"errors"
	"unsafe"

	"restorebench/stores"
)

var errNoMemory = errors.New("rocks: no memory to collect records in")

// buffer holds collected records outside of Go's heap, and sorts and writes them.
type buffer struct{ c *C.rb_buffer }

// newBuffer returns a buffer of that many bytes. It has to be freed.
func newBuffer(bytes int64) (*buffer, error) {
	c := C.rb_buffer_new(C.size_t(bytes))
	if c == nil {
		return nil, errNoMemory
	}
	return &buffer{c}, nil
}

// add copies records of b, from the one at index from on, and returns the index of the
// first that there is no room for. An empty buffer makes room for at least one.
func (u *buffer) add(b *stores.Batch, from int) (int, error) {
	rest := b.Entries[from:]
	if len(rest) == 0 {
		return from, nil
	}
	n := C.rb_add(u.c, (*C.uint8_t)(unsafe.SliceData(b.Arena)),
		(*C.rb_batch_entry)(unsafe.Pointer(unsafe.SliceData(rest))), C.size_t(len(rest)))
	if n == 0 && u.len() == 0 {
		return from, errNoMemory
	}
	return from + int(n), nil
}

// len is the number of records, each key counting once after sort.
func (u *buffer) len() int { return int(u.c.count) }

// sort sorts by key and keeps the last record of each.
func (u *buffer) sort(dropTombstones bool) {
	drop := C.int(0)
	if dropTombstones {
		drop = 1
	}
	C.rb_sort(u.c, drop)
}

// squeeze makes a sorted buffer one that collects again, if half of it gets free.
func (u *buffer) squeeze() bool { return C.rb_squeeze(u.c) != 0 }

func (u *buffer) clear() { C.rb_buffer_clear(u.c) }
func (u *buffer) free()  { C.rb_buffer_free(u.c) }

// fileOptions are the options that files are written with.
type fileOptions struct{ c *C.rocksdb_options_t }

// newFileOptions takes what concerns files from the settings; bloomBits is apart. They
// have to be freed.
func newFileOptions(s Settings, bloomBits float64) fileOptions {
	return fileOptions{C.rb_file_options(C.size_t(s.BlockSize), C.double(bloomBits), C.int(compressionTypes[s.Compression]))}
}

func (o fileOptions) free() { C.rocksdb_options_destroy(o.c) }

// write writes the records from..to of a sorted buffer to a new file, and syncs it.
func (u *buffer) write(from, to int, o fileOptions, path string) error {
	name := C.CString(path)
	defer C.free(unsafe.Pointer(name))
	var text *C.char
	C.rb_write(u.c, C.size_t(from), C.size_t(to), o.c, name, &text) //nolint:gocritic // reads what cgo generates wrongly
	if text == nil {
		return nil
	}
	defer C.rocksdb_free(unsafe.Pointer(text))
	return errors.New(C.GoString(text))
}
