package torture

import (
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
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

// The successor of a zombie that cannot be woken does not outlive the campaign.
func TestZombieThatDies(t *testing.T) {
	o := options(t)
	o.Fault = FaultZombie
	c := grounded(t, o, "memory-replay-eos")
	if err := c.fresh(t.Context()); err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := c.leaveGround(); err != nil {
			t.Error(err)
		}
	}()
	zombie, err := c.live(t.Context(), &moment{kind: KindRandom, after: lifeTime})
	if err != nil {
		t.Fatal(err)
	}
	begun := filepath.Join(c.ground.dir, "life-2*")
	go func() { // once there is a successor
		for files, _ := filepath.Glob(begun); len(files) == 0 && t.Context().Err() == nil; files, _ = filepath.Glob(begun) {
			time.Sleep(10 * time.Millisecond)
		}
		_ = syscall.Kill(zombie.process.Pid(), syscall.SIGKILL)
	}()
	successor, err := c.haunt(t.Context(), zombie, &Line{})
	if err == nil || successor == nil {
		t.Fatalf("%v, successor %v", err, successor)
	}
	defer successor.process.Release()
	select {
	case <-successor.process.Gone():
	case <-time.After(time.Second):
		t.Errorf("it lives on behind %v", err)
	}
}
