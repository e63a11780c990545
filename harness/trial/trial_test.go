package trial

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"restorebench/harness/broker/brokertest"
	"restorebench/harness/processor"
	"restorebench/harness/record"
	"restorebench/harness/spec"
	"restorebench/harness/subject"
)

// asSubject makes the test binary a processor.
const asSubject = "RESTOREBENCH_TEST_SUBJECT"

func TestMain(m *testing.M) {
	if os.Getenv(asSubject) != "" {
		if err := processor.Run(context.Background(), "test", os.Stdin); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	os.Exit(brokertest.Main(m))
}

// runner runs trials of our own processor.
func runner(t *testing.T) *Runner {
	t.Helper()
	s := spec.Default()
	s.StallTimeout = 20 * time.Second
	return &Runner{
		Run: fmt.Sprintf("test%016x", rand.Uint64()), Spec: s, Broker: brokertest.Start(t), Dir: t.TempDir(),
		Command: subject.Command{Path: os.Args[0], Env: []string{asSubject + "=1"}},
	}
}

func cell(store, recovery string, keys int64) record.Cell {
	c := record.Cell{
		Subject: spec.SubjectSelf, Store: store, Recovery: recovery, Keys: keys,
		KeyBytes: 16, ValueBytes: 100, Partitions: 1, UpdatesPerKey: 1,
	}
	if recovery == record.LocalTail {
		c.Tail = 0.1
	}
	return c
}

func do(t *testing.T, r *Runner, c record.Cell) record.Record {
	t.Helper()
	rec, err := r.Do(context.Background(), 0, c, 42)
	if err != nil {
		t.Fatal(err)
	}
	clean(t, r)
	return rec
}

// clean fails the test if a trial left files, processes or topics behind.
func clean(t *testing.T, r *Runner) {
	t.Helper()
	if left, _ := filepath.Glob(filepath.Join(r.Dir, "*")); len(left) > 0 {
		t.Errorf("left behind: %v", left)
	}
	left := children(r.Dir)
	for range 100 { // other trials run beside this one, and theirs are dead for a moment before they are reaped
		if len(left) == 0 {
			break
		}
		time.Sleep(20 * time.Millisecond)
		left = children(r.Dir)
	}
	for _, stat := range left {
		t.Errorf("process left behind: %s", stat)
	}
	brokertest.NoTopics(t, r.Broker.Bootstrap(), r.Run)
}

// children are our child processes with a directory in their environment, and all that are dead and not reaped: they have none any more.
func children(dir string) (stats []string) {
	procs, _ := filepath.Glob("/proc/[0-9]*")
	for _, p := range procs {
		stat, err := os.ReadFile(filepath.Join(p, "stat"))
		if err != nil {
			continue
		}
		// pid (command) state ppid ...
		_, rest, _ := strings.Cut(string(stat), ") ")
		if f := strings.Fields(rest); len(f) < 2 || f[1] != fmt.Sprint(os.Getpid()) {
			continue
		}
		environ, _ := os.ReadFile(filepath.Join(p, "environ"))
		if strings.HasPrefix(rest, "Z") || strings.Contains(string(environ), dir) {
			stats = append(stats, string(stat))
		}
	}
	return stats
}

// everyCell is a cell for each store and each recovery that it can take, and some that
// are small, wide, or large.
func everyCell(t *testing.T) []record.Cell {
	s := spec.Default()
	s.Stores, s.Keys, s.UpdatesPerKey = spec.Stores(), []int64{3000}, []int64{1}
	cells, _, err := s.Cells()
	if err != nil {
		t.Fatal(err)
	}
	for _, store := range []string{"memory", "rocksdb-window", "memory-session"} {
		cached := cell(store, record.Replay, 3000)
		cached.UpdatesPerKey, cached.CacheBytes = 4, 100_000
		cells = append(cells, cached)
	}
	for _, store := range []string{"rocksdb-session", "rocksdb-window", "rocksdb-versioned"} {
		several := cell(store, record.LocalTail, 500)
		several.UpdatesPerKey, several.Partitions = 3, 2
		cells = append(cells, several)
	}
	return append(cells, []record.Cell{
		{Subject: spec.SubjectSelf, Store: spec.StoreRocks, Recovery: record.LocalTail, Keys: 100, KeyBytes: 9, ValueBytes: 1, Partitions: 3, UpdatesPerKey: 2, Tail: 0.5},
		{Subject: spec.SubjectSelf, Store: spec.StoreMemory, Recovery: record.Replay, Keys: 6, KeyBytes: 8, ValueBytes: 1 << 20, Partitions: 2, UpdatesPerKey: 1},
		{Subject: spec.SubjectSelf, Store: spec.StoreMemory, Recovery: record.Replay, Keys: 1, KeyBytes: 8, ValueBytes: 1, Partitions: 1, UpdatesPerKey: 1},
	}...)
}

// A restore has a ceiling, and no other trial does.
func TestCeilingOfARestore(t *testing.T) {
	for recovery, want := range map[string]bool{record.Replay: true, record.Local: false, record.LocalTail: true} {
		t.Run(recovery, func(t *testing.T) {
			t.Parallel()
			rec := do(t, runner(t), cell(spec.StoreRocks, recovery, 2000))
			if got := rec.Restored.FetchAloneNS; !rec.Valid || got > 0 != want {
				t.Errorf("fetched alone in %d ns (%s), want one: %v", got, rec.Why, want)
			}
		})
	}
}

func TestEveryCell(t *testing.T) {
	for _, c := range everyCell(t) {
		t.Run(fmt.Sprintf("%s %s %d", c.Store, c.Recovery, c.Keys), func(t *testing.T) {
			t.Parallel()
			rec := do(t, runner(t), c)
			if !rec.Valid || rec.Verify.Verdict != "ok" || rec.Path != c.Recovery {
				t.Fatalf("%+v", rec)
			}
			if rec.Verify.Digest != rec.Verify.Want || rec.Verify.Digest == "" || rec.Verify.PointReads < c.Partitions {
				t.Errorf("%+v", rec.Verify)
			}
			var sum int64
			for name, ns := range rec.Phases {
				if ns < 0 {
					t.Errorf("phase %s took %d ns", name, ns)
				}
				sum += ns
			}
			if sum != rec.DowntimeNS || len(rec.Phases) != len(record.Phases) {
				t.Errorf("phases %v add up to %d, the downtime is %d", rec.Phases, sum, rec.DowntimeNS)
			}
			if (rec.Restored.Records == 0) != (c.Recovery == record.Local) || rec.Resources.RSSPeakBytes == 0 {
				t.Errorf("%+v %+v", rec.Restored, rec.Resources)
			}
		})
	}
}

// script runs a shell script as the subject.
func script(t *testing.T, text string) *Runner {
	r := runner(t)
	r.Spec.StallTimeout = 3 * time.Second
	r.Command = subject.Command{Path: "/bin/sh", Args: []string{"-c", `exec 3> "$RESTOREBENCH_EVENTS"; ` + text}}
	return r
}

func TestMisbehavingSubjects(t *testing.T) {
	for _, c := range []struct{ name, script, why string }{
		{"dies", `echo "out of luck" >&2; exit 7`, "exit status 7; its log ends with: out of luck"},
		{"hangs", `echo '{"event":"hello"}' >&3; sleep 100`, "no event for 3s"},
		{"talks nonsense", `echo 'hello there' >&3; sleep 100`, "broke the protocol"},
		{"reports an error", `echo '{"event":"error","code":"locked","message":"held by 7"}' >&3; sleep 100`, "locked: held by 7"},
		{"claims to have loaded too little", `echo '{"event":"loaded","records":3,"offset":3}' >&3; sleep 100`, "3 records acknowledged"},
		{"loads a partition that is not there", `echo '{"event":"progress","partition":1,"records":3}' >&3; sleep 100`, "progress of partition 1, which is not being loaded"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			rec := do(t, script(t, c.script), cell(spec.StoreMemory, record.Replay, 100))
			if rec.Valid || !strings.Contains(rec.Why, c.why) {
				t.Errorf("%q, want ...%s...", rec.Why, c.why)
			}
		})
	}
}

func TestInterruptedTrialLeavesNothing(t *testing.T) {
	for _, after := range []time.Duration{0, 50 * time.Millisecond, 300 * time.Millisecond, 900 * time.Millisecond} {
		r := runner(t)
		ctx, cancel := context.WithTimeout(context.Background(), after)
		rec, err := r.Do(ctx, 0, cell(spec.StoreRocks, record.Replay, 300_000), 1)
		cancel()
		if err == nil || rec.Valid || rec.Why != "interrupted" {
			t.Errorf("after %v: %v, valid %v, why %q", after, err, rec.Valid, rec.Why)
		}
		clean(t, r)
	}
}
