package trial

import (
	"context"
	"fmt"
	"testing"

	"restorebench/harness/record"
	"restorebench/harness/spec"
)

// votesWant is what becomes of the votes in a type of store.
type votesWant struct{ state, emitted, logged, late string }

const (
	votesInWindows   = "a[0,10)=2 a[10,20)=1 b[0,10)=2 c[0,10)=1 c[30,40)=1"
	votesInTimed     = "a[0,10)=(2,5) a[10,20)=(1,10) b[0,10)=(2,8) c[0,10)=(1,3) c[30,40)=(1,30)"
	votesInSessions  = "a[1,10]=3 b[2,8]=2 c[3,3]=1 c[30,30]=1"
	votesInVersioned = "a=(3,10) b=(1,2) c=(2,30)"
)

// Every row of the reference: final state and emitted records in order, live, after a
// kill and a replay, and from local files.
func TestVotes(t *testing.T) {
	votes(t, VoteOptions{}, map[string]votesWant{
		spec.TypeKeyValue: {
			"a=2 b=2 c=2", "a1@1 b1@2 c1@3 a2@5 a3@10 a2@8 b2@8 c2@30", "a1@1 b1@2 c1@3 a2@5 a3@10 a2@8 b2@8 c2@30", "b",
		},
		spec.TypeTimestamped: {
			"a=(2,10) b=(2,8) c=(2,30)", "a1@1 b1@2 c1@3 a2@5 a3@10 a2@10 b2@8 c2@30", "a1@1 b1@2 c1@3 a2@5 a3@10 a2@10 b2@8 c2@30", "b",
		},
		spec.TypeVersioned:         {votesInVersioned, "a1@1 b1@2 c1@3 a2@5 a3@10 c2@30", "a1@1 b1@2 c1@3 a2@5 a3@10 c2@30", "a"},
		spec.TypeWindow:            {votesInWindows, "a1@1 b1@2 c1@3 a2@5 a1@10 b2@8 c1@30", "a1@1 b1@2 c1@3 a2@5 a1@10 b2@8 c1@30", ""},
		spec.TypeTimestampedWindow: {votesInTimed, "a1@1 b1@2 c1@3 a2@5 a1@10 b2@8 c1@30", "a1@1 b1@2 c1@3 a2@5 a1@10 b2@8 c1@30", ""},
		spec.TypeSession: {
			votesInSessions,
			"a1@1 b1@2 c1@3 a-null@1 a2@5 a-null@5 a3@10 b-null@2 b2@8 c1@30",
			"a1@1 b1@2 c1@3 a-null@5 a2@5 a-null@10 a3@10 b-null@8 b2@8 c1@30", "",
		},
	})
}

// A cache and one commit at the end: of each key the last count is left, where it came
// about. voter5's newer vote is overwritten before anyone saw it, so that the count of
// a is as of 5. Sessions that were merged in the cache never were, for anyone else.
// (Package processor tries other sizes and commits. Applications on Kafka Streams 4.3.1
// with such a cache, with timestamped, versioned, window and session stores, were seen
// to emit the same for one commit and for one after the fifth vote.)
func TestVotesCached(t *testing.T) {
	votes(t, VoteOptions{CacheBytes: 1 << 20, CommitRecords: 100}, map[string]votesWant{
		spec.TypeKeyValue:          {"a=2 b=2 c=2", "a2@5 b2@8 c2@30", "a2@5 b2@8 c2@30", "b"},
		spec.TypeTimestamped:       {"a=(2,5) b=(2,8) c=(2,30)", "a2@5 b2@8 c2@30", "a2@5 b2@8 c2@30", "b"},
		spec.TypeVersioned:         {votesInVersioned, "b1@2 a3@10 c2@30", "b1@2 a3@10 c2@30", "a"},
		spec.TypeWindow:            {votesInWindows, "c1@3 a2@5 a1@10 b2@8 c1@30", "c1@3 a2@5 a1@10 b2@8 c1@30", ""},
		spec.TypeTimestampedWindow: {votesInTimed, "c1@3 a2@5 a1@10 b2@8 c1@30", "c1@3 a2@5 a1@10 b2@8 c1@30", ""},
		spec.TypeSession:           {votesInSessions, "c1@3 a3@10 b2@8 c1@30", "c1@3 a3@10 b2@8 c1@30", ""},
	})
}

func votes(t *testing.T, o VoteOptions, want map[string]votesWant) {
	for _, store := range spec.VoteStores() {
		t.Run(store, func(t *testing.T) {
			t.Parallel()
			engine, typ, _ := spec.ParseStore(store)
			w, known := want[typ]
			if !known {
				t.Fatalf("the reference has no row for %q", typ)
			}
			r := runner(t)
			votes, err := r.Votes(context.Background(), store, o)
			if err != nil {
				t.Fatal(err)
			}
			clean(t, r)
			if votes.Emitted != w.emitted {
				t.Errorf("emitted %s, want %s", votes.Emitted, w.emitted)
			}
			if votes.Logged != w.logged {
				t.Errorf("logged %s, want %s", votes.Logged, w.logged)
			}
			states := map[string]string{VotesLive: w.state, record.Replay: w.state}
			if engine == spec.EngineRocks {
				states[record.Local] = w.state
			}
			if got, want := fmt.Sprint(votes.State), fmt.Sprint(states); got != want {
				t.Errorf("%s, want %s", got, want)
			}
			if votes.LateVote != w.late {
				t.Errorf("voter5 has %q in the table, want %q", votes.LateVote, w.late)
			}
		})
	}
}
