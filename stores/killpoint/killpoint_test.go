package killpoint

import (
	"errors"
	"os"
	"os/exec"
	"syscall"
	"testing"
	"time"
)

// trap replaces the end of the process by a note.
func trap(t *testing.T) (died chan struct{}) {
	t.Helper()
	before := die
	died = make(chan struct{}, 10)
	die = func() { died <- struct{}{} }
	t.Cleanup(func() { die = before; current.Store(nil) })
	return died
}

func TestOnlyTheNthTimeOfThePointCounts(t *testing.T) {
	died := trap(t)
	told := 0
	Arm(Plan{Point: Flush, Nth: 3}, func() { told++ })
	for _, point := range []string{Flush, Write, Flush, Commit, Write} {
		Reached(point)
	}
	if told != 0 || len(died) != 0 {
		t.Fatalf("ended early: told %d times, died %d times", told, len(died))
	}
	Reached(Flush)
	Reached(Flush)
	if told != 1 || len(died) != 1 {
		t.Errorf("told %d times, died %d times, want once", told, len(died))
	}
}

func TestDelayLetsThePointPass(t *testing.T) {
	died := trap(t)
	Arm(Plan{Point: Write, DelayNS: int64(20 * time.Millisecond)}, func() {})
	Reached(Write)
	if len(died) != 0 {
		t.Fatal("died before the delay was over")
	}
	<-died
}

func TestUnarmedPointsDoNothing(t *testing.T) {
	died := trap(t)
	for _, point := range Points() {
		Reached(point)
	}
	if len(died) != 0 {
		t.Error("died without a plan")
	}
}

const victim = "RESTOREBENCH_TEST_VICTIM"

// The real end is SIGKILL, with nothing after it.
func TestEndsBySIGKILL(t *testing.T) {
	if os.Getenv(victim) != "" {
		Arm(Plan{Point: Bulk}, func() {})
		Reached(Bulk)
		t.Fatal("still alive")
	}
	cmd := exec.Command(os.Args[0], "-test.run", "^TestEndsBySIGKILL$")
	cmd.Env = append(os.Environ(), victim+"=1")
	err := cmd.Run()
	var exit *exec.ExitError
	if !errors.As(err, &exit) {
		t.Fatal(err)
	}
	if ws := exit.Sys().(syscall.WaitStatus); !ws.Signaled() || ws.Signal() != syscall.SIGKILL {
		t.Errorf("ended by %v, want SIGKILL", exit)
	}
}
