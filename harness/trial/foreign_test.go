package trial

import (
	"strings"
	"testing"
	"time"

	"restorebench/harness/record"
	"restorebench/harness/spec"
	"restorebench/harness/subject"
)

// foreign runs trials of a system that is a shell script. Its events go to file 3; recovering says whether
// it is the incarnation that is timed.
func foreign(t *testing.T, text string) *Runner {
	r := runner(t)
	r.Spec.StallTimeout = 3 * time.Second
	r.Subjects = map[string]Subject{"other": {Command: subject.Command{Path: "/bin/sh", Args: []string{"-c", `
		exec 3>"$RESTOREBENCH_EVENTS"
		emit() { printf '%s\n' "$1" >&3; }
		recovering() { grep -q first_read "$RESTOREBENCH_CONFIG"; }
		start() { emit '{"event":"hello"}'; emit '{"event":"assigned"}'; }
		restored() { emit '{"event":"restore_start","from":0,"to":101}'; emit '{"event":"caught_up","offset":101,"records":101}'; }
		recovering || { start; restored; emit '{"event":"ready"}'; exec cat; }
		` + text + "\nexec cat"}}}}
	return r
}

// What a system of others' says is checked, and a trial in which it breaks the protocol counts for nothing.
func TestForeignSubjectsThatBreakTheProtocol(t *testing.T) {
	for _, c := range []struct{ name, script, why string }{
		{"no JSON", `emit hello`, `broke the protocol: "hello`},
		{"never says hello", ``, "no event for 3s"},
		{"restores before hello", `restored`, "broke the protocol: restore_start without hello"},
		{"another's partition", `start; emit '{"event":"restore_start","partition":9,"to":1}'`, "broke the protocol: restore_start of partition 9, there are 1"},
		{"a negative partition", `start; emit '{"event":"progress","partition":-1,"records":1}'`, "broke the protocol: progress of partition -1"},
		{"ready too early", `start; emit '{"event":"ready"}'`, "broke the protocol: ready without caught_up"},
		{"caught up twice", `start; restored; emit '{"event":"caught_up"}'`, "broke the protocol: caught_up without a further restore_start"},
		{"reads before it is ready", `start; restored; emit '{"event":"first_read","ok":true}'`, "broke the protocol: first_read without ready"},
		{"a wrong first read", `start; restored; emit '{"event":"ready"}'; emit '{"event":"first_read"}'; emit '{"event":"digest"}'; emit '{"event":"reads"}'`, "first read returned a wrong value"},
		{"nothing in its store", `start; restored; emit '{"event":"ready"}'; emit '{"event":"first_read","ok":true}'; emit '{"event":"digest"}'; emit '{"event":"reads"}'`, "restored state is wrong"},
		{"ends", `start; exit 3`, "exit status 3"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			other := cell(spec.StoreMemory, record.Replay, 100)
			other.Subject = "other"
			rec := do(t, foreign(t, c.script), other)
			if rec.Valid || !strings.Contains(rec.Why, c.why) {
				t.Errorf("%q, want ...%s...", rec.Why, c.why)
			}
		})
	}
}

// A phase whose beginning was not told is part of the one before, and not 0.
func TestPhasesOfASubjectThatTellsLittle(t *testing.T) {
	line := newTimeline(1)
	at := time.Now()
	moment := func(ms int) time.Time { return at.Add(time.Duration(ms) * time.Millisecond) }
	line.killed, line.reaped, line.started = moment(0), moment(1), moment(3)
	for _, e := range []subject.Event{
		{Event: subject.Hello, At: moment(10)},
		{Event: subject.RestoreStart, From: 7, To: 9, At: moment(50)}, // neither assigned nor opened
		{Event: subject.CaughtUp, Offset: 9, Records: 2, At: moment(80)},
		{Event: subject.Ready, At: moment(90)},
		{Event: subject.FirstRead, OK: true, At: moment(100)},
	} {
		if err := line.add(e); err != nil {
			t.Fatal(err)
		}
	}
	phases, downtime := line.phases()
	want := map[string]int64{
		record.PhaseExit: 1, record.PhaseDetect: 2, record.PhaseSpawn: 7, record.PhaseAssign: 40, record.PhaseRestore: 30, record.PhaseServe: 20, record.PhaseOther: 0,
	}
	var sum int64
	for name, ns := range phases {
		sum += ns
		if w, known := want[name]; !known || ns != w*1e6 {
			t.Errorf("%s: %d ns, want %d ms (%v)", name, ns, w, known)
		}
	}
	if len(phases) != len(want) || sum != downtime.Nanoseconds() {
		t.Errorf("%d phases of together %d ns, want %d and %d", len(phases), sum, len(want), downtime)
	}
	if path := line.recovery(); path != record.LocalTail {
		t.Errorf("it went on at offset 7, and took %s", path)
	}
}
