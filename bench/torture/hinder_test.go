package torture

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"restorebench/harness/subject"
)

// Of each kind of system call one fails, and one disk can only be read: the processor goes on, or ends with an error that names the
// file and says what to do, and nothing of what was saved is lost.
func TestHindrances(t *testing.T) {
	full(t)
	t.Parallel()
	for _, fault := range append(slices.Clip(callFaults), FaultReadOnly) {
		t.Run(fault, func(t *testing.T) {
			t.Parallel()
			needs(t, fault)
			o := options(t)
			o.Fault, o.Kills, o.Cells = fault, 3, []string{"memory-snapshot", "rocksdb-tail"}
			struck, ended := survived(t, o, func(l *Line) bool {
				return l.Verdict != VerdictOK || l.Type == "" || l.Kind == fault && l.Proof == "" || l.Kind != fault && l.Kind != KindIdle
			})
			if struck < 4 || ended == 0 {
				t.Errorf("seed %d: %d lives were struck and %d ended, want 4 and 1 at least", o.Seed, struck, ended)
			}
			if below := mountsBelow(t, o.Dir); len(below) > 0 {
				t.Errorf("mounted still: %v", below)
			}
		})
	}
}

// An error that does not say where, why and what to do is not let pass, and one that does is.
func TestHinderedEndIsJudged(t *testing.T) {
	t.Parallel()
	const advice = "; make $RESTOREBENCH_STATE_DIR writable, and start again: what was saved last is still good"
	const dir, file = "open $RESTOREBENCH_STATE_DIR/0_0/rocksdb/store", "open $RESTOREBENCH_STATE_DIR/0_0/rocksdb/store/LOCK"
	for name, c := range map[string]struct{ code, message, lacks string }{
		"all":        {"disk_read_only", file + ": read-only file system" + advice, ""},
		"nothing":    {"failed", "it did not work", "the code disk_read_only"},
		"no code":    {"failed", file + ": read-only file system" + advice, "the code disk_read_only"},
		"corrupt":    {"corrupt", file + ": read-only file system" + advice, "the code disk_read_only"},
		"no errno":   {"disk_read_only", file + advice, "why (read-only file system)"},
		"no file":    {"disk_read_only", dir + ": read-only file system" + advice, "the file"},
		"only where": {"disk_read_only", "read-only file system" + advice, "the file"},
		"no advice":  {"disk_read_only", file + ": read-only file system", "what to do"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			res := instead(t, c.code, c.message)
			if c.lacks == "" {
				if len(res.Failures) > 0 {
					t.Errorf("it says all, and is not let pass: %+v", res.Failures)
				}
				return
			}
			if len(res.Failures) != 1 || !strings.Contains(res.Failures[0].Why, "the error lacks "+c.lacks) {
				t.Errorf("%+v, want that it lacks %s", res.Failures, c.lacks)
			}
		})
	}
}

// instead runs a cell whose second life, the struck one, is that of another program, which ends with this error.
func instead(t *testing.T, code, message string) *Result {
	t.Helper()
	needs(t, FaultReadOnly)
	o := options(t)
	o.Fault, o.Kills, o.Cells = FaultReadOnly, 1, []string{"memory-snapshot"}
	chosen, err := find(o.Cells)
	if err != nil {
		t.Fatal(err)
	}
	for newFaultSchedule(o.Seed, &chosen[0], o.Fault).next().kind != readOnlyAtStart {
		o.Seed++
	}
	dir := t.TempDir()
	script := filepath.Join(dir, "instead")
	text := fmt.Sprintf(`#!/bin/sh
if [ -e %[1]s/once ] && [ ! -e %[1]s/twice ]; then
	touch %[1]s/twice
	printf '{"event":"error","code":"%[3]s","message":"%%s"}\n' "%[4]s" >"$RESTOREBENCH_EVENTS"
	exit 1
fi
touch %[1]s/once
exec %[2]s
`, dir, o.Command.Path, code, message)
	if err := os.WriteFile(script, []byte(text), 0o700); err != nil {
		t.Fatal(err)
	}
	o.Command.Path = script
	res, err := Run(context.Background(), o)
	if err != nil {
		t.Fatal(err)
	}
	return res
}

// What is injected is the system call of the file that was chosen, and of no other.
func TestInjection(t *testing.T) {
	needs(t, FaultNoSpace)
	dir := t.TempDir()
	path, other := filepath.Join(dir, "000009.sst"), filepath.Join(dir, "000008.sst")
	i := &injection{call: call{name: "openat"}, errno: "EIO", nth: 2, log: filepath.Join(dir, "log"), paths: []string{path}}
	command, err := i.begin(subject.Command{Path: "/bin/sh", Args: []string{"-c", fmt.Sprintf("for f in %[1]s %[2]s %[1]s %[2]s %[1]s; do echo x 2>&- >>$f; done", path, other)}})
	if err != nil {
		t.Fatal(err)
	}
	runIt(t, command)
	file, proof, err := i.end()
	if err != nil || file != path || !strings.HasPrefix(proof, "1 times, first: ") || !strings.Contains(proof, "EIO") {
		t.Errorf("%q, %q, %v", file, proof, err)
	}
	if !i.named("open "+path+": input/output error") || i.named("open "+other+": input/output error") {
		t.Errorf("of %v it is %s that is named", i.hit, path)
	}
	for path, want := range map[string]string{path: "x\nx\n", other: "x\nx\n"} {
		if text, err := os.ReadFile(path); string(text) != want {
			t.Errorf("%s is %q, %v, want %q", path, text, err, want)
		}
	}
	i.nth = 20
	if command, err = i.begin(subject.Command{Path: "/bin/true"}); err != nil {
		t.Fatal(err)
	}
	runIt(t, command)
	if file, proof, err := i.end(); file != "" || proof != "" || err != nil {
		t.Errorf("nothing was injected: %q, %q, %v", file, proof, err)
	}
}

// runIt runs a program to its end, whatever that is, and that of strace beside it.
func runIt(t *testing.T, c subject.Command) {
	t.Helper()
	out, err := exec.Command(c.Path, c.Args...).CombinedOutput()
	t.Logf("%v: %s", err, out)
}

func TestPathsOfWhatIsWritten(t *testing.T) {
	dir := t.TempDir()
	if n, err := newestNumber(filepath.Join(dir, "none")); n != -1 || err != nil {
		t.Errorf("%d, %v", n, err)
	}
	for _, name := range []string{"000007.sst", "MANIFEST-000012", "LOG.old.1764345000000000", "CURRENT"} {
		if err := os.WriteFile(filepath.Join(dir, name), nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	n, err := newestNumber(dir)
	if n != 12 || err != nil {
		t.Errorf("%d, %v, want 12", n, err)
	}
	for typ, first := range map[string]string{
		TypeSST: "000013.sst", TypeManifest: "MANIFEST-000013", TypeCurrent: "000013.dbtmp", TypeOptions: "OPTIONS-000013.dbtmp",
		TypeWAL: "000013.log", TypeBulk: ".bulk/0.sst", TypeSnapshot: ".writing-snapshot",
	} {
		if got := toBeMade(typ, dir, n)[0]; got != filepath.Join(dir, first) {
			t.Errorf("%s: %s, want %s", typ, got, first)
		}
	}
}

// Every type of files that a cell has is the target of something.
func TestEveryTypeIsATarget(t *testing.T) {
	for fault, most := range map[string]int{FaultNoSpace: 8, FaultIOError: 8, FaultUnreadable: 8} {
		for _, c := range faulty(cells, fault) {
			s, seen := newFaultSchedule(1, &c, fault), map[string]int{}
			for range 5 * len(targets(&c, fault)) {
				seen[s.next().kind]++
			}
			if len(seen) != len(targets(&c, fault)) || len(seen) < 3 || len(seen) > most {
				t.Errorf("%s of %s: %v", fault, c.Name, seen)
			}
			for typ, n := range seen {
				if n != 5 {
					t.Errorf("%s of %s: %s was chosen %d times, want 5", fault, c.Name, typ, n)
				}
			}
		}
	}
}
