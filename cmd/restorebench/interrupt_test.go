package main

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"restorebench/harness/broker"
	"restorebench/harness/changelog"
	"restorebench/harness/record"
)

var (
	interrupts    = flag.Int("interrupts", 6, "runs that TestInterrupts interrupts")
	interruptSeed = flag.Uint64("interrupt-seed", 0, "seed of the moments; 0: another one each time")
)

// TestInterrupts ends real runs by SIGINT or SIGTERM at random moments: finished
// trials must be kept, and nothing else.
func TestInterrupts(t *testing.T) {
	seed := *interruptSeed
	if seed == 0 {
		seed = rand.Uint64()
	}
	t.Logf("repeat with: go test ./cmd/restorebench -run TestInterrupts -interrupts %d -interrupt-seed %d", *interrupts, seed)
	rng := rand.New(rand.NewPCG(seed, 1))
	remote, kinds := brokersToTry(t)
	binary := build(t)
	found := map[string]int{}
	for i := range *interrupts {
		kind := kinds[i%len(kinds)]
		r := interruption{
			binary: binary, kind: kind, dir: t.TempDir(),
			// A run starts its broker in about 5 s and has its trials in the next
			// 10; a moment behind its end is a run that was not interrupted.
			after:  time.Duration(rng.Int64N(int64(12 * time.Second))),
			signal: []syscall.Signal{syscall.SIGINT, syscall.SIGTERM}[rng.IntN(2)],
			// Who ends it at once leaves its topic to the user's cluster.
			twice: i%10 == 9 && kind != remote,
		}
		found[r.run(t)]++
		if t.Failed() {
			t.Fatalf("run %d: %s after %v, broker %s", i, r.signal, r.after, kind)
		}
	}
	t.Logf("%d runs: %v", *interrupts, found)
	if topics := topicsOf(t, remote); len(topics) > 0 {
		t.Errorf("topics left behind: %v", topics)
	}
}

// brokersToTry starts a broker that plays the user's own, and lists it with the
// kinds that a run starts by itself.
func brokersToTry(t *testing.T) (remote string, kinds []string) {
	t.Helper()
	o := broker.Options{Kind: broker.Local, Dir: t.TempDir(), Probe: changelog.Probe}
	b, err := broker.Start(context.Background(), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := b.Stop(context.Background()); err != nil {
			t.Error(err)
		}
	})
	kinds = []string{b.Bootstrap(), broker.Local}
	if exec.Command("docker", "version").Run() == nil {
		kinds = append(kinds, broker.Container)
	}
	return b.Bootstrap(), kinds
}

func build(t *testing.T) string {
	t.Helper()
	binary := filepath.Join(t.TempDir(), "restorebench")
	if out, err := exec.Command("go", "build", "-o", binary, ".").CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	return binary
}

// interruption is one run that is interrupted.
type interruption struct {
	binary, kind, dir string
	after             time.Duration
	signal            syscall.Signal
	twice             bool // the second signal ends the run at once
}

// run starts it, interrupts it and looks for what it left. It says how far it came.
func (r interruption) run(t *testing.T) string {
	t.Helper()
	tmp, out := filepath.Join(r.dir, "tmp"), filepath.Join(r.dir, "out")
	if err := os.Mkdir(tmp, 0o700); err != nil {
		t.Fatal(err)
	}
	mark := "RESTOREBENCH_TEST_MARK=" + r.dir // every process of the run inherits it
	cmd := exec.Command(r.binary, "run", "--keys", "100k", "--runs", "2", "--broker", r.kind, "--out", out)
	cmd.Dir = repository
	cmd.Env = append(os.Environ(), mark, "TMPDIR="+tmp)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	time.Sleep(r.after)
	signalled := cmd.Process.Signal(r.signal) == nil
	if r.twice {
		time.Sleep(50 * time.Millisecond)
		_ = cmd.Process.Signal(r.signal)
	}
	sent := time.Now()
	_ = cmd.Wait() // judged by its exit code
	took := time.Since(sent)

	code := cmd.ProcessState.ExitCode()
	if signalled && code != exitInterrupted && code != exitOK {
		t.Errorf("exit code %d, want %d\n%s", code, exitInterrupted, stderr.String())
	}
	if limit := 20 * time.Second; took > limit {
		t.Errorf("took %v to end\n%s", took, stderr.String())
	}
	if r.twice && took > 2*time.Second && code != exitOK {
		t.Errorf("took %v to end after the second signal", took)
	}
	r.checkProcesses(t, mark)
	if !r.twice { // who does not wait for the clean-up gets none
		r.checkFiles(t, tmp)
		r.checkContainers(t, cmd.Process.Pid)
	}
	return r.checkRecords(t, out, code)
}

// checkProcesses looks for processes that carry the run's mark.
func (r interruption) checkProcesses(t *testing.T, mark string) {
	t.Helper()
	var left []string
	for range 50 { // a process that was killed takes a moment to go
		left = left[:0]
		environs, _ := filepath.Glob("/proc/[0-9]*/environ")
		for _, path := range environs {
			if env, err := os.ReadFile(path); err == nil && slices.Contains(strings.Split(string(env), "\x00"), mark) {
				args, _ := os.ReadFile(filepath.Join(filepath.Dir(path), "cmdline"))
				left = append(left, strings.ReplaceAll(string(args), "\x00", " "))
			}
		}
		if len(left) == 0 {
			return
		}
		time.Sleep(20 * time.Millisecond)
	}
	t.Errorf("processes left behind: %.300q", left)
}

func (r interruption) checkFiles(t *testing.T, tmp string) {
	t.Helper()
	var left []string
	err := filepath.WalkDir(tmp, func(path string, _ fs.DirEntry, err error) error {
		// A JVM that is killed leaves its statistics file; the next one removes it.
		if path != tmp && !strings.Contains(path, "hsperfdata_") {
			left = append(left, path)
		}
		return err
	})
	if err != nil || len(left) > 0 {
		t.Errorf("files left behind: %v %v", left, err)
	}
}

func (r interruption) checkContainers(t *testing.T, pid int) {
	t.Helper()
	if r.kind != broker.Container {
		return
	}
	out, err := exec.Command("docker", "ps", "-aq", "--filter", fmt.Sprintf("label=restorebench.pid=%d", pid)).Output()
	if err != nil || len(bytes.TrimSpace(out)) > 0 {
		t.Errorf("containers left behind: %s %v", out, err)
	}
}

// checkRecords reads the raw records: all but the last are valid, the last may be
// the partial one.
func (r interruption) checkRecords(t *testing.T, out string, code int) string {
	t.Helper()
	path, err := record.Latest(filepath.Join(out, "raw"))
	if err != nil {
		return "interrupted before the first trial"
	}
	records, err := record.Scan(path)
	if errors.Is(err, record.ErrTruncated) && r.twice {
		err = nil
	}
	if err != nil {
		t.Errorf("records: %v", err)
	}
	partial := 0
	for i, rec := range records {
		if rec.Valid {
			continue
		}
		partial++
		if i != len(records)-1 || rec.Why != "interrupted" {
			t.Errorf("record %d of %d is invalid: %s", i, len(records), rec.Why)
		}
	}
	switch {
	case code == exitOK && (partial > 0 || len(records) != 8):
		t.Errorf("exit code 0 with %d records, %d of them partial", len(records), partial)
	case code == exitOK:
		return "finished before the signal"
	case r.twice:
		return "interrupted twice"
	}
	return "interrupted in a trial"
}

func topicsOf(t *testing.T, bootstrap string) (ours []string) {
	t.Helper()
	admin, err := changelog.NewAdmin(bootstrap)
	if err != nil {
		t.Fatal(err)
	}
	defer admin.Close()
	topics, err := admin.Topics()
	if err != nil {
		t.Fatal(err)
	}
	for _, topic := range topics {
		if strings.HasPrefix(topic, "restorebench-") {
			ours = append(ours, topic)
		}
	}
	return ours
}
