package processor

import (
	"encoding/binary"
	"fmt"
	"strings"
	"testing"

	"restorebench/harness/spec"
	"restorebench/harness/subject"
	"restorebench/harness/topology"
	"restorebench/stores"
	"restorebench/stores/cache"
)

// cast sends the votes through stores in memory, without topics, and returns what is
// emitted and logged: a2@5 is the count 2 of a, at timestamp 5; flushes are the caches'
// at commits.
func cast(t *testing.T, typ string, cacheBytes int64, commitRecords int) (emitted, logged string) {
	t.Helper()
	var out stores.Batch
	c := &caches{topic: "votes", emit: func(r topology.Record) error {
		out.Append(r.Key, r.Value, r.Timestamp, 0)
		return nil
	}}
	if cacheBytes > 0 {
		c.budget = cache.NewBudget(cacheBytes)
	}
	p := &processor{task: &subject.Task{Config: subject.Config{Stream: &subject.Stream{WindowMS: 10, GapMS: 10, GraceMS: 100}}}}
	names := []string{"rows", "counts"}
	if _, table := votesAlways[typ]; !table {
		names = names[1:]
	}
	for _, name := range names {
		task := subject.Store{Name: name, Store: strings.TrimSuffix("memory-"+typ, "-")}
		if task.RetentionMS, task.WindowMS = 100, 10; typ == spec.TypeVersioned && name == "counts" {
			task.Store = "memory-timestamped"
		}
		part := &partition{task: task}
		if err := p.openStore(part); err != nil {
			t.Fatal(err)
		}
		p.parts = append(p.parts, part)
	}
	topo, err := p.topology(c)
	if err != nil {
		t.Fatal(err)
	}
	for i, vote := range topology.Votes() {
		if err := topo.Process(vote, c.emit); err != nil {
			t.Fatal(err)
		}
		if (i+1)%commitRecords == 0 || i == len(topology.Votes())-1 {
			if err := c.flush(); err != nil {
				t.Fatal(err)
			}
		}
	}
	counts := p.parts[len(p.parts)-1]
	if err := p.close(); err != nil {
		t.Fatal(err)
	}
	return counted(&out), counted(&counts.logged)
}

// counted shows counts; items are of one letter, whatever time follows.
func counted(b *stores.Batch) string {
	var out []string
	for i := range b.Len() {
		count := "-null"
		if value := b.Value(i); value != nil {
			count = fmt.Sprint(binary.BigEndian.Uint64(value))
		}
		out = append(out, fmt.Sprintf("%s%s@%d", b.Key(i)[:1], count, b.Entries[i].Timestamp))
	}
	return strings.Join(out, " ")
}

// votesAlways is what tables emit when every change is sent on.
var votesAlways = map[string]string{
	spec.TypeKeyValue:    "a1@1 b1@2 c1@3 a2@5 a3@10 a2@8 b2@8 c2@30",
	spec.TypeTimestamped: "a1@1 b1@2 c1@3 a2@5 a3@10 a2@10 b2@8 c2@30",
	spec.TypeVersioned:   "a1@1 b1@2 c1@3 a2@5 a3@10 c2@30",
}

func want(t *testing.T, typ string, cacheBytes int64, commitRecords int, emitted, logged string) {
	t.Helper()
	gotEmitted, gotLogged := cast(t, typ, cacheBytes, commitRecords)
	if gotEmitted != emitted || gotLogged != logged {
		t.Errorf("%q, cache of %d bytes, a commit every %d:\nemitted %s, want %s\nlogged %s, want %s",
			typ, cacheBytes, commitRecords, gotEmitted, emitted, gotLogged, logged)
	}
}

// A cache holds nothing back when every record is committed, nor when it has no room
// for any; without one, commits don't matter.
func TestVotesAreNotHeldBack(t *testing.T) {
	for _, c := range []struct{ bytes, commit int }{{0, 1}, {0, 100}, {1 << 20, 1}, {1, 100}} {
		for typ, emitted := range votesAlways {
			want(t, typ, int64(c.bytes), c.commit, emitted, emitted)
		}
		for _, typ := range []string{spec.TypeWindow, spec.TypeTimestampedWindow} {
			emitted := "a1@1 b1@2 c1@3 a2@5 a1@10 b2@8 c1@30"
			want(t, typ, int64(c.bytes), c.commit, emitted, emitted)
		}
		want(t, spec.TypeSession, int64(c.bytes), c.commit,
			"a1@1 b1@2 c1@3 a-null@1 a2@5 a-null@5 a3@10 b-null@2 b2@8 c1@30",
			"a1@1 b1@2 c1@3 a-null@5 a2@5 a-null@10 a3@10 b-null@8 b2@8 c1@30")
	}
}

// A commit between voter5's two votes: what the first one sent on is taken back.
func TestVotesAreHeldBackToACommit(t *testing.T) {
	for typ, emitted := range map[string]string{
		spec.TypeKeyValue:          "b1@2 c1@3 a3@10 a2@8 b2@8 c2@30",
		spec.TypeTimestamped:       "b1@2 c1@3 a3@10 a2@10 b2@8 c2@30",
		spec.TypeVersioned:         "b1@2 c1@3 a3@10 c2@30",
		spec.TypeWindow:            "b1@2 c1@3 a2@5 a1@10 b2@8 c1@30",
		spec.TypeTimestampedWindow: "b1@2 c1@3 a2@5 a1@10 b2@8 c1@30",
	} {
		want(t, typ, 1<<20, 5, emitted, emitted)
	}
	want(t, spec.TypeSession, 1<<20, 5, "b1@2 c1@3 a3@10 b-null@2 b2@8 c1@30", "b1@2 c1@3 a3@10 b-null@8 b2@8 c1@30")
}

// A cache with room for three windows of the input "votes": the fourth, a's second one
// at 10, evicts b's, which takes the others along.
func TestVotesAreHeldBackToAnEviction(t *testing.T) {
	const window = 8 + 1 + 12 + 8 + 45 + 5 // segment, key, time, count, overhead, topic
	emitted := "b1@2 c1@3 a2@5 a1@10 b2@8 c1@30"
	want(t, spec.TypeWindow, 3*window, 100, emitted, emitted)
	want(t, spec.TypeTimestampedWindow, 3*(window+8), 100, emitted, emitted)
}
