package torture

import (
	"errors"
	"math/rand/v2"
	"regexp"
	"strings"
	"testing"

	"restorebench/harness/changelog"
	"restorebench/harness/subject"
	"restorebench/stores"
)

// regrouped runs a small campaign, and checks what each of its lines says for itself.
func regrouped(t *testing.T, fault string, kills int, cells ...string) []Line {
	t.Helper()
	t.Parallel()
	o := options(t)
	o.Fault, o.Kills, o.Cells = fault, kills, cells
	all := tortured(t, o)
	if len(all) != kills*len(cells) {
		t.Errorf("seed %d: %d lines, want %d of each of %v", o.Seed, len(all), kills, cells)
	}
	proof := regexp.MustCompile(`^(?:classic|consumer): member \d \(process \d+\) .* with (.*); assigned before: (.*); after: ([^;]*)`)
	amid := regexp.MustCompile(`\b(\d+) of (\d+) offsets`)
	for _, line := range all {
		p := proof.FindStringSubmatch(line.Proof)
		if line.Verdict != VerdictOK || line.Kind != fault || !line.Reached || line.Struck != duringRestore || p == nil || p[2] == p[3] {
			t.Errorf("seed %d: %+v", o.Seed, line)
			continue
		}
		cut := false
		for _, m := range amid.FindAllStringSubmatch(p[1], -1) {
			cut = cut || m[1] != m[2]
		}
		if !cut || line.Entries == 0 || line.CommittedTo == 0 || line.Exit == "" || line.Path == "" || line.To <= line.From {
			t.Errorf("seed %d: %+v", o.Seed, line)
		}
	}
	return all
}

// A member that joins in the middle of a restore gets partitions of others, and all of them end with the whole state.
func TestGroupJoined(t *testing.T) {
	for _, line := range regrouped(t, FaultGroupJoined, 3, "memory-replay", "rocksdb-tail-eos") {
		if !strings.Contains(line.Proof, " joined with ") {
			t.Errorf("%+v", line)
		}
	}
}

// What one had that left in its restore is restored by the others, in the middle of theirs.
func TestGroupLeft(t *testing.T) {
	for _, line := range regrouped(t, FaultGroupLeft, 2, "rocksdb-replay", "memory-snapshot-eos") {
		if want := map[string]string{
			memberStopped: " left with ", memberStoppedConsumer: " left with ", memberKilled: " was killed with ", memberSilent: " was stopped (SIGSTOP) with ",
		}[line.Type]; want == "" || !strings.Contains(line.Proof, want) {
			t.Errorf("%+v", line)
		}
		if line.Type == memberSilent && !strings.Contains(line.Proof, "; awake again: ") {
			t.Errorf("%+v", line)
		}
	}
}

// theCrew is one member that owns a partition, as its events have told.
func theCrew(t *testing.T) (*crew, *member) {
	t.Helper()
	m := &member{name: "1", parts: map[int32]*restoring{}}
	w := &crew{members: []*member{m}}
	for _, e := range []subject.Event{
		{Event: subject.Assigned, Partitions: []int32{0, 1}},
		{Event: subject.Opened, Path: subject.PathEmpty, Reason: "there were none", Partitions: []int32{0, 1}},
		{Event: subject.RestoreStart, Partition: 0, To: 9},
		{Event: subject.RestoreStart, Partition: 1, To: 9},
		{Event: subject.CaughtUp, Partition: 0},
	} {
		if err := w.hear(m, &e); err != nil {
			t.Fatal(err)
		}
	}
	return w, m
}

// What a member may not say ends the cell.
func TestMembersThatAreWrong(t *testing.T) {
	for _, c := range []struct {
		event subject.Event
		why   string
	}{
		{subject.Event{Event: subject.CaughtUp, Partition: 2}, "caught_up of partition 2, which it does not own"},
		{subject.Event{Event: subject.Contents, Partition: 2}, "contents of partition 2, which it does not own"},
		{subject.Event{Event: subject.Opened, Partitions: []int32{2}, Path: subject.PathLocal}, "opened of partition 2, which it does not own"},
		{subject.Event{Event: subject.Opened, Partitions: []int32{1}, Path: subject.PathLocal}, "partition 1 is called local, and its restore began without files (there were none)"},
		{subject.Event{Event: subject.Opened, Path: subject.PathWiped, Reason: "corrupt"}, "cost local files: corrupt"},
		{subject.Event{Event: subject.Ready}, "ready, and partition 1 is not restored"},
		{subject.Event{Event: subject.Failed, Code: "full", Message: "no space"}, "full: no space"},
	} {
		w, m := theCrew(t)
		if err := w.hear(m, &c.event); err == nil || !strings.Contains(err.Error(), c.why) {
			t.Errorf("%s: %v, want ...%s...", c.event.Event, err, c.why)
		}
	}
	w, m := theCrew(t)
	m.fresh = true
	m.parts[1].path = ""
	if err := w.hear(m, &subject.Event{Event: subject.Opened, Partitions: []int32{1}, Path: subject.PathLocal}); err == nil || !strings.Contains(err.Error(), "a directory that was new") {
		t.Errorf("local: %v", err)
	}
}

// A partition that went and came back begins from nothing; one that stayed goes on as what it was.
func TestMembersForgetWhatTheyLose(t *testing.T) {
	w, m := theCrew(t)
	for _, partitions := range [][]int32{{0}, {0, 1}} {
		if err := w.hear(m, &subject.Event{Event: subject.Assigned, Partitions: partitions}); err != nil {
			t.Fatal(err)
		}
	}
	if m.parts[1].path != "" || m.parts[0].path != subject.PathEmpty || !m.parts[0].caught || w.moves != 3 {
		t.Errorf("%+v, %+v, %d moves", m.parts[0], m.parts[1], w.moves)
	}
}

// Each partition has one owner, or the group is not complete.
func TestPartitionsHaveOneOwner(t *testing.T) {
	own := func(partitions ...int32) *member {
		m := &member{parts: map[int32]*restoring{}, ready: true}
		m.assigned(partitions)
		m.ready = true
		return m
	}
	for _, c := range []struct {
		members  []*member
		complete bool
	}{
		{[]*member{own(0, 1, 2), own(3, 4, 5)}, true},
		{[]*member{own(0, 1, 2), own(3, 4)}, false},
		{[]*member{own(0, 1, 2), own(2, 3, 4, 5)}, false},
		{[]*member{own(0, 1, 2, 3, 4, 5), own()}, false},
	} {
		w := &crew{members: c.members}
		if w.complete() != c.complete || w.serve() != c.complete || w.standStill() != c.complete {
			t.Errorf("%s: complete %v, want %v", w.shares(), w.complete(), c.complete)
		}
	}
}

// A member that lacks a record, has one too many, or had files that lacked one, is found out.
func TestMembersAreJudged(t *testing.T) {
	h, err := logged(t, 0, 1, 2, 3, 4, 5, 6, 7)
	if err != nil {
		t.Fatal(err)
	}
	all, _ := h.writes(0)
	state := func(writes []write) (entries []subject.Entry) {
		last := map[string][]byte{}
		for _, w := range writes {
			last[string(w.key)] = w.value
		}
		for key, value := range last {
			if value != nil {
				entries = append(entries, subject.Entry{Key: []byte(key), Value: value})
			}
		}
		return entries
	}
	whole := state(all)
	for name, c := range map[string]struct {
		atOpen, contents []subject.Entry
		right            bool
	}{
		"whole":             {state(all[:3]), whole, true},
		"one is lost":       {state(all[:3]), whole[1:], false},
		"one too many":      {state(all[:3]), append([]subject.Entry{{Key: []byte("x")}}, whole...), false},
		"files lacked some": {nil, whole, false},
	} {
		m := &member{name: "1", parts: map[int32]*restoring{0: {atOpen: c.atOpen, contents: c.contents, start: subject.Event{From: 7}}}}
		w := &crew{shared: &sharedGround{parts: []*sharedPart{{history: h, fed: 8}}}, members: []*member{m}}
		if d := w.judgePart(m, 0); d.any() == c.right {
			t.Errorf("%s: %+v", name, d)
		}
	}
}

// Under exactly once the changelog has what was aborted, too, and is read without it; at least once it has repetitions.
func TestSharedChangelog(t *testing.T) {
	for _, name := range []string{"memory-replay", "memory-replay-eos"} {
		t.Run(name, func(t *testing.T) {
			o := options(t)
			chosen, err := find([]string{name})
			if err != nil {
				t.Fatal(err)
			}
			o.Fault = FaultGroupLeft
			admin, err := changelog.NewAdmin(o.Brokers)
			if err != nil {
				t.Fatal(err)
			}
			defer admin.Close()
			c := &campaign{Options: o, cell: chosen[0], admin: admin, rng: rand.New(rand.NewPCG(o.Seed, 0))}
			g, err := c.newSharedGround(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			for range 4 {
				err = errors.Join(err, g.feed(t.Context(), c.rng))
			}
			var records, more int64
			for _, p := range g.parts {
				records += p.fed
				more += int64(p.history.next) - p.fed
			}
			if err := errors.Join(err, g.close(c.admin)); err != nil {
				t.Fatal(err)
			}
			if least := int64(4 * leastFed * sharedParts); records < least || more == 0 {
				t.Errorf("%d records, and %d offsets more, want %d and some that are repeated or not to be seen", records, more, least)
			}
			if h := g.parts[sharedParts-1].history; h.part != sharedParts-1 || h.next < stores.Offset(leastFed) {
				t.Errorf("partition %d up to %d", h.part, h.next)
			}
		})
	}
}
