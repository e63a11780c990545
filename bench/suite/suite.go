// Package suite runs many trials against one broker, in a fair order, and keeps
// each one's record as soon as it is there.
package suite

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"time"

	"restorebench/bench/doctor"
	"restorebench/harness/broker"
	"restorebench/harness/changelog"
	"restorebench/harness/record"
	"restorebench/harness/spec"
	"restorebench/harness/subject"
	"restorebench/harness/trial"
	"restorebench/stores/rocks"
)

// Options say what to run and whom to tell.
type Options struct {
	Spec    *spec.Spec
	Command subject.Command // starts our own processor
	// Subjects are the other systems that the spec names.
	Subjects map[string]trial.Subject
	Notes    []string // to tell before the first trial
	// Resume is the path of the raw records of a run that was stopped, to be finished; "" begins a new one.
	Resume  string
	Version string // of restorebench, for the records
	Logf    func(format string, args ...any)
	Watch   func(Event) // may be nil
}

// Event is the progress of a suite.
type Event struct {
	Trial, Trials int             // the current one, from 0, and how many there are; trial.WarmUp before them
	Cell          record.Cell     // zero while the broker starts
	Cells         []record.Cell   // all of the run, of which this one is to be told apart
	Stage         *trial.Progress // of the current trial
	Done          *record.Record  // set once, when the trial is over
}

// StageBroker is the stage before the warm-up.
const StageBroker = "broker"

// Result is what a suite left. It is returned with every error as well, with what
// was finished until then.
type Result struct {
	Run     string
	Raw     string // path of the raw records; "" when no trial began
	Records []record.Record
}

// Invalid counts the trials that are not valid.
func (r *Result) Invalid() int {
	n := 0
	for i := range r.Records {
		if !r.Records[i].Valid {
			n++
		}
	}
	return n
}

// BadInput is an error of what the user asked for, found before anything started.
type BadInput struct{ Err error }

func (e *BadInput) Error() string { return e.Err.Error() }

// Unwrap returns the cause.
func (e *BadInput) Unwrap() error { return e.Err }

// Run checks the input, starts the broker, runs every trial and stops the broker.
// It leaves nothing behind but the raw records, however it ends.
func Run(ctx context.Context, o Options) (*Result, error) {
	res := &Result{Run: newRunID()}
	cells, left, err := check(o.Spec)
	if err != nil {
		return res, &BadInput{err}
	}
	j := &journal{plan: order(cells, int(o.Spec.Runs), o.Spec.Seed), path: o.Resume}
	if o.Resume == "" {
		j.path = filepath.Join(o.Spec.Out, "raw", res.Run+".jsonl")
	} else if err := j.load(res); err != nil {
		return res, &BadInput{err}
	}
	defer j.close()
	if o.Spec.Minutes == 0 && len(j.finished) == len(j.plan) {
		o.Logf("nothing left to do: %d of %d trials are in %s", len(j.finished), len(j.plan), j.path)
		return res, nil
	}
	findings := append(Examine(ctx, o.Spec), lacking(ctx, o.Spec, cells)...) // not later: the broker is a load, too
	err = withRunner(ctx, o, res.Run, func(r *trial.Runner) error {
		for _, note := range o.Notes {
			o.Logf("%s", note)
		}
		for _, note := range left { // not before: bad input is answered by one line
			o.Logf("left out: %s", note)
		}
		for _, f := range findings {
			if f.Level == record.LevelSpoils {
				o.Logf("this run will mean nothing: %s: %s; %s", f.Name, f.Value, f.Remedy)
			}
		}
		return runAll(ctx, o, res, cells, r, j, doctor.Notable(findings))
	})
	return res, err
}

// Examine looks for what would spoil the run, before its broker is a load, too.
func Examine(ctx context.Context, s *spec.Spec) []record.Finding {
	dir, err := stateDir(s)
	if err != nil {
		return nil // no working directory: the run will say so
	}
	return doctor.Machine(ctx, dir)
}

func stateDir(s *spec.Spec) (string, error) { return filepath.Abs(cmp.Or(s.StateDir, os.TempDir())) }

// WithRunner starts the broker, hands a runner of trials to do, and stops the broker.
// It leaves nothing behind, however it ends.
func WithRunner(ctx context.Context, o Options, do func(*trial.Runner) error) error {
	if err := checkBroker(o.Spec); err != nil {
		return &BadInput{err}
	}
	return withRunner(ctx, o, newRunID(), do)
}

func withRunner(ctx context.Context, o Options, run string, do func(*trial.Runner) error) (err error) {
	dir, err := os.MkdirTemp(o.Spec.StateDir, "restorebench-"+run+"-")
	if err != nil {
		return &BadInput{&spec.Error{Where: "--state-dir", Value: o.Spec.StateDir, Allowed: "a directory that can be written (" + err.Error() + ")"}}
	}
	defer os.RemoveAll(dir)
	o.watch(Event{Trial: trial.WarmUp})(trial.Progress{Stage: StageBroker})
	b, err := broker.Start(ctx, broker.Options{Kind: o.Spec.Broker, Dir: dir, Probe: changelog.Prober(changelog.Settings(o.Spec.Client)), Logf: o.Logf})
	if err != nil {
		return brokerError(err)
	}
	defer func() {
		stop, cancel := context.WithTimeout(context.Background(), time.Minute)
		defer cancel()
		if err := b.Stop(stop); err != nil {
			o.Logf("%v", err)
		}
	}()
	if err := checkHosts(ctx, o.Spec, b); err != nil {
		return brokerError(err)
	}
	r := &trial.Runner{Run: run, Spec: o.Spec, Broker: b, Command: o.Command, Subjects: o.Subjects, Dir: dir}
	defer func() { err = errors.Join(err, r.Close()) }()
	return do(r)
}

// runAll runs what is left of the plan, and then what the budget allows.
func runAll(ctx context.Context, o Options, res *Result, cells []record.Cell, r *trial.Runner, j *journal, findings []record.Finding) error {
	began := time.Now()
	if err := warmUp(ctx, o, r, cells); err != nil {
		return err
	}
	env := record.CaptureEnvironment(r.Dir)
	env.RocksDB, _ = rocks.Version() // a build without RocksDB has none
	env.Librd, env.Version = changelog.Version(), o.Version
	env.Findings = findings
	if has := broker.Look(ctx); r.Broker.Kind() == broker.Container {
		env.Docker = has.Engine
	} else {
		env.Java = has.Java
	}
	if err := j.open(o.Spec, res, env, r.Broker); err != nil {
		return err
	}
	left := budget{until: began.Add(time.Duration(o.Spec.Minutes) * time.Minute), rng: rand.New(rand.NewPCG(o.Spec.Seed, 0x6275646765740a))}
	for i := 0; ; i++ {
		if i == len(j.plan) && o.Spec.Minutes > 0 && time.Now().Before(left.until) {
			j.plan = append(j.plan, left.round(cells, res.Records)...)
		}
		if i >= len(j.plan) {
			return nil
		}
		if j.done(i) {
			continue
		}
		if o.Spec.Minutes > 0 && !time.Now().Before(left.until) {
			o.Logf("the budget of %d minutes is used up after %d of %d trials", o.Spec.Minutes, len(res.Records), len(j.plan))
			return nil
		}
		if err := runOne(ctx, o, res, cells, r, j, i, env); err != nil {
			return err
		}
	}
}

func runOne(ctx context.Context, o Options, res *Result, cells []record.Cell, r *trial.Runner, j *journal, i int, env *record.Environment) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	p := j.plan[i]
	event := Event{Trial: i, Trials: len(j.plan), Cell: p.cell, Cells: cells}
	r.Watch = o.watch(event)
	r.ToCome = func(c record.Cell) bool { return j.toCome(i, planned{c, p.seed}) }
	rec, err := r.Do(ctx, i, p.cell, p.seed)
	rec.Environment = env
	if appendErr := j.file.Append(&rec); appendErr != nil {
		return fmt.Errorf("%s: %w", j.path, errors.Join(appendErr, err))
	}
	res.Records = append(res.Records, rec)
	event.Done = &rec
	o.tell(event)
	if err != nil {
		return err
	}
	if !r.Broker.Alive() {
		return fmt.Errorf("the broker ended by itself; its log ends with:\n%s", r.Broker.LogTail(15))
	}
	return nil
}

func (o *Options) tell(e Event) {
	if o.Watch != nil {
		o.Watch(e)
	}
}

// watch tells of the stages of e.
func (o *Options) watch(e Event) func(trial.Progress) {
	return func(stage trial.Progress) {
		e.Stage = &stage
		o.tell(e)
	}
}

// warmUp runs one trial that counts for nothing: the broker's JVM compiles the
// code that the first trial would otherwise wait for. A failure shows again in the
// trials that count, so only an interruption ends here.
func warmUp(ctx context.Context, o Options, r *trial.Runner, cells []record.Cell) error {
	cell := cells[0]
	for _, c := range cells {
		if c.Recovery == record.Replay && c.Keys < cell.Keys {
			cell = c
		}
	}
	cell.Keys, cell.UpdatesPerKey, cell.Recovery, cell.Tail = min(cell.Keys, warmUpKeys), 1, record.Replay, 0
	cell.Keys = max(cell.Keys, int64(cell.Partitions))
	r.Watch = o.watch(Event{Trial: trial.WarmUp, Cell: cell})
	r.Warm = warmth(o.Spec, cells)
	if _, err := r.Do(ctx, trial.WarmUp, cell, 0); err != nil {
		return err
	}
	return ctx.Err()
}

const (
	warmUpKeys    = 100_000         // takes about a second
	longestWarmth = 3 * time.Second // more makes no difference that can be told from noise
)

// warmth is a tenth of what the run will take, and longestWarmth at most.
func warmth(s *spec.Spec, cells []record.Cell) time.Duration {
	return min(longestWarmth, expected(s, cells)/10)
}

// newRunID is unique and sorts by time.
func newRunID() string {
	return fmt.Sprintf("%s-%04x", time.Now().UTC().Format("20060102T150405Z"), rand.Uint32N(1<<16))
}
