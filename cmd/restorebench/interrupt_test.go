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

	"github.com/confluentinc/confluent-kafka-go/v2/kafka"

	"restorebench/bench/torture"
	"restorebench/harness/broker"
	"restorebench/harness/broker/brokertest"
	"restorebench/harness/changelog"
	"restorebench/harness/record"
)

var (
	interrupts    = flag.Int("interrupts", 3, "runs that TestInterrupts interrupts")
	interruptSeed = flag.Uint64("interrupt-seed", 0, "seed of the moments; 0: another one each time")
)

// TestInterrupts ends real runs by SIGINT or SIGTERM at random moments between their
// start and their end: finished trials must be kept, and nothing else.
func TestInterrupts(t *testing.T) {
	seed := *interruptSeed
	if seed == 0 {
		seed = rand.Uint64()
	}
	t.Logf("repeat with: go test ./cmd/restorebench -run TestInterrupts -interrupts %d -interrupt-seed %d", *interrupts, seed)
	rng := rand.New(rand.NewPCG(seed, 1))
	kinds := brokersToTry(t)
	duration := map[string]time.Duration{}
	for _, kind := range kinds { // first without an interruption, which must leave nothing either
		start := time.Now()
		r := interruption{kind: kind, after: never}
		if end := r.run(t); t.Failed() || end != "finished" {
			t.Fatalf("broker %s, not interrupted: %s", kind, end)
		}
		duration[kind] = time.Since(start)
	}
	found := map[string]int{}
	for i := range *interrupts {
		kind := kinds[i%len(kinds)]
		r := interruption{
			kind:   kind,
			after:  time.Duration(rng.Int64N(int64(duration[kind]))),
			signal: []syscall.Signal{syscall.SIGINT, syscall.SIGTERM}[rng.IntN(2)],
			twice:  i%5 == 4,
			pause:  time.Duration(rng.Int64N(int64(300 * time.Millisecond))),
		}
		end := r.run(t)
		t.Logf("run %d: %v after %v, broker %s: %s", i, r.signal, r.after, kind, end)
		found[end]++
		if t.Failed() {
			t.Fatalf("run %d of seed %d: %+v", i, seed, r)
		}
	}
	t.Logf("%d runs, of brokers and durations %v: %v", *interrupts, duration, found)
}

// brokersToTry are the tests' own broker, which plays the user's, and the kinds that a run starts by itself.
func brokersToTry(t *testing.T) []string {
	t.Helper()
	kinds := []string{brokertest.Start(t).Bootstrap(), broker.Local}
	if exec.Command("docker", "version").Run() == nil {
		kinds = append(kinds, broker.Container)
	}
	return kinds
}

// A torture takes its disks away when it is interrupted; what one leaves that was killed, the next one takes away.
func TestInterruptedDisks(t *testing.T) {
	full(t)
	if err := (&torture.Options{Fault: torture.FaultPowerCut, Kills: 1}).Check(); err != nil {
		if os.Getenv("RESTOREBENCH_REQUIRE_ROOT") == "1" {
			t.Fatal(err)
		}
		t.Skip(err)
	}
	kafka := brokertest.Start(t).Bootstrap()
	dir := t.TempDir()
	mark := "RESTOREBENCH_TEST_MARK=" + dir
	t.Cleanup(func() {
		for _, point := range mountsBelow(t, dir) {
			_ = exec.Command("umount", "-l", point).Run()
		}
		interruption{kind: kafka}.ownTopics(t) // who was killed has left some
	})
	var stderr bytes.Buffer
	start := func(kills string) *exec.Cmd {
		t.Helper()
		cmd := exec.Command("restorebench", "torture", "--fault", torture.FaultPowerCut, "--cells", "rocksdb-wal", "--kills", kills, "--broker", kafka, "--out", filepath.Join(dir, "out"))
		cmd.Env = append(os.Environ(), mark, "TMPDIR="+dir)
		cmd.Stderr = &stderr
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		return cmd
	}
	for _, signal := range []syscall.Signal{syscall.SIGINT, syscall.SIGKILL} {
		before := disksHeld(t)
		cmd := start("1000")
		for deadline := time.Now().Add(time.Minute); len(mountsBelow(t, dir)) == 0; {
			if time.Sleep(10 * time.Millisecond); time.Now().After(deadline) {
				_ = cmd.Process.Kill()
				_ = cmd.Wait()
				t.Fatalf("no disk was mounted:\n%s", stderr.String())
			}
		}
		if err := cmd.Process.Signal(signal); err != nil {
			t.Fatal(err)
		}
		_ = cmd.Wait() // judged by what it leaves
		checkProcesses(t, mark)
		if signal == syscall.SIGKILL {
			if err := start("1").Wait(); err != nil {
				t.Fatalf("%v:\n%s", err, stderr.String())
			}
		}
		if points := mountsBelow(t, dir); len(points) > 0 {
			t.Errorf("%v: mounted still: %v", signal, points)
		}
		for path, held := range disksHeld(t) {
			if _, there := before[path]; !there && !held { // those that are held are of tests beside this one
				t.Errorf("%v: left behind: %s", signal, path)
			}
		}
	}
}

// disksHeld are the directories of disks in memory, and whether a process that lives has them.
func disksHeld(t *testing.T) map[string]bool {
	t.Helper()
	all, err := filepath.Glob("/dev/shm/restorebench-disk-*")
	if err != nil {
		t.Fatal(err)
	}
	held := map[string]bool{}
	for _, path := range all {
		f, err := os.Open(path)
		if err != nil {
			continue // gone since
		}
		held[path] = syscall.Flock(int(f.Fd()), syscall.LOCK_SH|syscall.LOCK_NB) != nil
		f.Close()
	}
	return held
}

// mountsBelow are the mount points below a directory.
func mountsBelow(t *testing.T, dir string) (points []string) {
	t.Helper()
	text, err := os.ReadFile("/proc/mounts")
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(text)) {
		if point := strings.Fields(line)[1]; strings.HasPrefix(point, dir+"/") {
			points = append(points, point)
		}
	}
	return points
}

// interruption is one run that is interrupted.
type interruption struct {
	kind   string
	after  time.Duration // from the start on
	signal syscall.Signal
	twice  bool          // a second signal ends the run at once
	pause  time.Duration // until then
}

const never = time.Duration(-1)

// interruptedTrials is how many trials a run of this test has.
const interruptedTrials = 6

// run starts it, interrupts it and looks for what it left. It says how far it came.
func (r interruption) run(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	tmp, out := filepath.Join(dir, "tmp"), filepath.Join(dir, "out")
	if err := os.Mkdir(tmp, 0o700); err != nil {
		t.Fatal(err)
	}
	mark := "RESTOREBENCH_TEST_MARK=" + dir // every process of the run inherits it
	// It is this test binary, race detector included: see TestMain.
	cmd := exec.Command("restorebench", "run", "--keys", "20k", "--runs", "1", "--broker", r.kind, "--out", out)
	cmd.Dir = repository // Kafka lies there
	cmd.Env = append(os.Environ(), mark, "TMPDIR="+tmp)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	took := r.interrupt(cmd)
	defer func() {
		if t.Failed() {
			t.Logf("after %v:\n%s", took, stderr.String())
		}
	}()

	if r.after != never && took > time.Minute { // a second is usual, charts on a busy machine take more
		t.Errorf("took %v to end", took)
	}
	if r.twice && took > 2*time.Second {
		t.Errorf("took %v to end after the second signal", took)
	}
	checkProcesses(t, mark)
	// Who does not wait for the clean-up gets none.
	containers, topics := ownContainers(t, cmd.Process.Pid), r.ownTopics(t)
	if !r.twice && len(containers) > 0 {
		t.Errorf("containers left behind: %v", containers)
	}
	if !r.twice && len(topics) > 0 {
		t.Errorf("topics left behind: %v", topics)
	}
	if left := files(t, tmp); !r.twice && len(left) > 0 {
		t.Errorf("files left behind: %v", left)
	}
	for _, id := range containers {
		_ = exec.Command("docker", "rm", "-f", "-v", id).Run()
	}
	return r.judge(t, cmd.ProcessState, out, stderr.String())
}

// interrupt waits for the end of the run and says how long it took from the last signal on.
func (r interruption) interrupt(cmd *exec.Cmd) time.Duration {
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		_ = cmd.Wait() // judged by its exit code
	}()
	wait := func(d time.Duration) {
		select {
		case <-ended:
		case <-time.After(d):
		}
	}
	if r.after != never {
		wait(r.after)
		_ = cmd.Process.Signal(r.signal)
	}
	sent := time.Now()
	if r.twice {
		wait(r.pause)
		sent = time.Now()
		_ = cmd.Process.Signal(r.signal)
		// Signals that a busy machine has not delivered yet are one to the kernel.
		wait(time.Second)
		_ = cmd.Process.Signal(r.signal)
	}
	<-ended
	return time.Since(sent)
}

// judge compares how the run ended with the records that it left: trials that are
// finished are valid, the last one may be the partial one.
func (r interruption) judge(t *testing.T, state *os.ProcessState, out, stderr string) string {
	t.Helper()
	if s, ok := state.Sys().(syscall.WaitStatus); ok && s.Signaled() {
		// The first milliseconds of a process belong to the loader and the runtime.
		if s.Signal() != r.signal || r.after > time.Second || stderr != "" {
			t.Errorf("ended by %v", s.Signal())
		}
		return "ended before main"
	}
	finished, partial := r.records(t, out)
	if told := strings.Count(stderr, ", verified\n"); told > finished {
		t.Errorf("%d trials were shown as finished, %d are recorded", told, finished)
	}
	code := state.ExitCode()
	switch {
	case code == exitOK && finished == interruptedTrials && partial == 0:
		return "finished"
	case code != exitInterrupted || r.after == never:
		t.Errorf("exit code %d, %d finished and %d partial trials", code, finished, partial)
		return "failed"
	case r.twice:
		return "interrupted twice"
	case finished+partial == 0:
		return "interrupted before the first trial"
	default:
		return "interrupted in a trial"
	}
}

func (r interruption) records(t *testing.T, out string) (finished, partial int) {
	t.Helper()
	path, err := record.Latest(filepath.Join(out, "raw"))
	if err != nil {
		return 0, 0 // no trial began
	}
	records, err := record.Scan(path)
	if err != nil && (!r.twice || !errors.Is(err, record.ErrTruncated)) {
		t.Errorf("records: %v", err)
	}
	for i, rec := range records {
		switch {
		case rec.Valid:
			finished++
		case i == len(records)-1 && rec.Why == "interrupted":
			partial++
		default:
			t.Errorf("record %d of %d is invalid: %s", i, len(records), rec.Why)
		}
	}
	return finished, partial
}

// checkProcesses looks for processes that carry the run's mark.
func checkProcesses(t *testing.T, mark string) {
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

// files lists what is below a directory.
func files(t *testing.T, dir string) (paths []string) {
	t.Helper()
	err := filepath.WalkDir(dir, func(path string, _ fs.DirEntry, err error) error {
		if path != dir {
			paths = append(paths, path)
		}
		return err
	})
	if err != nil {
		t.Error(err)
	}
	return paths
}

// ownContainers lists those that the process pid started.
func ownContainers(t *testing.T, pid int) []string {
	t.Helper()
	if exec.Command("docker", "version").Run() != nil {
		return nil
	}
	out, err := exec.Command("docker", "ps", "-aq", "--filter", fmt.Sprintf("label=restorebench.pid=%d", pid)).Output()
	if err != nil {
		t.Error(err)
	}
	return strings.Fields(string(out))
}

// ownTopics lists the topics that a run left on a broker of the user's, and deletes them.
func (r interruption) ownTopics(t *testing.T) (ours []string) {
	t.Helper()
	if r.kind == broker.Local || r.kind == broker.Container {
		return nil
	}
	admin, err := changelog.NewAdmin(r.kind)
	if err != nil {
		t.Fatal(err)
	}
	defer admin.Close()
	// A topic that was asked for before the run ended appears a moment later.
	time.Sleep(200 * time.Millisecond)
	topics, err := admin.Topics()
	if err != nil {
		t.Fatal(err)
	}
	for _, topic := range topics {
		if strings.HasPrefix(topic, "restorebench-") {
			ours = append(ours, topic)
		}
	}
	if len(ours) == 0 {
		return nil
	}
	client, err := kafka.NewAdminClient(&kafka.ConfigMap{"bootstrap.servers": r.kind}) // ours deletes only what it created itself
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	if _, err := client.DeleteTopics(context.Background(), ours); err != nil {
		t.Error(err)
	}
	return ours
}
