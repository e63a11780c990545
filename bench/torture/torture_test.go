package torture

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"
	"time"

	"restorebench/harness/broker/brokertest"
	"restorebench/harness/processor"
	"restorebench/harness/spec"
	"restorebench/harness/subject"
)

const victim = "RESTOREBENCH_TEST_VICTIM"

// TestMain makes the test binary the processor too.
func TestMain(m *testing.M) {
	if os.Getenv(victim) != "" {
		if err := processor.Run(context.Background(), "test", os.Stdin); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	os.Exit(brokertest.Main(m))
}

// options are for two kills.
func options(t *testing.T) *Options {
	t.Helper()
	return &Options{
		Run: fmt.Sprintf("test-%x", rand.Uint64()), Seed: rand.Uint64(), Kills: 2, Brokers: brokertest.Start(t).Bootstrap(),
		Prefix: "torture", Dir: t.TempDir(), Out: t.TempDir(), Stall: 30 * time.Second,
		Command: subject.Command{Path: os.Args[0], Env: []string{victim + "=1"}},
	}
}

// full skips a campaign where tests are to be short, as under the race detector, which makes each start of a processor take a second: those of
// mere kills, of the broker, of groups and of zombies, where things happen beside each other, are raced.
func full(t *testing.T) {
	t.Helper()
	if testing.Short() {
		t.Skip("run in full without -short, see the Makefile")
	}
}

// needs ends a test of a fault that this machine is not made for: that lacks root, loop devices, mounts or strace.
func needs(t *testing.T, fault string) {
	t.Helper()
	if err := errors.Join(checkDisk(fault), checkCalls(fault), checkReadOnly(fault)); err != nil {
		lacking(t, err)
	}
}

// lacking skips a test, or fails it where RESTOREBENCH_REQUIRE_ROOT=1 says that nothing is lacking.
func lacking(t *testing.T, err error) {
	t.Helper()
	if os.Getenv("RESTOREBENCH_REQUIRE_ROOT") == "1" {
		t.Fatal(err)
	}
	t.Skip(err)
}

// tortured is the lines of a run that finds nothing wrong.
func tortured(t *testing.T, o *Options) []Line {
	t.Helper()
	res, err := Run(context.Background(), o)
	if err != nil || len(res.Failures) > 0 {
		t.Fatalf("seed %d: %v, %+v", o.Seed, err, res.Failures)
	}
	return lines(t, res)
}

// survived is such a run, of which no line may be wrong. It returns how many lives the fault has struck, and how many ended by
// themselves.
func survived(t *testing.T, o *Options, wrong func(*Line) bool) (struck, ended int) {
	t.Helper()
	for _, line := range tortured(t, o) {
		if wrong(&line) {
			t.Errorf("seed %d: %+v", o.Seed, line)
		}
		if line.Kind == o.Fault {
			struck++
		}
		if line.Outcome == OutcomeEnded {
			ended++
		}
	}
	return struck, ended
}

// untilStruck repeats a run, with another seed each time, until it has struck: a kill may come before there is anything to strike.
func untilStruck(t *testing.T, run func(*Options) (struck int)) {
	t.Helper()
	const most = 8
	for range most {
		o := options(t)
		if struck := run(o); struck > 0 || t.Failed() {
			return
		}
		t.Logf("seed %d: nothing was struck", o.Seed)
	}
	t.Errorf("nothing was struck in %d runs", most)
}

// lines reads what a run has left.
func lines(t *testing.T, res *Result) (all []Line) {
	t.Helper()
	f, err := os.Open(res.Raw)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	for s := bufio.NewScanner(f); s.Scan(); {
		var l Line
		if err := json.Unmarshal(s.Bytes(), &l); err != nil {
			t.Fatal(err)
		}
		all = append(all, l)
	}
	return all
}

// Every cell is killed for real, and nothing is left behind but the lines.
func TestTorture(t *testing.T) {
	t.Parallel()
	o := options(t)
	o.Build = "0123456789ab"
	kills := map[string]int{}
	for _, l := range tortured(t, o) {
		kills[l.Cell]++
		if l.Verdict != VerdictOK || l.Build != o.Build || l.Exit != "signal: killed" || l.During == "" || !l.Reached && l.Kind != KindIdle {
			t.Errorf("seed %d: %+v", o.Seed, l)
		}
	}
	for i := range cells {
		if kills[cells[i].Name] < o.Kills {
			t.Errorf("%d kills of %s, want %d", kills[cells[i].Name], cells[i].Name, o.Kills)
		}
	}
	left, _ := filepath.Glob(filepath.Join(o.Dir, "*"))
	if len(left) > 0 {
		t.Errorf("left behind: %v", left)
	}
	brokertest.NoTopics(t, o.Brokers, o.Run)
}

// With more keys the stores are as large from the first kill on, and so is what a replay reads.
func TestManyKeys(t *testing.T) {
	full(t)
	t.Parallel()
	o := options(t)
	o.Keys, o.Cells = 12_000, []string{"memory-replay", "rocksdb-tail"}
	res, err := Run(t.Context(), o)
	if err != nil || len(res.Failures) > 0 {
		t.Fatalf("seed %d: %v, %+v", o.Seed, err, res.Failures)
	}
	for _, l := range lines(t, res) {
		if l.Verdict != VerdictOK || l.Entries < 4000 || l.Entries > o.Keys || l.Cell == "memory-replay" && l.To < 12_000 {
			t.Errorf("seed %d: %+v", o.Seed, l)
		}
	}
	if res.Sizes.Entries < 4000 || res.Sizes.RestoredMax < 12_000 {
		t.Errorf("%+v", res.Sizes)
	}
}

func TestOptionsAreChecked(t *testing.T) {
	for _, o := range []Options{
		{Cells: []string{"paper"}, Kills: 1},
		{},
		{Kills: 1, Keys: MinKeys - 1},
		{Kills: 1, Keys: MaxKeys + 1},
		{Kills: 1, Keys: 701, Fault: FaultGroupJoined},
	} {
		var bad *spec.Error
		if err := o.Check(); !errors.As(err, &bad) {
			t.Errorf("%+v: %v", o, err)
		}
	}
}

// Where cells come one after the other, the share of each begins when its turn comes.
func TestShareOfTheTime(t *testing.T) {
	o := &Options{Time: time.Minute, Fault: FaultBrokerSlow}
	var before time.Time // when the turn of the last one was over
	err := o.each(t.Context(), cells[:3], func(_ context.Context, _ Cell, until time.Time) error {
		if !before.IsZero() && until.Before(before.Add(20*time.Second)) {
			t.Errorf("less than a third of a minute is left: until %v, after %v", until, before)
		}
		time.Sleep(time.Millisecond)
		before = time.Now()
		return nil
	})
	if err != nil || before.IsZero() {
		t.Error(before, err)
	}
}
