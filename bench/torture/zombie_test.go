package torture

import (
	"strings"
	"testing"
)

// A processor that slept through its succession is fenced, and nothing that it does is seen.
func TestZombie(t *testing.T) {
	t.Parallel()
	untilStruck(t, func(o *Options) (fenced int) {
		o.Fault, o.Kills, o.Cells = FaultZombie, 4, []string{"memory-replay-eos"}
		for _, line := range tortured(t, o) {
			switch {
			case line.Kind != FaultZombie: // it was not yet in its traffic, or done with it
			case line.Outcome == OutcomeFenced && strings.Contains(line.Why, "fenced") && line.Proof != "":
				fenced++
			case line.Outcome != OutcomeDone:
				t.Errorf("seed %d: %+v", o.Seed, line)
			}
		}
		return fenced
	})
}
