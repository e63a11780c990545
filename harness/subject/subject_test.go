package subject

import (
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// TestMain lets the test binary be a subject too.
func TestMain(m *testing.M) {
	if os.Getenv("TEST_SUBJECT") == "emit" {
		task, err := TaskFromEnv()
		if err != nil {
			panic(err)
		}
		e, err := OpenEvents(task.Events)
		if err != nil {
			panic(err)
		}
		for _, ev := range []Event{{Event: Hello, Name: task.Store}, {Event: Assigned, Partitions: task.Config.Partitions}} {
			if err := e.Emit(ev); err != nil {
				panic(err)
			}
		}
		time.Sleep(time.Hour) // to be killed
	}
	os.Exit(m.Run())
}

func start(t *testing.T, cmd Command) *Process {
	t.Helper()
	p, err := Start(cmd, Task{Brokers: "b:1", Topic: "t", StateDir: "/s", Store: "memory", Config: Config{Partitions: []int32{3}}}, t.TempDir(), "x")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(p.Release)
	return p
}

func shell(t *testing.T, script string) *Process {
	return start(t, Command{Path: "/bin/sh", Args: []string{"-c", script}})
}

func next(t *testing.T, p *Process) Event {
	t.Helper()
	select {
	case e, ok := <-p.Events():
		if !ok {
			t.Fatalf("no more events; log: %s", p.LogTail(5))
		}
		return e
	case <-time.After(10 * time.Second):
		t.Fatal("no event")
	}
	return Event{}
}

func TestOwnSideOfTheProtocol(t *testing.T) {
	p := start(t, Command{Path: os.Args[0], Env: []string{"TEST_SUBJECT=emit"}})
	if e := next(t, p); e.Event != Hello || e.Name != "memory" || e.At.Before(p.Started) {
		t.Errorf("%+v", e)
	}
	if e := next(t, p); e.Event != Assigned || len(e.Partitions) != 1 || e.Partitions[0] != 3 {
		t.Errorf("%+v", e)
	}
	sent, err := p.Kill()
	if err != nil {
		t.Fatal(err)
	}
	at, state, err := p.Wait(context.Background())
	if err != nil || !Killed(state) || at.Before(sent) {
		t.Errorf("%v %v %v", at.Sub(sent), state, err)
	}
	if _, err := p.Kill(); err == nil {
		t.Error("a process that is gone was killed again")
	}
}

// Any program that can write lines to a file is a subject.
func TestShellScriptIsASubject(t *testing.T) {
	p := shell(t, `printf '{"event":"hello","name":"sh"}\n{"event":"ready"}\n' > "$RESTOREBENCH_EVENTS"; cat > /dev/null`)
	if e := next(t, p); e.Event != Hello || e.Name != "sh" {
		t.Errorf("%+v", e)
	}
	if e := next(t, p); e.Event != Ready {
		t.Errorf("%+v", e)
	}
}

func TestMalformedLines(t *testing.T) {
	for _, line := range []string{"hello", "{}", `{"event":7}`, "", `{"event":"hello"`} {
		p := shell(t, "printf '%s\\n' '"+line+"' > \"$RESTOREBENCH_EVENTS\"; sleep 10")
		if e := next(t, p); e.Event != Failed || e.Code != "protocol" || !strings.Contains(e.Message, ErrProtocol.Error()) {
			t.Errorf("%q: %+v", line, e)
		}
	}
}

func TestEventsOfADeadSubjectArriveAndEnd(t *testing.T) {
	p := shell(t, `echo '{"event":"hello"}' > "$RESTOREBENCH_EVENTS"; echo '{"half' > /dev/null; printf '{"event":"re' > "$RESTOREBENCH_EVENTS"; echo last words >&2; exit 3`)
	if e := next(t, p); e.Event != Hello {
		t.Errorf("%+v", e)
	}
	select {
	case e, ok := <-p.Events():
		if ok {
			t.Errorf("half a line became %+v", e)
		}
	case <-time.After(10 * time.Second):
		t.Fatal("events of a dead process do not end")
	}
	_, state, err := p.Wait(context.Background())
	if err != nil || state.ExitCode() != 3 || Killed(state) {
		t.Errorf("%v %v", state, err)
	}
	if p.LogTail(1) != "last words" {
		t.Errorf("log: %q", p.LogTail(1))
	}
}

// What a process has said is heard, also where nobody listened until long after its end.
func TestLateListener(t *testing.T) {
	const events = 1000 // more than the channel holds, and less than the pipe does
	p := shell(t, `i=0; while [ $i -lt 1000 ]; do echo "{\"event\":\"progress\",\"offset\":$i}"; i=$((i+1)); done >$RESTOREBENCH_EVENTS; exit 1`)
	<-p.Gone()
	time.Sleep(200 * time.Millisecond)
	for i := range int64(events) {
		if e := next(t, p); e.Event != ProgressMade || e.Offset != i {
			t.Fatalf("event %d is %+v", i, e)
		}
	}
	if e, ok := <-p.Events(); ok {
		t.Errorf("behind the last: %+v", e)
	}
}

func TestKillReachesChildren(t *testing.T) {
	p := shell(t, `sleep 1000 & echo "{\"event\":\"hello\",\"name\":\"$!\"}" > "$RESTOREBENCH_EVENTS"; wait`)
	child := next(t, p).Name
	p.Release()
	for range 100 {
		stat, err := os.ReadFile("/proc/" + child + "/stat")
		if err != nil || strings.Contains(string(stat), ") Z ") {
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
	t.Errorf("process %s, which the subject had started, outlives it", child)
}

func TestReleaseWithEventsNobodyReads(t *testing.T) {
	p := shell(t, `while :; do echo '{"event":"progress"}'; done > "$RESTOREBENCH_EVENTS"`)
	next(t, p)
	done := make(chan struct{})
	go func() { p.Release(); p.Release(); close(done) }()
	select {
	case <-done:
	case <-time.After(10 * time.Second):
		t.Fatal("Release hangs")
	}
}

func TestStartFails(t *testing.T) {
	if _, err := Start(Command{Path: "/nonexistent"}, Task{}, t.TempDir(), "x"); err == nil {
		t.Error("a program that does not exist was started")
	}
	if _, err := Start(Command{Path: "/bin/true"}, Task{}, "/nonexistent", "x"); err == nil {
		t.Error("started in a directory that does not exist")
	}
}

// A subject must be able to tell an expected empty value from none.
func TestEmptyValueIsNotAbsent(t *testing.T) {
	for text, value := range map[string][]byte{`"value":""`: {}, `"value":null`: nil} {
		got, err := json.Marshal(Read{Key: []byte("k"), Value: value})
		if err != nil || !strings.Contains(string(got), text) {
			t.Errorf("%s (%v), want %s in it", got, err, text)
		}
	}
}

func TestTaskFromEnvNamesWhatIsMissing(t *testing.T) {
	for _, name := range []string{EnvBrokers, EnvTopic, EnvStateDir, EnvEvents, EnvStore} {
		t.Setenv(name, "x")
	}
	config := filepath.Join(t.TempDir(), "c.json")
	if err := os.WriteFile(config, []byte("{"), 0o600); err != nil {
		t.Fatal(err)
	}
	t.Setenv(EnvConfig, config)
	if _, err := TaskFromEnv(); err == nil || !strings.Contains(err.Error(), config) {
		t.Errorf("malformed config: %v", err)
	}
	t.Setenv(EnvTopic, "")
	if _, err := TaskFromEnv(); err == nil || !strings.Contains(err.Error(), EnvTopic) {
		t.Errorf("no topic: %v", err)
	}
}
