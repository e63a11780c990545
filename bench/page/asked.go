package page

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

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

// sessionTimeout is after how long a consumer group gives a silent member up, by default (session.timeout.ms).
const sessionTimeout = 45 * time.Second

// Cautions say what the estimates leave out, and how far they are from what was measured. memory is the machine's, bytes; 0: not known.
func (a *Asked) Cautions(memory int64) (all []string) {
	if beyond := a.beyond(); beyond != "" {
		all = append(all, beyond)
	}
	onTop := "What a supervisor or a consumer group takes to notice the crash comes on top"
	if q := a.Question.RTO; q > 0 && q < sessionTimeout {
		onTop += fmt.Sprintf(": a group that is left as it is takes %s (session.timeout.ms), more than all of the target", report.About(float64(sessionTimeout)))
	} else {
		onTop += fmt.Sprintf(" (session.timeout.ms, %s unless set)", report.About(float64(sessionTimeout)))
	}
	all = append(all, onTop+".")
	cached := "Files and changelog come from the page cache, and the broker is on the same machine: from a disk, or over a network, they take longer."
	disk := 0.0
	for _, o := range a.Options {
		disk = max(disk, o.DiskBytes)
	}
	if memory > 0 && disk > float64(memory)/2 {
		cached += fmt.Sprintf(" %s of files and as much of changelog do not fit into the %s of memory of the one measured.", report.Bytes(disk), report.Bytes(float64(memory)))
	}
	return append(all, cached)
}

// beyond says how far the estimates are from what was measured, "" if they are not.
func (a *Asked) beyond() string {
	var all []model.Prediction
	for _, o := range a.Options {
		all = append(all, o.Prediction)
	}
	if beyond := model.Beyond(all); len(beyond) > 0 {
		return "An estimate beyond what was measured: " + strings.Join(beyond, "; ") + "."
	}
	return ""
}

// Own says whether all that is estimated are stores of restorebench's own processor.
func (a *Asked) Own() bool {
	return !slices.ContainsFunc(a.Options, func(o model.Option) bool { return o.Subject != spec.SubjectSelf })
}

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
