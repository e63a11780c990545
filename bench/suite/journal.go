package suite

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"restorebench/harness/broker"
	"restorebench/harness/record"
	"restorebench/harness/spec"
)

// journal is the plan of a run and the file of its records. Beside the file stands the run's
// spec, RUN.yaml, from which Resume makes the same plan again.
type journal struct {
	plan     []planned
	path     string
	file     *record.File
	finished map[int]bool
}

// SpecOf reads the spec of the run with these raw records.
func SpecOf(raw string) (*spec.Spec, error) {
	s := spec.Default()
	err := s.Load(specPath(raw))
	return s, err
}

func specPath(raw string) string { return strings.TrimSuffix(raw, filepath.Ext(raw)) + ".yaml" }

// load takes over the records of a run that was stopped, which must be those of the plan.
func (j *journal) load(res *Result) (err error) {
	var records []record.Record
	if j.file, records, err = record.Resume(j.path); err != nil {
		return fmt.Errorf("--resume: %w", err)
	}
	res.Run = strings.TrimSuffix(filepath.Base(j.path), filepath.Ext(j.path))
	res.Raw = j.path
	j.finished = map[int]bool{}
	for _, r := range records {
		if r.Why == record.Interrupted { // it will be run again
			continue
		}
		res.Records = append(res.Records, r)
		switch {
		case r.Run != res.Run:
			return fmt.Errorf("--resume: %s holds a record of run %s", j.path, r.Run)
		case r.Trial < 0 || r.Trial >= spec.MaxTrials:
			return fmt.Errorf("--resume: %s holds a trial %d, want 0 to %d", j.path, r.Trial, spec.MaxTrials-1)
		case r.Trial < len(j.plan) && (j.plan[r.Trial].cell != r.Cell || j.plan[r.Trial].seed != r.Seed):
			return fmt.Errorf("--resume: trial %d of %s is not the one that its spec has there: only the spec that a run began with can finish it", r.Trial+1, j.path)
		}
		j.finished[r.Trial] = true
		for r.Trial >= len(j.plan) { // beyond the plan: what the budget had been spent on
			j.plan = append(j.plan, planned{})
		}
		j.plan[r.Trial] = planned{r.Cell, r.Seed}
	}
	return nil
}

// open makes the file of a new run, or checks that the machine is still the one of the run that
// goes on.
func (j *journal) open(s *spec.Spec, res *Result, env *record.Environment, b *broker.Broker) (err error) {
	if j.file != nil {
		return j.sameMachine(res, env, record.Broker{Kind: b.Kind(), Version: b.Version(), Security: s.Security()})
	}
	if err := os.MkdirAll(filepath.Dir(j.path), 0o755); err != nil {
		return err
	}
	text, err := s.YAML()
	if err != nil {
		return err
	}
	if err := os.WriteFile(specPath(j.path), text, 0o644); err != nil {
		return err
	}
	res.Raw = j.path
	j.file, err = record.Create(j.path)
	return err
}

func (j *journal) sameMachine(res *Result, env *record.Environment, now record.Broker) error {
	for i := range res.Records {
		was := &res.Records[i]
		if was.Environment != nil && !was.Environment.Same(env) {
			return &BadInput{fmt.Errorf("--resume: the run began on %+v, this is %+v", *was.Environment, *env)}
		}
		if was.Broker != (record.Broker{}) && was.Broker != now {
			return &BadInput{fmt.Errorf("--resume: the run began on broker %+v, this is %+v", was.Broker, now)}
		}
	}
	return nil
}

func (j *journal) done(i int) bool { return j.finished[i] }

func (j *journal) close() {
	if j.file != nil {
		j.file.Close() // each record was made durable when it was appended
	}
}

// toCome says whether a trial behind the i-th is that one.
func (j *journal) toCome(i int, p planned) bool {
	for k := i + 1; k < len(j.plan); k++ {
		if j.plan[k] == p && !j.done(k) {
			return true
		}
	}
	return false
}
