package main

import (
	"bufio"
	"encoding/json"
	"errors"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
)

// TestMain makes the test binary the command too, so that the scripts run it as
// separate processes.
func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"restorebench": main})
}

func TestScripts(t *testing.T) {
	kafka, err := filepath.Abs(filepath.Join(repository, ".deps", "kafka-4.3.1"))
	if err != nil {
		t.Fatal(err)
	}
	testscript.Run(t, testscript.Params{
		Dir: "testdata",
		Setup: func(env *testscript.Env) error {
			env.Setenv("KAFKA", kafka) // for the scripts that start one
			env.Setenv("SILENT", silentListener(env))
			env.Setenv("HOME", os.Getenv("HOME"))
			return nil
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"badinput": badInput,
			"oneline":  oneLine,
			"onejson":  oneJSON,
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

// oneLine FILE: the file has exactly one line.
func oneLine(ts *testscript.TestScript, _ bool, args []string) {
	text := ts.ReadFile(args[0])
	if strings.Count(text, "\n") != 1 || !strings.HasSuffix(text, "\n") {
		ts.Fatalf("want one line, got:\n%s", text)
	}
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

// nothing DIR: the directory is empty or does not exist.
func nothing(ts *testscript.TestScript, _ bool, args []string) {
	left, _ := filepath.Glob(filepath.Join(ts.MkAbs(args[0]), "*"))
	if len(left) > 0 {
		ts.Fatalf("left behind: %v", left)
	}
}

// A build without RocksDB says so, and how to get it, when it is asked for.
func TestWithoutRocksDB(t *testing.T) {
	binary := filepath.Join(t.TempDir(), "restorebench")
	if out, err := exec.Command("go", "build", "-tags", "norocksdb", "-o", binary, ".").CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	cmd := exec.Command(binary, "run", "--keys", "10", "--stores", "rocksdb", "--out", t.TempDir())
	out, err := cmd.CombinedOutput()
	if cmd.ProcessState.ExitCode() != exitBadInput || !strings.Contains(string(out), "scripts/setup") {
		t.Errorf("%v: %s", err, out)
	}
	cmd = exec.Command(binary, "run", "--help")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Errorf("%v: %s", err, out)
	}
}

// badInput FLAG VALUE PATTERN: run with the flag ends with exit code 2, one line on
// stderr that matches the pattern, and nothing else anywhere.
func badInput(ts *testscript.TestScript, _ bool, args []string) {
	err := ts.Exec("restorebench", "run", args[0]+"="+args[1])
	var exit *exec.ExitError
	if !errors.As(err, &exit) || exit.ExitCode() != exitBadInput {
		ts.Fatalf("%v: %v, want exit code %d\n%s", args, err, exitBadInput, ts.ReadFile("stderr"))
	}
	if out := ts.ReadFile("stdout"); out != "" {
		ts.Fatalf("%v: stdout: %s", args, out)
	}
	oneLine(ts, false, []string{"stderr"})
	if text := ts.ReadFile("stderr"); !regexp.MustCompile(args[2]).MatchString(text) {
		ts.Fatalf("%v: stderr: %s", args, text)
	}
	if args[0] != "--out" {
		_, err := os.Stat(ts.MkAbs("results"))
		if err == nil {
			nothing(ts, false, []string{"results/raw"})
		}
	}
}
