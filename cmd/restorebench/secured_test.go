package main

import (
	"bytes"
	"cmp"
	"errors"
	"io/fs"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"restorebench/harness/broker"
	"restorebench/harness/broker/brokertest"
	"restorebench/harness/record"
	"restorebench/harness/spec"
)

const canary = "hunter2-canary"

// A password, the user's or that of the key of a certificate, gets the run in, by every client that there is, and is nowhere: not in
// results, not in what the run keeps while it lasts, not in what it says, nor in the list of processes.
func TestPasswordIsNowhere(t *testing.T) {
	full(t)
	brokers, clients := map[string]*broker.Broker{}, map[string]map[string]string{}
	for _, protocol := range []string{brokertest.SASLPlain, brokertest.MutualTLS} {
		brokers[protocol], clients[protocol] = brokertest.Secured(t, protocol, canary)
	}
	secrets := map[string]string{brokertest.SASLPlain: "sasl.password", brokertest.MutualTLS: "ssl.key.password"}
	for _, c := range []struct {
		name     string
		protocol string // SASLPlain unless it is told
		args     []string
		env      string
		trials   int
	}{
		{name: "own", args: []string{"--stores", "memory,rocksdb", "--guarantee", "alos,eos", "--snapshot-interval", "1s"}, trials: 12},
		{name: "group, standby, compacted", args: []string{"--stores", "rocksdb", "--recovery", "replay", "--group", "none,classic", "--standby", "0,1", "--compacted", "false,true", "--exclude", "standby=1,group=classic"}, trials: 5},
		{name: "environment", args: []string{"--stores", "memory", "--recovery", "replay"}, env: "CANARY", trials: 1},
		{name: "certificate", protocol: brokertest.MutualTLS, args: []string{"--stores", "rocksdb", "--recovery", "replay", "--guarantee", "alos,eos", "--group", "none,classic"}, trials: 4},
		{name: "certificate, environment", protocol: brokertest.MutualTLS, args: []string{"--stores", "memory", "--recovery", "replay"}, env: "CANARY", trials: 1},
	} {
		t.Run(c.name, func(t *testing.T) {
			protocol := cmp.Or(c.protocol, brokertest.SASLPlain)
			settings := maps.Clone(clients[protocol])
			if c.env != "" {
				t.Setenv(c.env, canary)
				settings[secrets[protocol]] = "env:" + c.env
			}
			args := append([]string{"run", "--keys", "3k", "--runs", "1", "--broker", brokers[protocol].Bootstrap(), "--client", spec.Settings(settings).String()}, c.args...)
			r := watched(t, c.env != "", args...)
			if r.code != exitOK {
				t.Fatalf("exit code %d: %s", r.code, r.stderr)
			}
			path, err := record.Latest(filepath.Join(r.out, "raw"))
			if err != nil {
				t.Fatal(err)
			}
			records, err := record.Scan(path)
			if err != nil || len(records) != c.trials {
				t.Fatalf("%d records (%v), want %d: %s", len(records), err, c.trials, r.stderr)
			}
			for _, rec := range records {
				if rec.Broker.Security != protocol || rec.Restored.Records > 0 && rec.Restored.Fetcher != spec.FetcherLibrdkafka {
					t.Errorf("broker %+v, restored %+v", rec.Broker, rec.Restored)
				}
			}
		})
	}
	t.Run("votes by a certificate", func(t *testing.T) {
		r := watched(t, false, "vote", "--store", "rocksdb-versioned", "--broker", brokers[brokertest.MutualTLS].Bootstrap(),
			"--client", spec.Settings(clients[brokertest.MutualTLS]).String())
		if r.code != exitOK {
			t.Errorf("exit code %d: %s", r.code, r.stderr)
		}
	})
}

// Who is not let in is told so in a moment, by the exit code for bad input and without the password.
func TestWrongPassword(t *testing.T) {
	full(t)
	for protocol, wrong := range map[string]func(client map[string]string){
		brokertest.SASLPlain: func(client map[string]string) { client["sasl.password"] = "env:WRONG" },
		brokertest.MutualTLS: func(client map[string]string) { // no certificate
			maps.DeleteFunc(client, func(name, _ string) bool {
				return strings.HasPrefix(name, "ssl.certificate.") || strings.HasPrefix(name, "ssl.key.")
			})
		},
	} {
		t.Run(protocol, func(t *testing.T) {
			b, client := brokertest.Secured(t, protocol, canary)
			t.Setenv("WRONG", canary+"-wrong")
			wrong(client)
			start := time.Now()
			r := watched(t, true, "run", "--keys", "100", "--broker", b.Bootstrap(), "--client", spec.Settings(client).String())
			if r.code != exitBadInput || !strings.Contains(r.stderr, "refuses the connection") || strings.Count(r.stderr, "\n") != 1 {
				t.Errorf("exit code %d: %s", r.code, r.stderr)
			}
			if took := time.Since(start); took > time.Minute {
				t.Errorf("it took %v", took)
			}
			if len(files(t, r.out)) > 0 {
				t.Errorf("results were made: %v", files(t, r.out))
			}
		})
	}
}

// A run with a broker of its own has no file that others can read, but its results, and nothing that listens beyond this machine.
func TestRunIsPrivate(t *testing.T) {
	full(t)
	r := watched(t, false, "run", "--keys", "20k", "--runs", "1", "--stores", "memory,rocksdb", "--snapshot-interval", "1s", "--broker", broker.Local)
	if r.code != exitOK {
		t.Fatalf("exit code %d: %s", r.code, r.stderr)
	}
	if r.listened == 0 || r.kept < 30 {
		t.Errorf("%d listeners and %d files were looked at: that is not a broker and its processors", r.listened, r.kept)
	}
	err := filepath.WalkDir(r.out, func(path string, d fs.DirEntry, err error) error { // results are to be shared: as the user's umask has it
		if err != nil {
			return err
		}
		info, err := d.Info()
		if want := map[bool]fs.FileMode{true: 0o755, false: 0o644}[d.IsDir()]; err == nil && info.Mode().Perm() != want && path != r.out {
			t.Errorf("%s: %v, want %v", path, info.Mode(), want)
		}
		return err
	})
	if err != nil {
		t.Error(err)
	}
}

// watchedRun is what became of a run that was looked at while it lasted.
type watchedRun struct {
	code           int
	stderr, out    string
	kept, listened int // files in its temporary directory, and listeners, as many as were seen at a time
}

// watched runs the command under a common umask and looks, again and again until it ends, at all of its processes and files. The
// canary may be in an environment if known says so.
func watched(t *testing.T, known bool, args ...string) watchedRun {
	t.Helper()
	dir := t.TempDir()
	tmp, r := filepath.Join(dir, "tmp"), watchedRun{out: filepath.Join(dir, "out")}
	if err := errors.Join(os.Mkdir(tmp, 0o700), os.Mkdir(r.out, 0o755)); err != nil {
		t.Fatal(err)
	}
	mark := "RESTOREBENCH_TEST_MARK=" + dir
	if args[0] == "run" {
		args = append(args, "--out", r.out)
	}
	cmd := exec.Command("sh", append([]string{"-c", `umask 022; exec restorebench "$@"`, "sh"}, args...)...)
	cmd.Dir = repository // Kafka lies there
	cmd.Env = append(os.Environ(), mark, "TMPDIR="+tmp)
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		_ = cmd.Wait() // judged by its exit code
	}()
	for running := true; running; {
		select {
		case <-ended:
			running = false
		case <-time.After(100 * time.Millisecond): // what is looked at lives longer, and reading all of it takes a core
			r.kept = max(r.kept, checkPrivate(t, tmp))
			r.listened = max(r.listened, checkMarked(t, mark, known))
		}
		if t.Failed() {
			_ = cmd.Process.Kill() // what it started dies with it
		}
	}
	checkProcesses(t, mark)
	if left := files(t, tmp); len(left) > 0 {
		t.Errorf("left behind: %v", left)
	}
	r.code, r.stderr = cmd.ProcessState.ExitCode(), stderr.String()
	if said := stdout.String() + r.stderr; strings.Contains(said, canary) {
		t.Errorf("the run says it: %s", said)
	}
	noCanary(t, r.out)
	return r
}

// checkPrivate looks at the files of a run that may go away meanwhile, and says how many there are.
func checkPrivate(t *testing.T, dir string) (n int) {
	t.Helper()
	_ = filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return nil // gone
		}
		info, err := d.Info()
		if err != nil {
			return nil
		}
		n++
		if strings.Contains(path, "/restorebench-rocksdb-version-") { // an empty database of our own process, in a private directory
			return nil
		}
		want := fs.FileMode(0o600)
		if d.IsDir() {
			want = 0o700
		}
		if perm := info.Mode().Perm(); perm&^want != 0 {
			t.Errorf("%s: %v, want %v", path, info.Mode(), want)
		}
		return nil
	})
	noCanary(t, dir)
	return n
}

// noCanary looks for the canary in names and contents.
func noCanary(t *testing.T, dir string) {
	t.Helper()
	_ = filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || !d.Type().IsRegular() {
			return nil
		}
		if text, err := os.ReadFile(path); err == nil && (bytes.Contains(text, []byte(canary)) || strings.Contains(path, canary)) {
			t.Errorf("%s has it", path)
		}
		return nil
	})
}

// checkMarked looks at the processes that carry a mark, and says how many listeners they have.
func checkMarked(t *testing.T, mark string, known bool) (listened int) {
	t.Helper()
	environs, _ := filepath.Glob("/proc/[0-9]*/environ")
	for _, path := range environs {
		env, err := os.ReadFile(path)
		if err != nil || !slices.Contains(strings.Split(string(env), "\x00"), mark) {
			continue
		}
		proc := filepath.Dir(path)
		if args, _ := os.ReadFile(filepath.Join(proc, "cmdline")); bytes.Contains(args, []byte(canary)) {
			t.Errorf("the list of processes has it: %q", args)
		}
		if !known && bytes.Contains(env, []byte(canary)) {
			t.Errorf("the environment of %s has it", proc)
		}
		for _, address := range brokertest.Listeners(t, proc) {
			listened++
			if !address.Addr().IsLoopback() {
				t.Errorf("%s listens on %v", proc, address)
			}
		}
	}
	return listened
}
