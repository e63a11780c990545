package report

import (
	"io"
	"os"
	"path/filepath"
	"reflect"
	"testing"
)

// Any file is a summary, or an error that names it; what was read can be shown, and is written as it is read.
func FuzzSummary(f *testing.F) {
	for _, name := range []string{"two-trials", "invalid", "types"} {
		text, err := os.ReadFile(filepath.Join("testdata", name+".json"))
		if err != nil {
			f.Fatal(err)
		}
		f.Add(text)
	}
	f.Add([]byte(`{"schema":1,"cells":[{"store":"memory","n":1,"downtime":{"n":1,"unit":"ns","median":-1e300}}],"warnings":[{}]}`))
	f.Add([]byte(`{"schema":2}`))
	f.Add([]byte(`null`))
	path := filepath.Join(f.TempDir(), "summary.json")
	f.Fuzz(func(t *testing.T, text []byte) {
		if err := os.WriteFile(path, text, 0o600); err != nil {
			t.Fatal(err)
		}
		s, err := ReadSummary(path)
		if err != nil {
			return
		}
		if err := Table(io.Discard, s); err != nil {
			t.Error(err)
		}
		if err := WriteSummary(path, s); err != nil {
			t.Fatal(err)
		}
		written, err := ReadSummary(path)
		if err != nil {
			t.Fatal(err)
		}
		if err := WriteSummary(path, written); err != nil {
			t.Fatal(err)
		}
		if again, err := ReadSummary(path); err != nil || !reflect.DeepEqual(again, written) {
			t.Errorf("%+v is read again as %+v, %v", written, again, err)
		}
	})
}
