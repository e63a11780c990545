package torture

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"syscall"
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
	type struckOne struct {
		fault, cell, proof string
		held               bool // in a second life whose restore stands still for it
	}
	for _, all := range [][]struckOne{ // of one broker each, beside each other
		{
			{FaultBrokerKilled, "memory-replay", "broker's process", true},
			{FaultBrokerTerminated, "rocksdb-wal", "broker's process", false},
			{FaultBrokerSlow, "rocksdb-replay", "bytes passed", true},
		},
		{
			{FaultBrokerReset, "memory-snapshot-eos", "connections reset", false},
			{FaultBrokerMoved, "rocksdb-tail", "broker's process", false},
			{FaultBrokerStopped, "memory-replay-eos", "broker's process", true},
		},
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
				t.Run(c.fault, func(t *testing.T) {
					o := options(t)
					o.Brokers, o.Broker, o.Kind = b.Bootstrap(), b, b.Kind()
					o.Fault, o.Kills, o.Cells = c.fault, 1, []string{c.cell}
					o.Stall = 2 * time.Minute // a step of a transaction may wait for 45 s
					if c.held {
						o.Kills, o.Seed = 2, heldSeed(o)
					}
					if err := o.Check(); err != nil {
						t.Fatal(err)
					}
					pid := b.Pid()
					all := tortured(t, o)
					if len(all) != o.Kills || (b.Pid() == pid) != (c.fault == FaultBrokerStopped) { // one that only the network is struck of was made another listener
						t.Errorf("seed %d: process %d, then %d: %+v", o.Seed, pid, b.Pid(), all)
					}
					for i, l := range all {
						if held := i == 1; l.Verdict != VerdictOK || l.Kind != o.Fault || l.Struck == "" || !strings.Contains(l.Proof, c.proof) || l.Outcome == "" ||
							held && (l.Struck != duringRestore || !heldProof.MatchString(l.Proof)) {
							t.Errorf("seed %d: %+v", o.Seed, l)
						}
					}
				})
			}
		})
	}
}

var heldProof = regexp.MustCompile(`^a restore from offset 0 to [1-9]\d* stood still at \d+; `)

// heldSeed is a seed by which the second life of a cell that replays stands still for its strike, behind a first that does all of its work: it draws
// what these lives do.
func heldSeed(o *Options) uint64 {
	for seed := o.Seed; ; seed++ {
		rng := rand.New(rand.NewPCG(seed, ^hash(o.Cells[0])))
		life := func() *strike {
			rng.Int64N(900) // of what is fed
			return newStrike(rng, o, nil)
		}
		if first, second := life(), life(); first.patient && second.hold != nil {
			return seed
		}
	}
}

// Half of the strikes of a broker at a restore are in one that stands still, at any share of it, by the seed alone; those of a disk are not.
func TestStrikesOfRestoresAreHeld(t *testing.T) {
	const n = 8000
	for _, fault := range append(slices.Clone(brokerFaults), FaultDiskFull, FaultDiskFails) {
		shares, at := map[int]int{}, 0
		a, b := rand.New(rand.NewPCG(1, 2)), rand.New(rand.NewPCG(1, 2))
		for range n {
			s := newStrike(a, &Options{Fault: fault}, nil)
			if again := newStrike(b, &Options{Fault: fault}, nil); !reflect.DeepEqual(s, again) {
				t.Fatalf("%s: %+v, then %+v", fault, s, again)
			}
			if s.event == subject.RestoreStart {
				at++
			}
			switch {
			case s.hold == nil:
			case s.event != subject.RestoreStart || *s.hold < 0 || *s.hold >= 1:
				t.Errorf("%s: at %q, held at %v", fault, s.event, *s.hold)
			default:
				shares[int(*s.hold*10)]++
			}
		}
		held := 0
		for _, k := range shares {
			held += k
		}
		if !ofBroker(fault) {
			if held > 0 {
				t.Errorf("%s: %d are held", fault, held)
			}
		} else if held < at*4/10 || held > at*6/10 || len(shares) != 10 {
			t.Errorf("%s: %d of %d are held, by tenths %v", fault, held, at, shares)
		}
	}
}

// A restore that stands still for a strike goes on once that has begun, and not before; one with nothing to read is struck at its start.
func TestHeldRestoreIsStruck(t *testing.T) {
	t.Parallel()
	const script = `exec >"$RESTOREBENCH_EVENTS"; printf '{"event":"restore_start","from":%s,"to":90}\n' "$0"
		if [ "$0" != 90 ]; then printf '{"event":"holding","offset":40}\n'; read on; fi; printf '{"event":"loaded"}\n'; read off`
	for _, c := range []struct{ from, held string }{{"10", "a restore from offset 10 to 90 stood still at 40; "}, {"90", ""}} {
		for fault, proof := range map[string]string{FaultBrokerReset: "1 connections reset in 2s", "unknown": ""} {
			t.Run(c.from+fault, func(t *testing.T) {
				t.Parallel()
				p, _ := proxied(t)
				dir := t.TempDir()
				process, err := subject.Start(subject.Command{Path: "/bin/sh", Args: []string{"-c", script, c.from}}, subject.Task{StateDir: filepath.Join(dir, "state")}, dir, "life")
				if err != nil {
					t.Fatal(err)
				}
				defer process.Release()
				share := 0.5
				l := &life{process: process, strike: &strike{fault: fault, event: subject.RestoreStart, hold: &share, route: &route{proxy: p}, patient: true}}
				if err := l.live(t.Context(), nil, 30*time.Second, nil); err != nil || l.during != duringIdle || l.strike.during != duringRestore || l.strike.late {
					t.Errorf("%v, at %s; struck at %s, late: %v", err, l.during, l.strike.during, l.strike.late)
				}
				if proof != "" {
					proof = c.held + proof
				}
				if l.strike.proof != proof {
					t.Errorf("%q, want %q", l.strike.proof, proof)
				}
			})
		}
	}
}

// A restore that stands still goes on once, when what it reads by is struck; and when that fails.
func TestReleaseIsBehindTheStrike(t *testing.T) {
	t.Parallel()
	for _, fault := range []string{FaultBrokerReset, "unknown"} {
		p, conn := proxied(t)
		calls := 0
		s := &strike{fault: fault, route: &route{proxy: p}, goOn: func() error {
			calls++
			if err := conn.SetReadDeadline(time.Now().Add(100 * time.Millisecond)); err != nil {
				t.Error(err)
			}
			if _, err := conn.Read(make([]byte, 1)); errors.Is(err, syscall.ECONNRESET) != (fault == FaultBrokerReset) {
				t.Errorf("%s: %v", fault, err)
			}
			return errHung
		}}
		if err := s.finish(t.Context(), duringRestore); !errors.Is(err, errHung) || calls != 1 {
			t.Errorf("%s: %d times, %v", fault, calls, err)
		}
	}
}

// proxied is a proxy and a connection through it to a server that is silent.
func proxied(t *testing.T) (*proxy.Proxy, net.Conn) {
	t.Helper()
	server, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { server.Close() })
	p, err := proxy.Listen()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { p.Close() })
	p.Target(server.Addr().String())
	conn, err := net.Dial("tcp", p.Address())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	other, err := server.Accept()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { other.Close() })
	if _, err := conn.Write([]byte("x")); err != nil {
		t.Fatal(err)
	}
	if _, err := other.Read(make([]byte, 1)); err != nil { // so the proxy has both
		t.Fatal(err)
	}
	return p, conn
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
