package page

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strings"

	"restorebench/bench/model"
	"restorebench/bench/report"
	"restorebench/harness/record"
	"restorebench/harness/spec"
)

// An Asked is a question and what models answer to it: estimates, where the rest of the page is measured.
type Asked struct {
	Question model.Question
	Options  []model.Option // without a verdict where the question has no objective
}

// Head is the title of the page.
func (a *Asked) Head() string {
	return fmt.Sprintf("%s keys: how long down after a crash?", report.Keys(a.Question.Cell.Keys))
}

// Verdict is the answer in words, "" where only the estimates were asked for.
func (a *Asked) Verdict() string {
	if a.Question.RTO == 0 {
		return ""
	}
	return a.Question.Verdict(a.Options)
}

// Cautions say what the estimates leave out, and how far they are from what was measured. memory is the machine's, bytes; 0: not known.
func (a *Asked) Cautions(memory int64) (all []string) {
	if beyond := a.beyond(); beyond != "" {
		all = append(all, beyond)
	}
	return append(all, a.Question.Cautions(a.predictions(), memory)...)
}

// beyond says how far the estimates are from what was measured, "" if they are not.
func (a *Asked) beyond() string {
	if beyond := model.Beyond(a.predictions()); len(beyond) > 0 {
		return "An estimate beyond what was measured: " + strings.Join(beyond, "; ") + "."
	}
	return ""
}

func (a *Asked) predictions() (all []model.Prediction) {
	for _, o := range a.Options {
		all = append(all, o.Prediction)
	}
	return all
}

// Own says whether all that is estimated are stores of restorebench's own processor.
func (a *Asked) Own() bool { return model.Own(a.predictions()) }

// Lucky says whether an option is a best case that nobody can arrange.
func (a *Asked) Lucky(o model.Option) bool { return o.Recovery == record.Local }

// Target is the objective, ns; 0 if there is none.
func (a *Asked) Target() float64 { return float64(a.Question.RTO) }

// A prospect is what a crash leaves of the local files, with the ways back from there.
type prospect struct {
	situation
	Options []model.Option
}

// Prospects are the situations, each with its ways back, the soonest first.
func (a *Asked) Prospects() (all []prospect) {
	for _, o := range a.Options {
		at := situationOf(record.Cell{Recovery: o.Recovery})
		switch o.Recovery {
		case record.Local:
			at.Note = "the best case"
		case record.LocalTail, record.Standby:
			at.Note = "then caught up"
		}
		i := slices.IndexFunc(all, func(p prospect) bool { return p.situation == at })
		if i < 0 {
			i, all = len(all), append(all, prospect{situation: at})
		}
		all[i].Options = append(all[i].Options, o)
	}
	for _, p := range all {
		slices.SortStableFunc(p.Options, func(x, y model.Option) int { return cmp.Compare(x.DowntimeNS, y.DowntimeNS) })
	}
	slices.SortStableFunc(all, func(x, y prospect) int { return x.compare(y.situation) })
	return all
}

// Name is the store of an option, with what tells it from others of the same situation.
func (a *Asked) Name(o model.Option) string {
	name := o.Store
	if rest, found := strings.CutPrefix(o.Way(), o.Recovery+", "); found {
		name += ", " + rest
	}
	if slices.ContainsFunc(a.Options, func(other model.Option) bool { return other.Subject != o.Subject }) {
		name = o.Subject + ": " + name
	}
	return name
}

// Condition is what has to be so for an estimate to hold.
func (a *Asked) Condition(o model.Option) string {
	switch until := a.Question.Until(o); {
	case until != "":
		return until
	case o.Recovery == record.LocalTail && o.Verdict == model.Misses:
		return "no checkpoint interval is short enough"
	case o.Recovery == record.LocalTail:
		return fmt.Sprintf("a saved offset %s records old", report.Amount(a.Question.Cell.Tail*float64(a.Question.Cell.Keys)))
	case o.Recovery == record.Local:
		return "nothing written since the last checkpoint"
	case o.Recovery == record.Standby:
		return "a second process all the time"
	}
	return "-"
}

// Bulk says whether any way back loads sorted files.
func (a *Asked) Bulk() bool {
	return slices.ContainsFunc(a.Options, func(o model.Option) bool { return o.Mode == spec.ModeBulk })
}

// far is how unlike two workloads are, for the choice of the measured one that is the nearest to the question.
func far(a, b record.Cell) float64 {
	ratio := func(x, y int) float64 { return math.Abs(math.Log(float64(max(x, 1)) / float64(max(y, 1)))) }
	return ratio(a.ValueBytes, b.ValueBytes) + ratio(a.Partitions, b.Partitions) + ratio(a.UpdatesPerKey, b.UpdatesPerKey)
}
