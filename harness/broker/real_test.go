package broker_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"restorebench/harness/broker"
	"restorebench/harness/changelog"
)

// requireDocker skips a test where no engine with an image answers, unless the
// environment says that this is no excuse.
func requireDocker(t *testing.T) {
	t.Helper()
	if os.Getenv("RESTOREBENCH_REQUIRE_DOCKER") == "1" {
		return
	}
	for _, image := range []string{"apache/kafka:", "restorebench/kafka:"} {
		if exec.Command("docker", "image", "inspect", image+broker.KafkaVersion).Run() == nil {
			return
		}
	}
	t.Skip("no Docker engine with a Kafka image: run scripts/with-docker-engine go test ./harness/broker")
}

func options(t *testing.T, kind string) broker.Options {
	return broker.Options{Kind: kind, Dir: t.TempDir(), Probe: changelog.Probe, Logf: t.Logf}
}

// containers returns the ids of the containers, running or not, that this process started.
func containers(t *testing.T) []string {
	t.Helper()
	return containersOf(t, os.Getpid())
}

func containersOf(t *testing.T, pid int) []string {
	t.Helper()
	out, err := exec.Command("docker", "ps", "-aq", "--filter", "label=restorebench.pid="+strconv.Itoa(pid)).Output()
	if err != nil {
		t.Fatalf("docker ps: %v", err)
	}
	return strings.Fields(string(out))
}

// requireOnlyLog fails when the broker left more in its directory than its log.
func requireOnlyLog(t *testing.T, dir string) {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		if e.Name() != "kafka.log" {
			t.Errorf("%s is left behind", filepath.Join(dir, e.Name()))
		}
	}
}

func startStop(t *testing.T, o broker.Options) *broker.Broker {
	t.Helper()
	began := time.Now()
	b, err := broker.Start(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("started in %v", time.Since(began).Round(time.Millisecond))
	t.Cleanup(func() { _ = b.Stop(context.WithoutCancel(t.Context())) })
	if !strings.HasPrefix(b.Bootstrap(), "127.0.0.1:") || b.Version() != broker.KafkaVersion || b.Why() == "" {
		t.Errorf("bootstrap %q, version %q, why %q", b.Bootstrap(), b.Version(), b.Why())
	}
	if err := changelog.Probe(t.Context(), b.Bootstrap()); err != nil {
		t.Error(err)
	}
	return b
}

func stop(t *testing.T, b *broker.Broker) {
	t.Helper()
	began := time.Now()
	for range 2 { // the second is nothing to do
		if err := b.Stop(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	t.Logf("stopped in %v", time.Since(began).Round(time.Millisecond))
	ctx, cancel := context.WithTimeout(t.Context(), 500*time.Millisecond)
	defer cancel()
	if changelog.Probe(ctx, b.Bootstrap()) == nil {
		t.Error("it still answers after Stop")
	}
	_ = b.LogTail(3) // still allowed
}

func TestLocal(t *testing.T) {
	t.Parallel()
	o := options(t, broker.Local)
	b := startStop(t, o)
	if b.Kind() != broker.Local || syscall.Kill(b.Pid(), 0) != nil {
		t.Errorf("kind %s, pid %d", b.Kind(), b.Pid())
	}
	if group, _ := syscall.Getpgid(b.Pid()); group != b.Pid() {
		t.Errorf("process group %d of pid %d: the terminal's SIGINT would reach it", group, b.Pid())
	}
	requireClassArchive(t, b.Pid())
	stop(t, b)
	if !errors.Is(syscall.Kill(b.Pid(), 0), syscall.ESRCH) {
		t.Errorf("process %d is still there", b.Pid())
	}
	requireOnlyLog(t, o.Dir)
}

// requireClassArchive fails when a local broker does without the archive of classes that scripts/setup made. A JVM that rejects one says so
// to nobody.
func requireClassArchive(t *testing.T, pid int) {
	t.Helper()
	archive := filepath.Join("..", "..", ".deps", "kafka-"+broker.KafkaVersion, "kafka.jsa")
	if _, err := os.Stat(archive); errors.Is(err, os.ErrNotExist) {
		return // scripts/setup says when it could not make one
	}
	maps, err := os.ReadFile(fmt.Sprintf("/proc/%d/maps", pid))
	if err != nil || !strings.Contains(string(maps), "/kafka.jsa") {
		t.Errorf("the broker's JVM has not mapped %s: %v", archive, err)
	}
}

func TestContainer(t *testing.T) {
	requireDocker(t)
	o := options(t, broker.Container)
	b := startStop(t, o)
	if b.Kind() != broker.Container || b.Pid() != 0 || len(containers(t)) != 1 {
		t.Errorf("kind %s, pid %d, containers %v", b.Kind(), b.Pid(), containers(t))
	}
	stop(t, b)
	if left := containers(t); len(left) != 0 {
		t.Errorf("containers %v are left behind", left)
	}
	requireOnlyLog(t, o.Dir)
}

func TestAutoTakesTheContainer(t *testing.T) {
	requireDocker(t)
	b := startStop(t, options(t, broker.Auto))
	if b.Kind() != broker.Container || !strings.Contains(b.Why(), "engine answers") {
		t.Errorf("kind %s, why %q", b.Kind(), b.Why())
	}
	stop(t, b)
}

// Where no engine answers, auto goes on without and container says what to do. Another
// process asks, because testcontainers looks for an engine only once per process.
func TestNoEngine(t *testing.T) {
	for kind, want := range map[string][]string{
		broker.Container: {"no Docker engine answers", "scripts/with-docker-engine"},
		broker.Auto:      {"local", "no Docker engine answers"},
	} {
		run := exec.Command(os.Args[0])
		run.Env = append(os.Environ(), "BROKER_TEST_KIND="+kind, "BROKER_TEST_DIR="+t.TempDir(), "BROKER_TEST_ONCE=1", "DOCKER_HOST=tcp://127.0.0.1:1")
		out, _ := run.CombinedOutput()
		for _, text := range want {
			if !strings.Contains(string(out), text) {
				t.Errorf("%s: output %q does not contain %q", kind, out, text)
			}
		}
	}
}

// Cancelled at several moments of the start, nothing is left, and the caller learns why.
func TestCancelledStartLeavesNothing(t *testing.T) {
	interrupt := errors.New("interrupted")
	for _, kind := range []string{broker.Local, broker.Container} {
		t.Run(kind, func(t *testing.T) {
			if kind == broker.Container {
				requireDocker(t)
			}
			for _, after := range []time.Duration{0, 100 * time.Millisecond, 400 * time.Millisecond, 900 * time.Millisecond, 1500 * time.Millisecond} {
				o := options(t, kind)
				ctx, cancel := context.WithCancelCause(t.Context())
				timer := time.AfterFunc(after, func() { cancel(interrupt) })
				b, err := broker.Start(ctx, o)
				timer.Stop()
				if err == nil { // a machine faster than the cancellation
					_ = b.Stop(t.Context())
					continue
				}
				if !errors.Is(err, interrupt) {
					t.Errorf("after %v: Start = %v", after, err)
				}
				requireOnlyLog(t, o.Dir)
				if kind == broker.Container {
					if left := containers(t); len(left) != 0 {
						t.Errorf("after %v: containers %v are left behind", after, left)
					}
				} else if pids := javaUnder(t, o.Dir); len(pids) != 0 {
					t.Errorf("after %v: processes %v are left behind", after, pids)
				}
			}
		})
	}
}

// javaUnder returns the processes whose command line names a directory.
func javaUnder(t *testing.T, dir string) []string {
	t.Helper()
	paths, err := filepath.Glob("/proc/[0-9]*/cmdline")
	if err != nil {
		t.Fatal(err)
	}
	var found []string
	for _, path := range paths {
		if line, err := os.ReadFile(path); err == nil && strings.Contains(string(line), dir) {
			found = append(found, path)
		}
	}
	return found
}

// TestMain lets a test start this program again as a run of its own, which starts a
// broker, says so and waits to be killed.
func TestMain(m *testing.M) {
	kind := os.Getenv("BROKER_TEST_KIND")
	if kind == "" {
		os.Exit(m.Run())
	}
	b, err := broker.Start(context.Background(), broker.Options{Kind: kind, Dir: os.Getenv("BROKER_TEST_DIR"), Probe: changelog.Probe})
	if err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
	if os.Getenv("BROKER_TEST_ONCE") != "" {
		fmt.Println(b.Kind(), b.Why())
		_ = b.Stop(context.Background())
		os.Exit(0)
	}
	fmt.Println(b.Pid())
	select {}
}

// killedRun starts a run with a broker, kills it with SIGKILL once the broker answers, and
// returns what it printed and its process id.
func killedRun(t *testing.T, kind string) (output string, pid int) {
	t.Helper()
	run := exec.Command(os.Args[0])
	run.Env = append(os.Environ(), "BROKER_TEST_KIND="+kind, "BROKER_TEST_DIR="+t.TempDir())
	out, err := run.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	run.Stderr = run.Stdout // nothing else may be printed there either
	if err := run.Start(); err != nil {
		t.Fatal(err)
	}
	line, err := bufio.NewReader(out).ReadString('\n')
	if killErr := run.Process.Kill(); err != nil || killErr != nil {
		t.Fatalf("%q: %v, %v", line, err, killErr)
	}
	_ = run.Wait()
	return strings.TrimSpace(line), run.Process.Pid
}

func TestLocalDiesWithItsRun(t *testing.T) {
	output, _ := killedRun(t, broker.Local)
	pid, err := strconv.Atoi(output)
	if err != nil || pid == 0 {
		t.Fatalf("the run printed %q, want the JVM's process id alone", output)
	}
	deadline := time.Now().Add(10 * time.Second)
	for syscall.Kill(pid, 0) == nil {
		if time.Now().After(deadline) {
			t.Fatalf("process %d outlives the run that started it", pid)
		}
		time.Sleep(10 * time.Millisecond)
	}
}

func TestContainerOfAKilledRunIsSweptAway(t *testing.T) {
	requireDocker(t)
	output, pid := killedRun(t, broker.Container)
	if output != "0" {
		t.Fatalf("the run printed %q, want 0 alone", output)
	}
	if got := containersOf(t, pid); len(got) != 1 {
		t.Fatalf("containers %v of the killed run, want one to sweep away", got)
	}
	b := startStop(t, options(t, broker.Container))
	if got := containersOf(t, pid); len(got) != 0 {
		t.Errorf("containers %v of the killed run are still there", got)
	}
	stop(t, b)
}

// A JVM that cannot start is reported with its own words, at once.
func TestLocalThatEndsWhileStarting(t *testing.T) {
	t.Setenv("JDK_JAVA_OPTIONS", "-XX:+NoSuchOption")
	o := options(t, broker.Local)
	_, err := broker.Start(t.Context(), o)
	if err == nil || !strings.Contains(err.Error(), "NoSuchOption") {
		t.Errorf("Start = %v", err)
	}
	requireOnlyLog(t, o.Dir)
}
