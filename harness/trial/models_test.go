package trial

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"restorebench/harness/record"
	"restorebench/harness/spec"
	"restorebench/harness/subject"
)

// After SIGKILL under exactly once the models before 4.4 wipe and replay, and say why; all others
// go on from their files. A checkpoint is there under at least once only, and never ahead of
// what is durable: the end of the load.
func TestRecoveryModels(t *testing.T) {
	for _, model := range []string{record.Model42, record.Model43, record.Model44} {
		for _, guarantee := range []string{"", spec.ExactlyOnce} {
			t.Run(strings.Join([]string{model, guarantee}, " "), func(t *testing.T) {
				t.Parallel()
				recovery := record.LocalTail // its records show at which offset the files are
				if guarantee == spec.ExactlyOnce {
					recovery = record.Local
				}
				c := cell(spec.StoreRocks, recovery, 2000)
				c.Guarantee, c.RecoveryModel = guarantee, model
				r := runner(t)
				r.interlude = func(_ context.Context, a *attempt, victim *subject.Process, state string) (*subject.Process, error) {
					return victim, checkCheckpoint(a, state)
				}
				rec := do(t, r, c)
				want, reason := recovery, ""
				if guarantee == spec.ExactlyOnce && model != record.Model44 {
					want, reason = record.Replay, "recovery model "+model
				}
				if !rec.Valid || rec.Path != want || !strings.Contains(rec.Reason, reason) || (reason == "") != (rec.Reason == "") {
					t.Errorf("took %s (%s), want %s: %+v", rec.Path, rec.Reason, want, rec)
				}
			})
		}
	}
}

func checkCheckpoint(a *attempt, state string) error {
	text, err := os.ReadFile(filepath.Join(state, "0_0", ".checkpoint"))
	if a.rec.RecoveryModel != record.Model42 || a.rec.Guarantee == spec.ExactlyOnce {
		if err == nil {
			return fmt.Errorf("there is a checkpoint: %q", text)
		}
		return nil
	}
	if want := fmt.Sprintf("0\n1\n%s 0 %d\n", a.topic, a.workloads[0].Load()-1); string(text) != want {
		return fmt.Errorf("the checkpoint is %q (%w), want %q", text, err, want)
	}
	return nil
}
