package torture

import (
	"context"
	"strings"
	"testing"
)

// A processor that slept through its succession is fenced, and nothing that it does is seen.
func TestZombie(t *testing.T) {
	t.Parallel()
	o := options(t)
	o.Fault, o.Kills, o.Cells = FaultZombie, 4, []string{"memory-replay-eos"}
	res, err := Run(context.Background(), o)
	if err != nil || len(res.Failures) > 0 {
		t.Fatalf("seed %d: %v, %+v", o.Seed, err, res.Failures)
	}
	fenced := 0
	for _, line := range lines(t, res) {
		switch {
		case line.Kind != FaultZombie: // it was not yet in its traffic, or done with it
		case line.Outcome == OutcomeFenced && strings.Contains(line.Why, "fenced") && line.Proof != "":
			fenced++
		case line.Outcome != OutcomeDone:
			t.Errorf("seed %d: %+v", o.Seed, line)
		}
	}
	if fenced == 0 {
		t.Skipf("seed %d: none was stopped in its traffic", o.Seed)
	}
}
