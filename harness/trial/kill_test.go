package trial

import (
	"context"
	"fmt"
	"math/rand/v2"
	"sync/atomic"
	"testing"
	"time"

	"restorebench/harness/record"
	"restorebench/harness/spec"
	"restorebench/harness/subject"
	"restorebench/harness/verify"
)

// killedRestores kills so many restores one after the other, each at a random moment, and
// returns the last victim, which its successor finds the state of.
type killedRestores struct {
	random *rand.Rand
	kills  int
	cut    *atomic.Int64 // of these and of others, in the middle of the restore
}

func (k *killedRestores) run(ctx context.Context, a *attempt, victim *subject.Process, state string) (*subject.Process, error) {
	for i := range k.kills {
		if _, err := victim.Kill(); err != nil {
			return nil, err
		}
		victim.Release()
		next, err := subject.Start(a.command(), a.task(state, subject.Config{}), a.dir, fmt.Sprintf("killed-%d", i))
		if err != nil {
			return nil, err
		}
		victim = next
		err = a.follow(ctx, next, func(e subject.Event) (bool, error) { return e.Event == subject.RestoreStart, nil })
		if err != nil {
			next.Release()
			return nil, err
		}
		time.Sleep(time.Duration(k.random.Int64N(int64(80 * time.Millisecond))))
		if !caughtUp(next) {
			k.cut.Add(1)
		}
	}
	return victim, nil
}

// caughtUp says whether a restore has told so by now.
func caughtUp(p *subject.Process) bool {
	for {
		select {
		case e, ok := <-p.Events():
			if !ok || e.Event == subject.CaughtUp {
				return true
			}
		default:
			return false
		}
	}
}

// A restore that is killed at any moment, and the ones behind it too, leaves a state that
// the next one completes: every byte of it.
func TestKilledRestoresAreCompleted(t *testing.T) {
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	var cut atomic.Int64
	t.Run("stores", func(t *testing.T) {
		for i, store := range spec.Stores() {
			modes := []string{""}
			if engine, _, _ := spec.ParseStore(store); engine == spec.EngineRocks {
				modes = []string{spec.ModeBatch, spec.ModeBulk}
			}
			for _, mode := range modes {
				t.Run(store+" "+mode, func(t *testing.T) {
					t.Parallel()
					k := &killedRestores{random: rand.New(rand.NewPCG(seed, uint64(i))), kills: 3, cut: &cut}
					r := runner(t)
					r.interlude = k.run
					c := cell(store, record.Replay, 30_000)
					c.RestoreMode, c.UpdatesPerKey = mode, 2
					if rec := do(t, r, c); rec.Verify.Verdict != verify.OK.String() {
						t.Errorf("%+v", rec)
					}
				})
			}
		}
	})
	if n := cut.Load(); !t.Failed() && n < 10 {
		t.Errorf("only %d restores were killed in the middle", n)
	} else {
		t.Logf("%d restores were killed in the middle", n)
	}
}
