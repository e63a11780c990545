package trial

import (
	"bytes"
	"encoding/json"
	"testing"

	"restorebench/harness/record"
	"restorebench/harness/spec"
	"restorebench/harness/subject"
	"restorebench/harness/workload"
)

// Whatever a subject says, in whatever order: no panic, phases that add up, and a load that
// is only done when each partition told its end.
func FuzzSubject(f *testing.F) {
	f.Add([]byte(`{"event":"hello"}
{"event":"opened","path":"empty"}
{"event":"restore_start","to":100}
{"event":"caught_up","offset":100,"records":100}
{"event":"restore_start","partition":1,"from":5,"to":100}
{"event":"caught_up","partition":1,"offset":100,"records":95}
{"event":"ready"}
{"event":"first_read","ok":true}`))
	f.Add([]byte(`{"event":"progress","partition":1,"records":3}
{"event":"loaded","records":100,"offset":100}
{"event":"loaded","partition":1,"records":100,"offset":101}
{"event":"reads","values":[{"value":"AA=="},{}]}`))
	f.Fuzz(func(t *testing.T, lines []byte) {
		l, recovery := newLoading(), newTimeline(2)
		done := false
		for line := range bytes.Lines(lines) {
			var e subject.Event
			if json.Unmarshal(line, &e) != nil {
				continue
			}
			// Refusals are right, of nearly all that a fuzzer sends: here nothing may panic, and what is taken must add up.
			now, _ := l.add(e)
			done = done || now
			_ = recovery.add(e)
			_ = checkReads(make([]partitionRead, 2), e.Values)
		}
		if done && (len(l.loaded) != 2 || l.ends[0] < 100 || l.ends[1] < 100) {
			t.Errorf("done with %v, ends %v", l.loaded, l.ends)
		}
		phases, downtime := recovery.phases()
		var sum int64
		for _, ns := range phases {
			sum += ns
		}
		if sum != downtime.Nanoseconds() {
			t.Errorf("phases %v, downtime %v", phases, downtime)
		}
		l.rec.Path, _ = recovery.recovery(), recovery.restored()
		if err := l.judge(recovery); err == nil && !recovery.servedOK {
			t.Error("a restore that served nothing is right")
		}
	})
}

// newLoading is of two partitions of 100 records.
func newLoading() *loading {
	a := &attempt{Runner: &Runner{Spec: spec.Default()}, ends: make([]int64, 2), rec: &record.Record{Cell: record.Cell{Recovery: record.Replay}}}
	for p := range 2 {
		a.workloads = append(a.workloads, workload.New(1, p, 2, 200, 16, 100, 1, 0, 0))
	}
	return &loading{attempt: a, records: make([]int64, 2), loaded: map[int32]bool{}}
}
