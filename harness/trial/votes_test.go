package trial

import (
	"context"
	"testing"

	"restorebench/harness/record"
	"restorebench/harness/spec"
)

// Every row of the reference: final state and emitted records in order, live, after a
// kill and a replay, and from local files.
func TestVotes(t *testing.T) {
	const windows = "a1@1 b1@2 c1@3 a2@5 a1@10 b2@8 c1@30"
	want := map[string]struct{ state, emitted, late string }{
		spec.TypeKeyValue:          {"a=2 b=2 c=2", "a1@1 b1@2 c1@3 a2@5 a3@10 a2@8 b2@8 c2@30", "b"},
		spec.TypeTimestamped:       {"a=(2,10) b=(2,8) c=(2,30)", "a1@1 b1@2 c1@3 a2@5 a3@10 a2@10 b2@8 c2@30", "b"},
		spec.TypeVersioned:         {"a=(3,10) b=(1,2) c=(2,30)", "a1@1 b1@2 c1@3 a2@5 a3@10 c2@30", "a"},
		spec.TypeWindow:            {"a[0,10)=2 a[10,20)=1 b[0,10)=2 c[0,10)=1 c[30,40)=1", windows, ""},
		spec.TypeTimestampedWindow: {"a[0,10)=(2,5) a[10,20)=(1,10) b[0,10)=(2,8) c[0,10)=(1,3) c[30,40)=(1,30)", windows, ""},
		spec.TypeSession: {
			"a[1,10]=3 b[2,8]=2 c[3,3]=1 c[30,30]=1",
			"a1@1 b1@2 c1@3 a-null@1 a2@5 a-null@5 a3@10 b-null@2 b2@8 c1@30", "",
		},
	}
	for _, store := range spec.VoteStores() {
		t.Run(store, func(t *testing.T) {
			engine, typ, _ := spec.ParseStore(store)
			w, known := want[typ]
			if !known {
				t.Fatalf("the reference has no row for %q", typ)
			}
			r := runner(t, "")
			votes, err := r.Votes(context.Background(), store)
			if err != nil {
				t.Fatal(err)
			}
			clean(t, r)
			if votes.Emitted != w.emitted {
				t.Errorf("emitted %s, want %s", votes.Emitted, w.emitted)
			}
			paths := []string{VotesLive, record.Replay}
			if engine == spec.EngineRocks {
				paths = append(paths, record.Local)
			}
			if len(votes.State) != len(paths) {
				t.Errorf("%d states: %v", len(votes.State), votes.State)
			}
			for _, path := range paths {
				if votes.State[path] != w.state {
					t.Errorf("%s: %s, want %s", path, votes.State[path], w.state)
				}
			}
			if votes.LateVote != w.late {
				t.Errorf("voter5 has %q in the table, want %q", votes.LateVote, w.late)
			}
		})
	}
}
