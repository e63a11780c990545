package model

import (
	"math"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"restorebench/harness/record"
)

// law is how long a recovery takes in these tests, ns: what the models are to find.
func law(c record.Cell) float64 {
	ns := 40e6 + 2e6*float64(c.Partitions)
	switch c.Recovery {
	case record.Replay:
		return ns + 300*keys(c) + 2*written(c)*entry(c) + 150*stale(c)
	case record.LocalTail:
		return ns + 50*keys(c) + 900*tail(c) + 4*tailBytes(c)
	}
	return ns + 50*keys(c)
}

// trial is a trial of a cell, with an error that is skewed as those of real ones are.
func trial(random *rand.Rand, c record.Cell) record.Record {
	ns := law(c) * math.Exp(0.06*random.NormFloat64())
	if random.IntN(20) == 0 {
		ns *= 1.6
	}
	return record.Record{
		Cell: c, Valid: true, DowntimeNS: int64(ns), Phases: phases(c, int64(ns)),
		Resources: record.Resources{RSSPeakBytes: int64(30e6 + 1.3*keyBytes(c))},
	}
}

// phases has what takes the same always in spawn, and the rest where the recovery has it.
func phases(c record.Cell, ns int64) map[string]int64 {
	grows := record.PhaseRestore
	if c.Recovery == record.Local {
		grows = record.PhaseOpen
	}
	spawn := min(ns, 20e6)
	return map[string]int64{record.PhaseSpawn: spawn, grows: ns - spawn}
}

func capacity(random *rand.Rand, keys ...int64) (all []record.Record) {
	for _, k := range keys {
		for _, value := range []int{20, 200, 1000} {
			for _, partitions := range []int{1, 4} {
				for _, updates := range []int{1, 3} {
					for _, c := range []record.Cell{
						{Recovery: record.Replay}, {Recovery: record.Local}, {Recovery: record.LocalTail, Tail: 0.01}, {Recovery: record.LocalTail, Tail: 0.2},
					} {
						c.Subject, c.Store, c.Keys, c.KeyBytes, c.ValueBytes, c.Partitions, c.UpdatesPerKey = "restorebench", "memory", k, 16, value, partitions, updates
						all = append(all, trial(random, c))
					}
				}
			}
		}
	}
	return all
}

// Fitted on up to a million keys, four million are predicted within 15 %, and the intervals hold what they say.
func TestHeldOutSizes(t *testing.T) {
	inside, cells := 0.0, 0.0
	for seed := range uint64(2) {
		random := rand.New(rand.NewPCG(seed, 4))
		held, left, err := HoldOut(capacity(random, 100_000, 300_000, 1_000_000, 4_000_000), 1_000_000)
		if err != nil || len(left) > 0 || len(held) != 48 {
			t.Fatalf("%d cells, left %q, %v", len(held), left, err)
		}
		share, median := Score(held)
		if median > 0.15 {
			t.Errorf("seed %d: median error %.2f", seed, median)
		}
		inside, cells = inside+share*float64(len(held)), cells+float64(len(held))
		for _, h := range held {
			if len(h.Prediction.Extrapolated) != 1 || !strings.Contains(h.Prediction.Extrapolated[0], "keys 4M, 4 times what was measured (1M)") {
				t.Fatalf("not marked: %q", h.Prediction.Extrapolated)
			}
			if true_ := law(h.Cell); math.Abs(h.Prediction.DowntimeNS/true_-1) > 0.15 {
				t.Errorf("seed %d: %+v: %.3g, by the law %.3g", seed, h.Cell, h.Prediction.DowntimeNS, true_)
			}
		}
	}
	if inside/cells < 0.85 || inside/cells > 0.99 {
		t.Errorf("%.2f of the intervals hold the truth, want about %.2f", inside/cells, Confidence)
	}
}

func models(t *testing.T) []*Model {
	t.Helper()
	all, left, err := New(capacity(rand.New(rand.NewPCG(1, 2)), 100_000, 300_000, 1_000_000))
	if err != nil || len(left) > 0 || len(all) != 3 {
		t.Fatalf("%d models, left %q, %v", len(all), left, err)
	}
	return all
}

var size = record.Cell{Keys: 500_000, KeyBytes: 16, ValueBytes: 100, Partitions: 2, UpdatesPerKey: 2, Tail: 0.1}

func TestPredictionAddsUp(t *testing.T) {
	all, err := Ask(models(t), size)
	if err != nil || len(all) != 3 {
		t.Fatalf("%d predictions, %v", len(all), err)
	}
	for _, p := range all {
		sum := 0.0
		for _, ns := range p.PhasesNS {
			sum += ns
		}
		if math.Abs(sum/p.DowntimeNS-1) > 1e-6 || math.Abs(p.PhasesNS[record.PhaseSpawn]/20e6-1) > 0.01 {
			t.Errorf("%s: phases %v of %.0f", p.Kind, p.PhasesNS, p.DowntimeNS)
		}
		if p.LowNS > p.DowntimeNS || p.HighNS < p.DowntimeNS || len(p.Extrapolated) > 0 {
			t.Errorf("%+v", p)
		}
		if want := 30e6 + 1.3*keyBytes(size); math.Abs(p.RSSBytes/want-1) > 0.05 {
			t.Errorf("%s: %.3g bytes of memory, want %.3g", p.Kind, p.RSSBytes, want)
		}
	}
}

func TestWhatWasNeverMeasured(t *testing.T) {
	c := size
	c.Store = "rocksdb"
	const want = "rocksdb: not measured at enough sizes for a model; there is one of\n" +
		"  restorebench: memory by local\n  restorebench: memory by local+tail\n  restorebench: memory by replay"
	if _, err := Ask(models(t), c); err == nil || err.Error() != want {
		t.Errorf("a store that was not measured: %v, want %s", err, want)
	}
	few := capacity(rand.New(rand.NewPCG(1, 2)), 100_000)[:4]
	if _, left, err := New(few); err == nil || len(left) != 3 || !strings.HasSuffix(left[0], "local: 1 size was measured, a model needs 6") || !strings.Contains(left[1], ": 2 sizes were") {
		t.Errorf("too few sizes: %q, %v", left, err)
	}
	if _, _, err := New(nil); err == nil {
		t.Error("no records")
	}
	if _, _, err := HoldOut(few, 1_000_000); err == nil {
		t.Error("nothing is held out")
	}
}

// A factor below nothing would say that a larger store is back sooner; two terms that were only varied together are one.
func TestFactors(t *testing.T) {
	random := rand.New(rand.NewPCG(9, 9))
	var records []record.Record
	for i := range 30 {
		c := record.Cell{Store: "memory", Recovery: record.Local, Keys: int64(1000 * (1 + i%10)), KeyBytes: 16, ValueBytes: 84, Partitions: 1}
		r := trial(random, c)
		r.DowntimeNS = int64(1e9 - 1e5*float64(c.Keys)/1000 + 1e7*random.Float64())
		r.Phases = phases(c, r.DowntimeNS)
		records = append(records, r)
	}
	all, _, err := New(records)
	if err != nil {
		t.Fatal(err)
	}
	f := all[0].Phases[record.PhaseOpen]
	for i, name := range f.Terms() {
		if f.Factors[i] < 0 || name == "byte" && f.Factors[i] != 0 {
			t.Errorf("%g ns per %s", f.Factors[i], name)
		}
	}
	if got := all[0].Phases.At(record.Cell{Keys: 5000}); math.Abs(got/1e9-1) > 0.02 {
		t.Errorf("%g", got)
	}
}

// What partitions do side by side takes one of two cores as long for two partitions as for four; what they share does not become less.
func TestSideBySide(t *testing.T) {
	law := func(c record.Cell) float64 { return 10e6 + 2*bytes(c) + 400*keys(c)/float64(min(c.Partitions, 2)) }
	var records []record.Record
	for _, r := range capacity(rand.New(rand.NewPCG(5, 5)), 100_000, 300_000, 1_000_000) {
		if r.Recovery == record.Replay {
			r.Environment = &record.Environment{Cores: 2}
			r.DowntimeNS = 20e6 + int64(law(r.Cell))
			r.Phases = map[string]int64{record.PhaseSpawn: 20e6, record.PhaseRestore: int64(law(r.Cell))}
			records = append(records, r)
		}
	}
	all, _, err := New(records)
	if err != nil {
		t.Fatal(err)
	}
	for _, partitions := range []int{1, 2, 4, 16} {
		c := size
		c.Keys, c.Partitions = 4_000_000, partitions
		if got, want := all[0].Predict(c).DowntimeNS, 20e6+law(c); math.Abs(got/want-1) > 0.02 {
			t.Errorf("%d partitions: %.4g, by the law %.4g", partitions, got, want)
		}
	}
}

// A kind that was measured in two modes is answered by the one of such partitions.
func TestModeOfTheSize(t *testing.T) {
	var records []record.Record
	random := rand.New(rand.NewPCG(1, 3))
	for _, r := range capacity(random, 10_000, 20_000, 1_000_000, 2_000_000) {
		r.Store, r.Restored.Mode = "rocksdb", "batch"
		if r.Keys >= 1_000_000 {
			r.Restored.Mode = "bulk"
		}
		records = append(records, r)
	}
	all, _, err := New(records)
	if err != nil {
		t.Fatal(err)
	}
	for n, want := range map[int64]string{5000: "batch", 30_000: "batch", 800_000: "bulk", 80_000_000: "bulk"} {
		c := size
		c.Keys, c.Recovery, c.Partitions = n, record.Replay, 1
		got, err := Ask(all, c)
		if err != nil || len(got) != 1 || got[0].Mode != want {
			t.Errorf("%d keys: %+v, %v, want %s", n, got, err, want)
		}
	}
}

func TestOptions(t *testing.T) {
	c := size
	c.Tail = 1
	all, err := Options(models(t), c, 230e6, 500)
	if err != nil {
		t.Fatal(err)
	}
	verdicts := map[string]string{}
	for _, o := range all {
		verdicts[o.Recovery] = o.Verdict
		if o.Recovery == record.LocalTail {
			at := c
			at.Recovery, at.Tail = record.LocalTail, float64(o.MaxTail)/keys(c)
			if o.MaxTail < 50_000 || o.MaxTail > 150_000 || law(at) > 230e6 || o.HighNS > 230e6 {
				t.Errorf("a tail of %d records: %.0f ns by the law, predicted %.0f-%.0f", o.MaxTail, law(at), o.LowNS, o.HighNS)
			}
		}
	}
	if verdicts[record.Local] != Meets || verdicts[record.LocalTail] != Meets || verdicts[record.Replay] != Misses {
		t.Errorf("%v", verdicts)
	}
	if !slices.IsSortedFunc(all, func(a, b Option) int { return strings.Compare(a.Verdict, b.Verdict) }) {
		t.Errorf("not sorted: %+v", all)
	}
	q := Question{Cell: c, RTO: 230e6, Rate: 500}
	text := strings.Join(Sentences(q, all), "\n")
	for _, want := range []string{"back within 230 ms after nine crashes", "a checkpoint at least every ", "not back within 230 ms:\n  memory, replay"} {
		if !strings.Contains(text, want) {
			t.Errorf("%q is missing in:\n%s", want, text)
		}
	}
}

// Where a recovery does not grow in proportion, as no model says, the interval beyond the measured sizes is wide enough all the same.
func TestIntervalBeyondTheSizes(t *testing.T) {
	random := rand.New(rand.NewPCG(7, 7))
	var records []record.Record
	bent := func(c record.Cell) float64 { return 2e3 * math.Pow(keys(c), 0.85) * entry(c) }
	for _, r := range capacity(random, 30_000, 100_000, 300_000, 1_000_000) {
		if r.Recovery == record.Replay && r.UpdatesPerKey == 1 {
			r.DowntimeNS = int64(bent(r.Cell) * math.Exp(0.03*random.NormFloat64()))
			r.Phases = phases(r.Cell, r.DowntimeNS)
			records = append(records, r)
		}
	}
	all, _, err := New(records)
	if err != nil {
		t.Fatal(err)
	}
	for _, far := range []int64{4_000_000, 30_000_000} {
		c := size
		c.Keys, c.UpdatesPerKey, c.ValueBytes = far, 1, 200
		p := all[0].Predict(c)
		if truth := bent(c); p.LowNS > truth || p.HighNS < truth {
			t.Errorf("%d keys: %.3g to %.3g, the truth is %.3g", far, p.LowNS, p.HighNS, truth)
		}
	}
	if within := all[0].Predict(record.Cell{Keys: 500_000, KeyBytes: 16, ValueBytes: 200, Partitions: 1, UpdatesPerKey: 1}); within.HighNS > 2*within.DowntimeNS {
		t.Errorf("within the sizes the interval is %.3g to %.3g of %.3g", within.LowNS, within.HighNS, within.DowntimeNS)
	}
}

// The run that the README's check is made with: real trials of both stores and all paths, fitted to up to a million keys.
func TestHeldOutTrials(t *testing.T) {
	path, err := record.Latest(filepath.Join("..", "..", "results", "capacity", "raw"))
	if err != nil {
		t.Fatal(err)
	}
	records, err := record.Scan(path)
	if err != nil {
		t.Fatal(err)
	}
	held, left, err := HoldOut(records, 1_000_000)
	if err != nil || len(left) > 0 {
		t.Fatalf("left %q, %v", left, err)
	}
	inside, median := Score(held)
	if len(held) < 40 || median > 0.15 || inside < 0.85 {
		t.Errorf("%d cells, median error %.3f, %.3f of the intervals hold the truth", len(held), median, inside)
	}
	paths := map[Kind]bool{}
	for _, h := range held {
		paths[Kind{Store: h.Cell.Store, Recovery: h.Cell.Recovery}] = true
	}
	if len(paths) != 6 {
		t.Errorf("%v", paths)
	}
}
