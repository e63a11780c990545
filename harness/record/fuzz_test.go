package record

import (
	"os"
	"path/filepath"
	"testing"

	"restorebench/internal/alloctest"
)

// Any file is records, or an error that names the line; what was scanned can be written and
// scanned again, and going on with a file leaves no more than whole lines. It takes no more memory than the file explains.
func FuzzScan(f *testing.F) {
	f.Add([]byte(`{"schema":1,"run":"r","trial":0,"subject":"s","store":"memory","phases":{"exit":1},"valid":true}` + "\n"))
	f.Add([]byte(`{"schema":1,"trial":-1,"subject":"s","store":"memory"}` + "\n" + `{"schema":1,"subject":"s","store":"memory","why":"interrupted"}` + "\n{"))
	f.Add([]byte(`{"schema":2}` + "\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		path := filepath.Join(t.TempDir(), "r.jsonl")
		if err := os.WriteFile(path, data, 0o600); err != nil {
			t.Fatal(err)
		}
		var file *File
		var records []Record
		var err error
		// A record of 700 bytes has a line of 40, and is copied as their list grows. What encoding/json learns of a type once comes to it.
		alloctest.AtMost(t, 256*len(data)+512<<10, func() { file, records, err = Resume(path) })
		if err != nil {
			return
		}
		for i := range records {
			_ = records[i].Check()
		}
		if err := file.Append(&Record{Schema: Schema, Trial: 1 << 40, Cell: Cell{Subject: "s", Store: "memory"}}); err != nil {
			t.Fatal(err)
		}
		_ = file.Close()
		if again, err := Scan(path); err != nil || len(again) != len(records)+1 {
			t.Errorf("%d records and one more are %d, %v", len(records), len(again), err)
		}
	})
}
