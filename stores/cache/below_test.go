package cache

import (
	"bytes"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"restorebench/stores"
)

// below is a store in a map with all that was written to it. It fails when told to.
type below struct {
	m        map[string][]byte
	log      []string // key=value@timestamp
	err      error
	closeErr error // of its iterators
}

func newBelow() *below { return &below{m: map[string][]byte{}} }

func (b *below) Get(key []byte) ([]byte, error) { return bytes.Clone(b.m[string(key)]), b.err }

func (b *below) write(key, value []byte, timestamp int64) error {
	if b.err != nil {
		return b.err
	}
	b.log = append(b.log, line(string(key), value, timestamp))
	if value == nil {
		delete(b.m, string(key))
	} else {
		b.m[string(key)] = bytes.Clone(value)
	}
	return nil
}

func line(key string, value []byte, timestamp int64) string {
	if value == nil {
		return fmt.Sprintf("%q-null@%d", key, timestamp)
	}
	return fmt.Sprintf("%q=%q@%d", key, value, timestamp)
}

func (b *below) Range(from, to []byte) stores.Iterator {
	return b.rows(within(b.m, from, to))
}

func (b *below) ReverseRange(from, to []byte) stores.Iterator {
	keys := within(b.m, from, to)
	slices.Reverse(keys)
	return b.rows(keys)
}

func (b *below) rows(keys []string) *rows {
	return &rows{m: maps.Clone(b.m), keys: keys, at: -1, err: b.err, closeErr: b.closeErr}
}

func within(m map[string][]byte, from, to []byte) []string {
	return slices.DeleteFunc(slices.Sorted(maps.Keys(m)), func(key string) bool {
		return key < string(from) || to != nil && key >= string(to)
	})
}

type rows struct {
	m             map[string][]byte
	keys          []string
	at            int
	err, closeErr error
}

func (r *rows) Next() bool    { r.at++; return r.err == nil && r.at < len(r.keys) }
func (r *rows) Key() []byte   { return []byte(r.keys[r.at]) }
func (r *rows) Value() []byte { return r.m[r.keys[r.at]] }
func (r *rows) Err() error    { return r.err }
func (r *rows) Close() error  { return r.closeErr }

// show is all that an iterator gives: a=1 b=2.
func show(it stores.Iterator) (string, error) {
	var out []string
	for it.Next() {
		out = append(out, fmt.Sprintf("%q=%q", it.Key(), it.Value()))
	}
	return strings.Join(out, " "), errors.Join(it.Err(), it.Close())
}
