package spec

import (
	"errors"
	"reflect"
	"testing"
)

// Any YAML is a spec or an Error of one line, and a spec is the same again when it is written
// and read. Cells of what is accepted are at most as many as trials are allowed.
func FuzzParse(f *testing.F) {
	for _, text := range []string{
		"keys: [1k, 1M]\nstores: [memory, rocksdb]\nruns: 3\n", "tail: 10%\nrecovery: local+tail\n",
		"rocksdb:\n  block_size: 4096\n", "rocksdb: [{block_size: 4096}, {block_size: 8192}]\n", "a: &a [*a]\n", "keys: 1e30\n", "? [x]\n: y\n", "",
	} {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		s := Default()
		if err := s.Parse(text, "f.yaml"); err != nil {
			var bad *Error
			if !errors.As(err, &bad) {
				t.Fatalf("%T %v", err, err)
			}
			return
		}
		cells, _, err := s.Cells()
		if err == nil && len(cells) > MaxTrials {
			t.Errorf("%d cells", len(cells))
		}
		written, err := s.YAML()
		if err != nil {
			t.Fatal(err)
		}
		again := Default()
		if err := again.Parse(written, "again.yaml"); err != nil {
			t.Fatalf("%q was read, and written as\n%s\n%v", text, written, err)
		}
		more, _, _ := again.Cells()
		if !reflect.DeepEqual(cells, more) {
			t.Errorf("%q has %d cells, and %d when it is written and read again:\n%s", text, len(cells), len(more), written)
		}
	})
}
