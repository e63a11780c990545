package main

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"restorebench/harness/broker/brokertest"
)

// TestMain makes the test binary the command too, so that the scripts run it as
// separate processes.
func TestMain(m *testing.M) {
	testscript.Main(tests{m}, map[string]func(){"restorebench": main})
}

// tests ends the broker that they share behind them.
type tests struct{ *testing.M }

func (t tests) Run() int { return brokertest.Main(t.M) }

// full skips a test of the command from outside where tests are to be short, as under the race detector, which makes each start of
// the command a second long: what it does is raced by the packages' own tests, and from its start to its end by TestInterrupts.
func full(t *testing.T) {
	t.Helper()
	if testing.Short() {
		t.Skip("run in full without -short, see the Makefile")
	}
}

func TestScripts(t *testing.T) {
	full(t)
	kafka, err := filepath.Abs(filepath.Join(repository, ".deps", "kafka-4.3.1"))
	if err != nil {
		t.Fatal(err)
	}
	testscript.Run(t, testscript.Params{
		Dir: "testdata",
		Setup: func(env *testscript.Env) error {
			env.Setenv("KAFKA", kafka) // for the scripts that start one
			env.Setenv("BROKER", brokertest.Start(t).Bootstrap())
			env.Setenv("REFERENCE", filepath.Join(filepath.Dir(filepath.Dir(kafka)), "results", "reference"))
			env.Setenv("SILENT", silentListener(env))
			env.Setenv("HOME", os.Getenv("HOME"))
			return nil
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"badinput": badInput,
			"onejson":  oneJSON,
			"records":  records,
			"cutoff":   cutOff,
			"nothing":  nothing,
		},
	})
}

// silentListener accepts connections and never answers, as a port that belongs to
// something else.
func silentListener(env *testscript.Env) string {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		env.T().Fatal(err)
	}
	env.Defer(func() { l.Close() })
	return l.Addr().String()
}

// oneJSON FILE: the file is exactly one JSON object.
func oneJSON(ts *testscript.TestScript, _ bool, args []string) {
	d := json.NewDecoder(bufio.NewReader(strings.NewReader(ts.ReadFile(args[0]))))
	var object map[string]any
	if err := d.Decode(&object); err != nil {
		ts.Fatalf("%v", err)
	}
	if d.More() {
		ts.Fatalf("there is more than one JSON object")
	}
}

// raw returns the path and the lines of the only run in a results directory.
func raw(ts *testscript.TestScript, dir string) (path string, lines []string) {
	paths, err := filepath.Glob(filepath.Join(ts.MkAbs(dir), "raw", "*.jsonl"))
	if err != nil || len(paths) != 1 {
		ts.Fatalf("raw records of %d runs, want 1", len(paths))
	}
	return paths[0], strings.SplitAfter(strings.TrimSuffix(ts.ReadFile(paths[0]), "\n"), "\n")
}

// records DIR N: the only run in DIR has N raw records.
func records(ts *testscript.TestScript, _ bool, args []string) {
	if path, lines := raw(ts, args[0]); fmt.Sprint(len(lines)) != args[1] {
		ts.Fatalf("%s: %d records, want %s", path, len(lines), args[1])
	}
}

// cutOff DIR: the last record of the only run in DIR loses its end, as in a crash.
func cutOff(ts *testscript.TestScript, _ bool, args []string) {
	path, lines := raw(ts, args[0])
	last := len(lines) - 1
	lines[last] = lines[last][:len(lines[last])/2]
	ts.Check(os.WriteFile(path, []byte(strings.Join(lines, "")), 0o600))
}

// nothing DIR: the directory is empty or does not exist.
func nothing(ts *testscript.TestScript, _ bool, args []string) {
	left, _ := filepath.Glob(filepath.Join(ts.MkAbs(args[0]), "*"))
	if len(left) > 0 {
		ts.Fatalf("left behind: %v", left)
	}
}

// A build without RocksDB says so, and how to get it, when it is asked for.
func TestWithoutRocksDB(t *testing.T) {
	full(t)
	binary := build(t, "-tags", "norocksdb")
	results := filepath.Join(t.TempDir(), "results")
	out, err := exec.Command(binary, "run", "--stores", "rocksdb", "--out", results).CombinedOutput()
	var exit *exec.ExitError
	if !errors.As(err, &exit) || exit.ExitCode() != exitBadInput {
		t.Errorf("%v, want exit code %d", err, exitBadInput)
	}
	line := strings.TrimSuffix(string(out), "\n")
	if strings.Contains(line, "\n") || !strings.Contains(line, "--stores rocksdb") || !strings.Contains(line, "scripts/setup") {
		t.Errorf("want one line with the flag and the command that installs it, got:\n%s", out)
	}
	if _, err := os.Stat(results); err == nil {
		t.Error("results were made")
	}
	if out, err := exec.Command(binary, "run", "--help").CombinedOutput(); err != nil {
		t.Errorf("%v: %s", err, out)
	}
}

// build builds the command as a user does.
func build(t *testing.T, flags ...string) string {
	t.Helper()
	binary := filepath.Join(t.TempDir(), "restorebench")
	args := append([]string{"build", "-o", binary}, flags...)
	if out, err := exec.Command("go", append(args, ".")...).CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	return binary
}

// badInput PATTERN ARGS...: the command with these arguments ends with exit code 2 and
// one line on stderr that matches the pattern; stdout and the file tree stay as they are.
func badInput(ts *testscript.TestScript, _ bool, args []string) {
	pattern, args := args[0], args[1:]
	before := tree(ts)
	err := ts.Exec("restorebench", args...)
	var exit *exec.ExitError
	if !errors.As(err, &exit) || exit.ExitCode() != exitBadInput {
		ts.Fatalf("%v: %v, want exit code %d\n%s", args, err, exitBadInput, ts.ReadFile("stderr"))
	}
	if out := ts.ReadFile("stdout"); out != "" {
		ts.Fatalf("%v: stdout: %s", args, out)
	}
	text := ts.ReadFile("stderr")
	if strings.Count(text, "\n") != 1 || !strings.HasSuffix(text, "\n") {
		ts.Fatalf("%v: want one line on stderr, got:\n%s", args, text)
	}
	if !regexp.MustCompile(pattern).MatchString(text) {
		ts.Fatalf("%v: want %s on stderr, got: %s", args, pattern, text)
	}
	if after := tree(ts); !slices.Equal(before, after) {
		ts.Fatalf("%v: files before: %v, after: %v", args, before, after)
	}
}

// tree lists everything below the script's directory.
func tree(ts *testscript.TestScript) (paths []string) {
	err := filepath.WalkDir(ts.MkAbs("."), func(path string, _ fs.DirEntry, err error) error {
		paths = append(paths, path)
		return err
	})
	ts.Check(err)
	return paths
}

func TestMissedTargetExitsWith3(t *testing.T) {
	if code := exitCode(errors.Join(errors.New("and more"), errMissed)); code != 3 {
		t.Errorf("exit code %d, want 3", code)
	}
}
