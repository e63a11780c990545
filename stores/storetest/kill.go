package storetest

import (
	"bufio"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"

	"restorebench/stores"
)

// victimDir names the environment variable that makes a test binary the victim
// of a kill: it applies an endless changelog to the store in that directory.
const victimDir = "STORETEST_VICTIM_DIR"

// testKill kills a process that applies and flushes, at a random moment, several
// times over the same directory. Each time the store must come back at a batch's
// end, not before the last flush, with exactly the changelog up to there.
func (h Harness) testKill(t *testing.T) {
	if testing.Short() {
		t.Skip("takes seconds")
	}
	dir, seed := TempDir(t), rand.Uint64()
	random := rand.New(rand.NewPCG(seed, 0))
	for round := range 5 {
		flushed, end := runAndKill(t, dir, time.Duration(random.IntN(800))*time.Millisecond)
		s := h.open(t, dir)
		next, ok := s.Offset()
		if next < flushed || !ok {
			t.Fatalf("round %d, seed %d: came back at %d, %v; flushed was %d", round, seed, next, ok, flushed)
		}
		if h.Ahead { // contents + changelog from the offset = the whole state
			next = h.endless(t, s, next, end)
		}
		if err := h.checkEndless(s, next); err != nil {
			t.Fatalf("round %d, seed %d: at offset %d: %v", round, seed, next, err)
		}
		t.Logf("round %d: flushed %d, came back at %d", round, flushed, next)
		must(t, s.Close())
	}
}

// runAndKill starts a victim, lets it run for a while after its first flush, and
// returns the last offset that it reported as flushed before SIGKILL ended it, and
// one that it can't have passed.
func runAndKill(t *testing.T, dir string, while time.Duration) (flushed, end stores.Offset) {
	t.Helper()
	test, _, _ := strings.Cut(t.Name(), "/")
	child := exec.Command(os.Args[0], "-test.run=^"+test+"$", "-test.v")
	child.Env = append(os.Environ(), victimDir+"="+dir)
	child.Stderr = os.Stderr
	out, err := child.StdoutPipe()
	must(t, err)
	must(t, child.Start())
	var kill *time.Timer
	var log strings.Builder
	for lines := bufio.NewScanner(out); lines.Scan(); {
		if _, err := fmt.Sscanf(lines.Text(), "next flush at %d", &end); err == nil {
			continue
		}
		if _, err := fmt.Sscanf(lines.Text(), "flushed %d", &flushed); err != nil {
			log.WriteString(lines.Text() + "\n")
		} else if kill == nil {
			kill = time.AfterFunc(while, func() { _ = child.Process.Kill() })
		}
	}
	_ = child.Wait()
	status, _ := child.ProcessState.Sys().(syscall.WaitStatus)
	if kill == nil || !status.Signaled() || status.Signal() != syscall.SIGKILL {
		t.Fatalf("the victim was not killed, it ended by itself with %v:\n%s", child.ProcessState, log.String())
	}
	return flushed, end
}

// flushEvery batches, of 150 kB on average, the victim asks for a flush: seldom
// enough for an engine that buffers 16 MiB to flush by itself in between.
const flushEvery = 500

// runVictim is the child's side. It ends by being killed.
func runVictim(t *testing.T, h Harness, dir string) {
	s, err := h.Open(dir)
	must(t, err)
	next, _ := s.Offset()
	for batches := 1; ; batches = flushEvery {
		end := next
		for range batches {
			end = endOfBatch(end)
		}
		fmt.Println("next flush at", end)
		h.endless(t, s, next, end)
		must(t, s.Flush())
		fmt.Println("flushed", end)
		next = end
	}
}

// endless applies the batches of the endless changelog from next to end.
func (h Harness) endless(t *testing.T, s stores.Store, next, end stores.Offset) stores.Offset {
	b := &stores.Batch{}
	for next < end {
		b.Reset()
		for end := endOfBatch(next); next < end; next++ {
			key, value := endlessRecord(next)
			b.Append(h.key(key), value, 0, next)
		}
		must(t, s.Apply(b))
	}
	return next
}

// The endless changelog is a pure function of the offset.

func endOfBatch(start stores.Offset) stores.Offset {
	return start + 1 + stores.Offset(rand.New(rand.NewPCG(uint64(start), 1)).IntN(300))
}

const endlessKeys = 5000

var endlessBytes = strings.Repeat("0123456789abcdef", 256)

func endlessRecord(offset stores.Offset) (key, value []byte) {
	random := rand.New(rand.NewPCG(uint64(offset), 2))
	key = fmt.Appendf(nil, "key-%d", random.IntN(endlessKeys))
	if random.IntN(5) == 0 {
		return key, nil
	}
	at := random.IntN(16)
	return key, append(fmt.Appendf(nil, "%d:", offset), endlessBytes[at:at+random.IntN(2000)]...)
}

// checkEndless compares a store with the endless changelog up to next, and makes
// sure that a batch ends there.
func (h Harness) checkEndless(s stores.Store, next stores.Offset) error {
	last := map[string]stores.Offset{}
	for start := stores.Offset(0); start < next; {
		end := endOfBatch(start)
		if end > next {
			return fmt.Errorf("no batch ends here, but one at %d", end)
		}
		for ; start < end; start++ {
			key, _ := endlessRecord(start)
			last[string(key)] = start
		}
	}
	state := map[string][]byte{}
	for key, offset := range last {
		if _, value := endlessRecord(offset); value != nil {
			state[string(h.key([]byte(key)))] = h.kept(value)
		}
	}
	return h.model().checkContents(s, state)
}
