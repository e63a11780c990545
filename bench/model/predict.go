package model

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"restorebench/bench/report"
	"restorebench/bench/stats"
	"restorebench/harness/record"
	"restorebench/harness/spec"
)

// Confidence is that of the interval of a Prediction.
const Confidence = 0.90

// Prediction is what a model says of a cell.
type Prediction struct {
	Kind
	Cells int `json:"cells"` // that the model was fitted to
	// DowntimeNS is what the recovery would take typically; nine of ten would lie between Low and High.
	DowntimeNS float64 `json:"downtime_ns"`
	LowNS      float64 `json:"low_ns"`
	HighNS     float64 `json:"high_ns"`
	// Tail is the share of the keys that is caught up, where there is a tail.
	Tail float64 `json:"tail,omitempty"`
	// PhasesNS add up to DowntimeNS.
	PhasesNS  map[string]float64 `json:"phases_ns"`
	RSSBytes  float64            `json:"rss_bytes"` // 0: not known, see Predict
	DiskBytes float64            `json:"disk_bytes"`
	// Extrapolated names what lies outside of what was measured, where the interval is the least to be trusted.
	Extrapolated []string `json:"extrapolated,omitempty"`
}

// Predict says what a recovery of the cell would take. The cell's subject, store and recovery are the model's own, whatever it says.
//
// The interval is the jackknife+ (Barber, Candès, Ramdas and Tibshirani, Predictive inference with the jackknife+, 2021) over
// cells: the model without one cell predicts both that cell and this one; how far it was off there is how far it may be off here.
// Beyond the most keys that were measured it is at least as wide as beyond says.
//
// How much memory another system takes beyond what was measured is not predicted: a heap grows by rules of its own, up to a limit.
func (m *Model) Predict(c record.Cell) Prediction {
	c.Subject, c.Store, c.Recovery = m.Kind.Subject, m.Kind.Store, m.Kind.Recovery
	if !c.Tailed() {
		c.Tail = 0
	}
	p := Prediction{
		Kind: m.Kind, Cells: m.Cells, Tail: c.Tail, DowntimeNS: m.Phases.At(c), PhasesNS: map[string]float64{},
		RSSBytes: m.RSS.At(c), DiskBytes: m.Disk.At(c), Extrapolated: m.known.outside(c),
	}
	beyond := func(line string) bool { return !strings.HasPrefix(line, tailShare) } // which is no part of the store's size
	if m.Kind.Subject != spec.SubjectSelf && slices.ContainsFunc(p.Extrapolated, beyond) {
		p.RSSBytes = 0
	}
	if p.RSSBytes > float64(m.memory) && m.memory > 0 {
		p.Extrapolated = append(p.Extrapolated, fmt.Sprintf("memory %s, the machine that was measured has %s", report.Bytes(p.RSSBytes), report.Bytes(float64(m.memory))))
	}
	for phase, f := range m.Phases {
		p.PhasesNS[phase] = f.At(c)
	}
	var all []float64
	for _, l := range m.loo {
		at := l.phases.At(c)
		for _, ratio := range l.ratio {
			all = append(all, at*ratio)
		}
	}
	p.LowNS, p.HighNS = outer(all)
	low, high := m.beyond.interval(c)
	p.LowNS, p.HighNS = min(p.LowNS, p.DowntimeNS*low), max(p.HighNS, p.DowntimeNS*high)
	return p
}

// outer are the ends of what holds Confidence of the values, not interpolated but rounded to the value further out.
func outer(xs []float64) (low, high float64) {
	const tail = (1 - Confidence) / 2
	sorted := slices.Sorted(slices.Values(xs))
	k := int(math.Floor(tail * float64(len(sorted)+1)))
	k = max(k, 1)
	return sorted[k-1], sorted[len(sorted)-k]
}

// Ask returns the predictions of the models that answer for a cell, whose empty subject, store or recovery stands for any.
// Of a kind that was measured in several modes it is the one whose records per partition are the closest.
func Ask(models []*Model, c record.Cell) (all []Prediction, err error) {
	chosen := map[Kind]*Model{}
	var order []Kind
	for _, m := range models {
		k := m.Kind
		if c.Subject != "" && c.Subject != k.Subject || c.Store != "" && c.Store != k.Store || c.Recovery != "" && c.Recovery != k.Recovery {
			continue
		}
		k.Mode = ""
		if chosen[k] == nil {
			order = append(order, k)
		}
		if chosen[k] == nil || m.distance(c) < chosen[k].distance(c) {
			chosen[k] = m
		}
	}
	for _, k := range order {
		all = append(all, chosen[k].Predict(c))
	}
	if len(all) == 0 {
		asked := slices.DeleteFunc([]string{c.Subject, c.Store, c.Recovery}, func(name string) bool { return name == "" })
		none := &report.List{Head: fmt.Errorf("%s: not measured at enough sizes for a model; there is one of", strings.Join(asked, ", "))}
		for _, m := range models {
			none.Items = append(none.Items, m.Kind.String())
		}
		return nil, none
	}
	return all, nil
}

// distance is how far the size of a cell's partitions is from those that were measured, in powers of e.
func (m *Model) distance(c record.Cell) float64 {
	if c.Partitions < 1 {
		return 0
	}
	size, known := keys(c)/float64(c.Partitions), m.known[perPartition]
	return max(0, math.Log(size/known[1]), math.Log(known[0]/size))
}

// Held is how a model did at a cell that it had not seen.
type Held struct {
	Cell       record.Cell `json:"cell"`
	Prediction Prediction  `json:"prediction"`
	TruthNS    float64     `json:"truth_ns"` // the median
	Error      float64     `json:"error"`    // of the prediction, as a share of the truth
	Inside     bool        `json:"inside"`   // the interval holds the truth
}

// HoldOut fits models to the cells of at most this many keys, and holds them to the others. left are the cells that no model answers for.
func HoldOut(records []record.Record, upTo int64) (held []Held, left []string, err error) {
	var fitted []record.Record
	truth := map[record.Cell][]float64{}
	kinds := map[record.Cell]Kind{}
	var order []record.Cell
	for i := range records {
		r := &records[i]
		if !r.Valid {
			continue
		}
		if r.Keys <= upTo {
			fitted = append(fitted, *r)
			continue
		}
		if truth[r.Cell] == nil {
			order = append(order, r.Cell)
		}
		truth[r.Cell] = append(truth[r.Cell], float64(r.DowntimeNS))
		kinds[r.Cell] = kindOf(r)
	}
	if len(order) == 0 {
		return nil, nil, fmt.Errorf("no cell has more than %d keys: nothing to hold the prediction to", upTo)
	}
	models, left, err := New(fitted)
	if err != nil {
		return nil, left, err
	}
	for _, c := range order {
		i := slices.IndexFunc(models, func(m *Model) bool { return m.Kind == kinds[c] })
		if i < 0 {
			left = append(left, fmt.Sprintf("%s, %d keys: too few sizes up to %d keys", kinds[c], c.Keys, upTo))
			continue
		}
		h := Held{Cell: c, Prediction: models[i].Predict(c), TruthNS: stats.Median(truth[c])}
		h.Error = h.Prediction.DowntimeNS/h.TruthNS - 1
		h.Inside = h.Prediction.LowNS <= h.TruthNS && h.TruthNS <= h.Prediction.HighNS
		held = append(held, h)
	}
	if len(held) == 0 {
		return nil, left, fmt.Errorf("%w up to %d keys", ErrNothing, upTo)
	}
	return held, left, nil
}

// Score is the share of the intervals that hold the truth, and the median of the absolute errors.
func Score(held []Held) (inside, median float64) {
	var errs []float64
	for _, h := range held {
		errs = append(errs, math.Abs(h.Error))
		if h.Inside {
			inside++
		}
	}
	return inside / float64(len(held)), stats.Median(errs)
}
