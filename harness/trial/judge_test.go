package trial

import (
	"strings"
	"testing"

	"restorebench/harness/record"
	"restorebench/harness/spec"
	"restorebench/harness/subject"
	"restorebench/harness/workload"
)

// Each answer to a point read is compared, and each must be there.
func TestCheckReads(t *testing.T) {
	empty, one := []byte{}, []byte("1")
	want := []partitionRead{{subject.Read{Key: []byte("live")}, one}, {subject.Read{Key: []byte("empty")}, empty}, {subject.Read{Key: []byte("gone")}, nil}}
	right := []subject.Value{{Value: &one}, {Value: &empty}, {}}
	if wrong := checkReads(want, right); len(wrong) > 0 {
		t.Error(wrong)
	}
	for name, got := range map[string][]subject.Value{
		"none":           nil,
		"one missing":    right[:2],
		"one more":       append(right[:3:3], subject.Value{}),
		"another value":  {{Value: &empty}, {Value: &empty}, {}},
		"absent":         {{}, {Value: &empty}, {}},
		"empty for null": {{Value: &one}, {Value: &empty}, {Value: &empty}},
		"null for empty": {{Value: &one}, {}, {}},
	} {
		if wrong := checkReads(want, got); len(wrong) == 0 {
			t.Errorf("%s: not seen", name)
		}
	}
}

// What a subject says of its recovery must fit together with what was asked for.
func TestJudge(t *testing.T) {
	for name, c := range map[string]struct {
		change func(*attempt, *timeline)
		why    string
	}{
		"right":            {func(*attempt, *timeline) {}, ""},
		"wrong first read": {func(_ *attempt, t *timeline) { t.servedOK = false }, "wrong value"},
		"another path":     {func(a *attempt, _ *timeline) { a.rec.Path = record.Local }, "asked for replay, the processor took local"},
		"an early end": {func(_ *attempt, t *timeline) {
			t.ranges[0] = subject.Event{To: 99}
		}, "restored up to offset 99 of 100"},
		"too few records":  {func(_ *attempt, t *timeline) { t.caught[0] = subject.Event{Records: 99} }, "99 records restored by replay, want 100"},
		"too many records": {func(_ *attempt, t *timeline) { t.caught[0] = subject.Event{Records: 101} }, "101 records restored"},
		"no records":       {func(_ *attempt, t *timeline) { delete(t.caught, 0) }, "0 records restored"},
	} {
		w := workload.New(1, 0, 1, 100, 16, 100, 1, 0, 0)
		a := &attempt{
			Runner: &Runner{Spec: spec.Default()}, workloads: []workload.Spec{w}, ends: []int64{100},
			rec: &record.Record{Path: record.Replay, Cell: record.Cell{Recovery: record.Replay, Keys: 100}},
		}
		l := newTimeline(1)
		l.servedOK, l.ranges[0], l.caught[0] = true, subject.Event{To: 100}, subject.Event{Records: 100}
		c.change(a, l)
		if err := a.judge(l); (err == nil) != (c.why == "") || err != nil && !strings.Contains(err.Error(), c.why) {
			t.Errorf("%s: %v, want ...%s...", name, err, c.why)
		}
	}
}
