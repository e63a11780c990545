package record

import (
	"bufio"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

const writerVariable = "RECORD_TEST_WRITER"

// TestMain makes the test binary the writer that is killed, too.
func TestMain(m *testing.M) {
	path := os.Getenv(writerVariable)
	if path == "" {
		os.Exit(m.Run())
	}
	f, err := Create(path)
	for n := 0; err == nil; n++ {
		r := sample(n)
		r.Why = strings.Repeat("x", 1+n%3000)
		if err = f.Append(&r); err == nil {
			fmt.Println(n) // acknowledged
		}
	}
	fmt.Fprintln(os.Stderr, err)
	os.Exit(1)
}

// Whenever a run is killed, every record that was written is there, and what was being written is cut off at most.
func TestKilledWriterLosesNothing(t *testing.T) {
	random := rand.New(rand.NewPCG(8, 2))
	torn, most := 0, 0
	for i := range 200 {
		path := filepath.Join(t.TempDir(), "r.jsonl")
		cmd := exec.Command(os.Args[0])
		cmd.Env = append(os.Environ(), writerVariable+"="+path)
		out, err := cmd.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		acknowledged := 0
		lines := bufio.NewScanner(out)
		for lines.Scan() { // the first record, then any moment
			if acknowledged++; acknowledged == 1 {
				time.AfterFunc(time.Duration(random.IntN(5000))*time.Microsecond, func() { _ = cmd.Process.Kill() })
			}
		}
		_ = cmd.Wait() // killed
		f, records, err := Resume(path)
		if err != nil || len(records) < acknowledged || len(records) > acknowledged+1 {
			t.Fatalf("kill %d: %d records, %d acknowledged: %v", i, len(records), acknowledged, err)
		}
		next := sample(len(records))
		if _, err := Scan(path); errors.Is(err, ErrTruncated) {
			torn++
		}
		if err := errors.Join(f.Append(&next), f.Close()); err != nil {
			t.Fatal(err)
		}
		if again, err := Scan(path); err != nil || len(again) != len(records)+1 {
			t.Fatalf("kill %d: %d records after the run went on, want %d: %v", i, len(again), len(records)+1, err)
		}
		most = max(most, len(records))
	}
	t.Logf("200 kills, up to %d records each", most)
	if torn > 0 {
		t.Errorf("%d files were still cut off after Resume", torn)
	}
}
