package torture

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"restorebench/harness/broker"
	"restorebench/harness/changelog"
	"restorebench/harness/proxy"
	"restorebench/harness/spec"
	"restorebench/harness/subject"
)

// The broker is struck in the middle of a life, comes back, and nothing is lost for it.
func TestBrokerIsStruck(t *testing.T) {
	t.Parallel()
	type struckOne struct{ fault, cell, proof string }
	for _, all := range [][]struckOne{ // of one broker each, beside each other
		{{FaultBrokerKilled, "memory-snapshot", "broker's process"}, {FaultBrokerTerminated, "rocksdb-wal", "broker's process"}},
		{{FaultBrokerReset, "memory-snapshot-eos", "connections reset"}, {FaultBrokerMoved, "rocksdb-tail", "broker's process"}},
	} {
		t.Run(all[0].fault, func(t *testing.T) {
			t.Parallel()
			ctx := context.Background()
			b, err := broker.Start(ctx, broker.Options{Kind: broker.Local, Dir: t.TempDir(), Probe: changelog.Probe})
			if err != nil {
				t.Fatal(err)
			}
			defer func() {
				if err := b.Stop(ctx); err != nil {
					t.Error(err)
				}
			}()
			for _, c := range all {
				o := options(t)
				o.Brokers, o.Broker, o.Kind = b.Bootstrap(), b, b.Kind()
				o.Fault, o.Kills, o.Cells = c.fault, 1, []string{c.cell}
				o.Stall = 2 * time.Minute // a step of a transaction may wait for 45 s
				if err := o.Check(); err != nil {
					t.Fatal(err)
				}
				pid := b.Pid()
				all := tortured(t, o)
				if len(all) != 1 || all[0].Verdict != VerdictOK || all[0].Kind != o.Fault || all[0].Struck == "" || !strings.Contains(all[0].Proof, c.proof) || all[0].Outcome == "" ||
					b.Pid() == pid { // one that only the network is struck of was made another listener
					t.Errorf("%s: seed %d: process %d, then %d: %+v", c.fault, o.Seed, pid, b.Pid(), all)
				}
			}
		})
	}
}

func TestOnlyOurBrokersAreStruck(t *testing.T) {
	for _, kind := range []string{broker.Auto, broker.Container, "127.0.0.1:9092"} {
		var bad *spec.Error
		o := Options{Fault: FaultBrokerStopped, Kills: 1, Kind: kind}
		if err := o.Check(); !errors.As(err, &bad) {
			t.Errorf("%s: %v", kind, err)
		}
	}
}

// How a strike may end a processor, and how it may not.
func TestStruckEndIsJudged(t *testing.T) {
	const (
		full  = "; make room on the disk of DIR, and start again: what was saved last is still good"
		away  = "; see that it runs and can be reached from here, and start again: what was saved last is still good"
		none  = "; unless another processor has taken over, start again: what was saved last is still good"
		write = "snapshot of partition 0: write DIR/0_0/rocksdb/store/.writing-snapshot: no space left on device at byte 4096"
		read  = "rocks: write to DIR/0_0/rocksdb/store: IO error: While appending to file: DIR/0_0/rocksdb/store/000009.log: Read-only file system"
		ask   = "127.0.0.1:9092: end offset of t-0: the broker is away: dial tcp 127.0.0.1:9092: connect: connection refused"
		late  = "127.0.0.1:9092: transaction of t-0: fenced by a successor, or by the broker, which aborts a transaction that is open for longer than transaction.timeout.ms, which is 45s"
	)
	for _, c := range []struct {
		fault, cell, code, message string
		wrong                      string // "" when it is let pass
		away                       time.Duration
	}{
		{FaultDiskFull, "memory-snapshot", "disk_full", write + full, "", 0},
		{FaultDiskFull, "memory-snapshot", "failed", write + full, "the error lacks the code disk_full, it has \"failed\"", 0},
		{FaultDiskFull, "memory-snapshot", "disk_read_only", write + full, "the error lacks the code disk_full", 0},
		{FaultDiskFull, "memory-snapshot", "disk_full", write, "the error lacks what to do", 0},
		{FaultDiskFull, "rocksdb-wal", "disk_full", "rocks: flush DIR: No space left on device" + full, "the error lacks the file", 0},
		{FaultDiskFull, "rocksdb-wal", "disk_full", "write DIR/0_0/rocksdb/store/000009.sst" + full, "the error lacks why", 0},
		{FaultDiskFails, "rocksdb-wal", "disk_read_only", read + full, "", 0},
		{FaultDiskFails, "rocksdb-wal", "disk_failed", "fsync DIR/0_0/rocksdb/store/000009.log: input/output error" + full, "", 0},
		{FaultDiskFails, "rocksdb-tail", "disk_read_only", "rocks: flush DIR/0_0/rocksdb/store: IO error: While fsync: a directory: Read-only file system" + full, "", 0},
		{FaultDiskFails, "rocksdb-tail", "disk_read_only", "rocks: flush: IO error: While fsync: a directory: Read-only file system" + full, "the error lacks the file", 0},
		{FaultDiskFails, "rocksdb-tail", "disk_read_only", "rocks: flush DIR/0_0/rocksdb/store: Read-only file system" + full, "the error lacks the file", 0},
		{FaultDiskFails, "memory-snapshot", "disk_failed", "sync DIR/0_0/rocksdb/store: input/output error" + full, "", 0},
		{FaultDiskFails, "memory-snapshot", "disk_failed", "partition 0: sync DIR/0_0: input/output error" + full, "", 0},
		{FaultDiskFails, "memory-snapshot", "disk_failed", "sync DIR: input/output error" + full, "the error lacks the file", 0},
		{FaultDiskFails, "rocksdb-wal", "disk_failed", read + full, "the error lacks why (input/output error)", 0},
		{FaultDiskFails, "rocksdb-wal", "disk_full", read + full, "the error lacks the code disk_read_only or disk_failed", 0},
		{FaultDiskFails, "rocksdb-wal", "", "", "the error lacks the code", 0},
		{FaultBrokerAway, "memory-replay", "broker_away", ask + away, "", 0},
		{FaultBrokerMoved, "memory-replay-eos", "broker_away", ask + away, "", 0},
		{FaultBrokerMoved, "memory-replay", "broker_away", ask + away, "this is to be outlived", 0},
		{FaultBrokerBlackhole, "memory-replay", "broker_away", ask + away, "", 0},
		{FaultBrokerAway, "memory-replay", "failed", ask + away, "the error lacks the code broker_away", 0},
		{FaultBrokerAway, "memory-replay", "broker_away", ask, "the error lacks what to do", 0},
		{FaultBrokerAway, "memory-replay", "broker_away", "the broker is away (Local: Timed out)" + away, "the error lacks the broker's address", 0},
		{FaultBrokerAway, "memory-replay", "broker_away", "127.0.0.1:90920: the broker is away (Local: Timed out)" + away, "the error lacks the broker's address", 0},
		{FaultBrokerAway, "memory-replay", "broker_away", "127.0.0.1:9092: Local: Timed out" + away, "the error lacks why", 0},
		{FaultBrokerAway, "memory-replay", "fenced", late + none, "the error lacks the code broker_away, it has \"fenced\"", 0},
		{FaultBrokerAway, "memory-replay-eos", "fenced", late + none, "", 0},
		{FaultBrokerAway, "memory-replay-eos", "fenced", "127.0.0.1:9092: transaction of t-0: fenced by a successor" + none, "the error lacks why", 0},
		{FaultBrokerAway, "memory-replay-eos", "broker_away", ask + away, "", 0},
		{FaultBrokerKilled, "memory-replay", "broker_away", ask + away, "this is to be outlived", 0},
		{FaultBrokerTerminated, "memory-replay", "broker_away", ask + away, "this is to be outlived", 0},
		{FaultBrokerStopped, "memory-replay-eos", "fenced", late + none, "this is to be outlived", 0},
		{FaultBrokerSlow, "memory-replay", "broker_away", ask + away, "this is to be outlived", 0},
		{FaultBrokerReset, "memory-replay", "broker_away", ask + away, "this is to be outlived", 0},
		{FaultBrokerKilled, "memory-replay", "broker_away", ask + away, "this is to be outlived", 45 * time.Second},
		{FaultBrokerKilled, "memory-replay", "broker_away", ask + away, "", 46 * time.Second}, // it was not back for longer than is waited for
		{FaultBrokerTerminated, "memory-replay", "failed", ask + away, "the error lacks the code broker_away", 46 * time.Second},
		{FaultBrokerStopped, "memory-replay-eos", "fenced", late + none, "", 46 * time.Second},
	} {
		cell, err := find([]string{c.cell})
		if err != nil {
			t.Fatal(err)
		}
		dir := filepath.Join(t.TempDir(), "state-1")
		if err := os.MkdirAll(filepath.Join(dir, storeDir(0)), 0o700); err != nil {
			t.Fatal(err)
		}
		var judged []*Line
		camp := &campaign{
			Options: &Options{Fault: c.fault, Brokers: "127.0.0.1:9092"}, cell: cell[0], ground: &ground{state: dir},
			judged: func(l *Line) error { judged = append(judged, l); return nil },
		}
		l := &life{strike: &strike{away: c.away}, failed: subject.Event{Code: c.code, Message: strings.ReplaceAll(c.message, "DIR", dir)}}
		if got := camp.wrongEnd(&l.failed, c.away); !strings.HasPrefix(got, c.wrong) || (got == "") != (c.wrong == "") {
			t.Errorf("%s: %s: %s: wrong is %q, want %q", c.fault, c.code, c.message, got, c.wrong)
			continue
		}
		if c.wrong == "" {
			continue
		}
		line, before := &Line{Proof: "struck"}, &Line{Verdict: VerdictNotRun}
		camp.pending = append(camp.pending, before)
		came, err := camp.ended(l, line, fmt.Errorf("%w: %s", errEnded, l.failed.Message))
		if came || !errors.Is(err, errEnded) || !strings.Contains(err.Error(), "struck: "+c.wrong) || len(judged) != 2 {
			t.Errorf("%s: %s: %v, %v, %d are judged, want that its cell ends", c.fault, c.code, came, err, len(judged))
		}
		if line.Verdict != VerdictFailed || !strings.Contains(line.Why, c.wrong) || before.Verdict == VerdictFailed {
			t.Errorf("%s: %s: %+v is to blame, and %+v is not", c.fault, c.code, line, before)
		}
	}
}

// What has ended before it was struck was not ended by that.
func TestLateStrike(t *testing.T) {
	p, err := proxy.Listen()
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	const script = `printf '{"event":"hello"}\n' >"$RESTOREBENCH_EVENTS"; read on; printf '{"event":"error","code":"failed"}\n' >"$RESTOREBENCH_EVENTS"`
	for event, late := range map[string]bool{subject.Hello: false, subject.Ready: true} {
		dir := t.TempDir()
		process, err := subject.Start(subject.Command{Path: "/bin/sh", Args: []string{"-c", script}}, subject.Task{StateDir: filepath.Join(dir, "state")}, dir, "life")
		if err != nil {
			t.Fatal(err)
		}
		if _, err := process.Tell(subject.GoOn); err != nil {
			t.Error(err)
		}
		l := &life{process: process, strike: &strike{event: event, route: &route{proxy: p}, patient: true}}
		if err := l.live(t.Context(), nil, 30*time.Second, nil); !errors.Is(err, errEnded) || l.strike.late != late {
			t.Errorf("struck at %s: %v, late: %v", event, err, l.strike.late)
		}
		process.Release()
	}
}

// What repeats a failure says all that the command line did.
func TestRepeat(t *testing.T) {
	for _, given := range [][]string{nil, {"--broker", "local", "--stall-timeout", "2m"}} {
		for _, fault := range append(Faults(), "") {
			c := &campaign{Options: &Options{Seed: 7, Fault: fault, Given: given}, cell: cells[0], kills: 3}
			got, want := c.repeat(), "bin/restorebench torture --cells memory-replay --seed 7"
			if fault != "" {
				want += " --fault " + fault
			}
			if given != nil {
				want += " --broker local --stall-timeout 2m"
			}
			if want += " --kills 3"; got != want {
				t.Errorf("%s: %s, want %s", fault, got, want)
			}
		}
	}
}
