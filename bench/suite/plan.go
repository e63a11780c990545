package suite

import (
	"context"
	"math/rand/v2"
	"slices"
	"time"

	"restorebench/bench/doctor"
	"restorebench/harness/broker"
	"restorebench/harness/record"
	"restorebench/harness/spec"
)

// planned is a trial that is yet to run.
type planned struct {
	cell record.Cell
	seed uint64
}

// order repeats every cell runs times: a round holds each cell once, in an order of
// its own, so that whatever drifts over the run drifts over all cells alike. The
// trials of one round share their workload's seed.
func order(cells []record.Cell, runs int, seed uint64) []planned {
	rng := rand.New(rand.NewPCG(seed, 0x726573746f7265))
	plan := make([]planned, 0, runs*len(cells))
	for range runs {
		s := rng.Uint64()
		for _, i := range rng.Perm(len(cells)) {
			plan = append(plan, planned{cells[i], s})
		}
	}
	return plan
}

// Plan is what a run would do.
type Plan struct {
	Cells    []record.Cell
	Left     []string         // combinations that are left out, with the reason
	Trials   int              // at least
	Estimate time.Duration    // from what trials take on two cores: good for a factor of two
	Lacking  []record.Finding // what this machine does not have enough of
}

// DryRun checks the input as Run does, and starts nothing.
func DryRun(ctx context.Context, s *spec.Spec) (*Plan, error) {
	cells, left, err := check(s)
	if err != nil {
		return nil, &BadInput{err}
	}
	p := &Plan{Cells: cells, Left: left, Trials: len(cells) * int(s.Runs), Estimate: startup + warmth(s, cells) + expected(s, cells)}
	if budget := time.Duration(s.Minutes) * time.Minute; budget > 0 {
		p.Estimate = budget
	}
	p.Lacking = lacking(ctx, s, cells)
	return p, nil
}

// lacking is what this machine has too little of for the largest of the cells.
func lacking(ctx context.Context, s *spec.Spec, cells []record.Cell) []record.Finding {
	dir, err := stateDir(s)
	if err != nil {
		return nil
	}
	here := slices.Contains([]string{broker.Auto, broker.Container, broker.Local}, s.Broker)
	var memory, space int64
	for _, c := range cells {
		m, d := needs(c, here)
		memory, space = max(memory, m), max(space, d)
	}
	return doctor.Room(ctx, dir, memory, space)
}

// needs is how many bytes of keys and values a trial has in memory and on the disk at the least; here says whether the changelog is on this
// machine, too.
func needs(c record.Cell, here bool) (memory, space int64) {
	store := c.Keys * int64(c.KeyBytes+c.ValueBytes)
	written := int64(float64(store) * (1 - c.Compressible)) // whatever compresses it
	copies := int64(1 + c.Standby)
	switch engine, _, _ := spec.ParseStore(c.Store); {
	case engine != spec.EngineMemory:
		space = written * copies
	case c.Recovery == record.Local || c.Recovery == record.LocalTail: // a snapshot
		memory, space = store, written
	default:
		memory = store * copies
	}
	switch {
	case here && c.CacheBytes > 0: // which may hold updates back
		space += written
	case here:
		space += written * int64(c.UpdatesPerKey)
	}
	return memory, space
}

// startup is the broker's and the warm-up's.
const startup = 12 * time.Second

func expected(s *spec.Spec, cells []record.Cell) (all time.Duration) {
	for _, c := range cells {
		all += time.Duration(s.Runs) * Expected(c)
	}
	return all
}

// Expected is about what a trial of a cell takes, load and verification included.
func Expected(c record.Cell) time.Duration {
	engine, _, _ := spec.ParseStore(c.Store)
	fixed, perRecord := 800*time.Millisecond, 3*time.Microsecond
	switch {
	case c.Subject != spec.SubjectSelf:
		fixed, perRecord = 5*time.Second, 11*time.Microsecond
	case engine == spec.EngineRocks:
		perRecord = 7 * time.Microsecond
	}
	perRecord += time.Duration(c.Standby) * perRecord / 2
	fixed *= time.Duration(max(c.Instances, 1+c.Standby))
	if c.Instances > 1 || c.Standby > 0 && c.Group != "" { // a group comes to rest, twice where there are to be files
		fixed += 8 * time.Second
	}
	if c.Group != "" && (!c.StaticMembership || c.Standby > 0) {
		wait := 45 * time.Second // Kafka's default session timeout
		if c.SessionTimeoutMS > 0 {
			wait = time.Duration(c.SessionTimeoutMS) * time.Millisecond
		}
		fixed += wait
	}
	return fixed + time.Duration(c.Keys*int64(c.UpdatesPerKey))*perRecord
}
