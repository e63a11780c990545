package model

import (
	"cmp"
	"fmt"
	"math"
	"slices"

	"restorebench/bench/report"
	"restorebench/harness/record"
	"restorebench/harness/spec"
)

// How an option meets a recovery time objective.
const (
	Meets  = "meets"  // nine crashes of ten, and more
	Mostly = "mostly" // a typical crash, but not nine of ten
	Misses = "misses"
)

// Option is a way to come back, held to a recovery time objective.
type Option struct {
	Prediction
	Verdict string `json:"verdict"`
	// MaxTail is how many records behind the changelog's end the saved offset may be for the verdict; only of
	// local+tail that does not miss, 0 elsewhere. It is at most as many as there are keys. The prediction is for this
	// tail, whatever was asked for.
	MaxTail int64 `json:"max_tail_records,omitempty"`
	// Needs is what it costs, in words.
	Needs string `json:"needs"`
}

// shortest is the least time between two checkpoints that is an answer, in s.
const shortest = 1

// Options holds every way to restore the cell to an objective in ns, with so many records written in a second (0: not told): ranked.
func Options(models []*Model, c record.Cell, rto, rate float64) ([]Option, error) {
	predictions, err := Ask(models, c)
	if err != nil {
		return nil, err
	}
	var all []Option
	for _, p := range predictions {
		o := Option{Prediction: p, Verdict: verdict(p, rto)}
		if p.Recovery == record.LocalTail {
			i := slices.IndexFunc(models, func(m *Model) bool { return m.Kind == p.Kind })
			o.allow(models[i], c, rto, rate*shortest)
		}
		o.Needs = needs(o)
		all = append(all, o)
	}
	Rank(all)
	return all, nil
}

// Rank sorts options: those that meet the objective first, each group by the memory, last where that is not known, and then the disk that they take.
func Rank(all []Option) {
	order := []string{Meets, Mostly, Misses}
	slices.SortStableFunc(all, func(a, b Option) int {
		return cmp.Or(cmp.Compare(slices.Index(order, a.Verdict), slices.Index(order, b.Verdict)),
			cmp.Compare(unknown(a.RSSBytes), unknown(b.RSSBytes)), cmp.Compare(a.RSSBytes, b.RSSBytes), cmp.Compare(a.DiskBytes, b.DiskBytes))
	})
}

func unknown(bytes float64) int {
	if bytes == 0 {
		return 1
	}
	return 0
}

func verdict(p Prediction, rto float64) string {
	switch {
	case p.HighNS <= rto:
		return Meets
	case p.DowntimeNS <= rto:
		return Mostly
	}
	return Misses
}

// allow makes an option that of the longest tail which nine recoveries of ten, or else a typical one, read within the
// objective: how often to checkpoint is what its owner can choose. One shorter than least records, and than all keys, is none.
func (o *Option) allow(m *Model, c record.Cell, rto, least float64) {
	for _, better := range []struct {
		verdict string
		ns      func(Prediction) float64
	}{
		{Meets, func(p Prediction) float64 { return p.HighNS }},
		{Mostly, func(p Prediction) float64 { return p.DowntimeNS }},
	} {
		tail := m.maxTail(c, rto, better.ns)
		if tail == 0 || tail < c.Keys && float64(tail) < least {
			continue
		}
		o.MaxTail, c.Tail = tail, float64(tail)/keys(c)
		o.Prediction, o.Verdict = m.Predict(c), better.verdict
		return
	}
	o.Verdict = Misses
}

// maxTail finds the longest tail whose prediction is within the objective, in records, by halving.
func (m *Model) maxTail(c record.Cell, rto float64, ns func(Prediction) float64) int64 {
	within := func(share float64) bool {
		c.Tail = share
		return ns(m.Predict(c)) <= rto
	}
	if within(1) {
		return c.Keys
	}
	low, high := 0.0, 1.0
	for range 40 {
		if middle := (low + high) / 2; within(middle) {
			low = middle
		} else {
			high = middle
		}
	}
	return int64(math.Floor(low * float64(c.Keys)))
}

// needs says what an option costs.
func needs(o Option) string {
	engine, _, _ := spec.ParseStore(o.Store)
	text := "an unknown amount of memory"
	if o.RSSBytes > 0 {
		text = report.Bytes(o.RSSBytes) + " of memory"
	}
	switch {
	case o.Recovery == record.Standby:
		return fmt.Sprintf("%s and %s of files, in a second process all the time", text, report.Bytes(o.DiskBytes))
	case o.Recovery == record.Replay:
		return text + "; no files have to survive"
	case engine == spec.EngineMemory:
		return fmt.Sprintf("%s, and %s of snapshot files that survive the crash", text, report.Bytes(o.DiskBytes))
	default:
		return fmt.Sprintf("%s, and %s of files that survive the crash", text, report.Bytes(o.DiskBytes))
	}
}
