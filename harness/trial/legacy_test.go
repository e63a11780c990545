package trial

import (
	"context"
	"testing"

	"restorebench/harness/record"
	"restorebench/harness/spec"
	"restorebench/harness/subject"
)

// heirs runs trials of our own processor as if it were somebody else's: the changelog and the files that one leaves
// are what the next one goes on with.
func heirs(t *testing.T, store string, toCome ...string) (r *Runner, cells map[string]record.Cell) {
	r = runner(t)
	r.Subjects = map[string]Subject{"other": {Command: r.Command}}
	cells = map[string]record.Cell{}
	for _, recovery := range []string{record.Replay, record.Local} {
		c := cell(store, recovery, 3000)
		c.Subject = "other"
		cells[recovery] = c
	}
	r.ToCome = func(c record.Cell) bool {
		for _, recovery := range toCome {
			if c == cells[recovery] {
				return true
			}
		}
		return false
	}
	return r, cells
}

func TestReplayLeavesItsFilesToARecoveryFromThem(t *testing.T) {
	for _, order := range [][2]string{{record.Replay, record.Local}, {record.Local, record.Replay}} {
		r, cells := heirs(t, spec.StoreRocks, order[1])
		var topics []string
		r.interlude = func(_ context.Context, a *attempt, victim *subject.Process, _ string) (*subject.Process, error) {
			topics = append(topics, a.topic)
			return victim, nil
		}
		for i, recovery := range order {
			rec, err := r.Do(context.Background(), i, cells[recovery], 42)
			if err != nil || !rec.Valid || rec.Path != recovery || rec.Verify.Count != 3000 {
				t.Fatalf("%v: %s by %s: %d entries, %s, %v", order, recovery, rec.Path, rec.Verify.Count, rec.Why, err)
			}
			want := map[bool]string{true: record.InheritedFiles, false: record.InheritedChangelog}[recovery == record.Local]
			if i == 1 && rec.Inherited != want || i == 0 && rec.Inherited != "" {
				t.Errorf("%v: trial %d inherited %q", order, i, rec.Inherited)
			}
			for _, l := range r.legacies {
				if hasFiles := l.state != ""; hasFiles != (recovery == record.Replay) {
					t.Errorf("%s left files: %v", recovery, hasFiles)
				}
			}
			// What is inherited is not loaded once more.
			if all := map[string]int64{record.Replay: int64(3000 * (1 + 2*r.Spec.Tombstones))}[recovery]; rec.Restored.Records != all {
				t.Errorf("%v: %s read %d records, want %d", order, recovery, rec.Restored.Records, all)
			}
			r.ToCome = nil
		}
		if len(topics) != 2 || topics[0] != topics[1] || len(r.legacies) != 0 {
			t.Errorf("%v: the changelogs were %v, and %d are left in the end", order, topics, len(r.legacies))
		}
		clean(t, r) // the heir has nobody to leave it to
	}
}

func TestWhatNobodyInheritsIsRemoved(t *testing.T) {
	r, cells := heirs(t, spec.StoreRocks, record.Local)
	rec, err := r.Do(context.Background(), 0, cells[record.Replay], 42)
	if err != nil || !rec.Valid || len(r.legacies) != 1 {
		t.Fatalf("%s, %v, left %d", rec.Why, err, len(r.legacies))
	}
	// Files of another workload are none to go on with.
	if rec, err = r.Do(context.Background(), 1, cells[record.Local], 43); err != nil || !rec.Valid {
		t.Errorf("with another seed: %s, %v", rec.Why, err)
	}
	clean(t, r)
	if _, err = r.Do(context.Background(), 2, cells[record.Replay], 42); err != nil || len(r.legacies) != 1 {
		t.Fatalf("%v, left %d", err, len(r.legacies))
	}
	if _, err = r.Do(context.Background(), 3, cells[record.Replay], 42); err != nil || len(r.legacies) != 1 { // as if its heir had failed
		t.Fatalf("%v, left %d", err, len(r.legacies))
	}
	for range 2 {
		if err := r.Close(); err != nil {
			t.Error(err)
		}
	}
	clean(t, r)
}

// Where a replay leaves no files, or none that can be relied on, the heir has the changelog alone, and makes its own.
func TestReplayThatLeavesNoFiles(t *testing.T) {
	for name, store := range map[string]string{"in memory": spec.StoreMemory, "stopped badly": spec.StoreRocks} {
		t.Run(name, func(t *testing.T) {
			r, cells := heirs(t, store, record.Local)
			if store == spec.StoreRocks {
				bad := r.Command
				bad.Path, bad.Args = "/bin/sh", []string{"-c", `"$0"; exit 3`, bad.Path}
				r.Subjects["other"] = Subject{Command: bad}
			}
			rec, err := r.Do(context.Background(), 0, cells[record.Replay], 42)
			if err != nil || !rec.Valid {
				t.Fatalf("%s, %v", rec.Why, err)
			}
			if l := r.legacies[cells[record.Local]]; l == nil || l.state != "" {
				t.Errorf("it left %+v, want the changelog alone", l)
			}
			if err := r.Close(); err != nil {
				t.Error(err)
			}
			clean(t, r)
		})
	}
}

// Our own trials are quick to prepare, and measured the way they are: each on its own.
func TestOwnTrialsLeaveNothing(t *testing.T) {
	r := runner(t)
	r.ToCome = func(record.Cell) bool { return true }
	if rec := do(t, r, cell(spec.StoreMemory, record.Replay, 100)); !rec.Valid || rec.Inherited != "" || len(r.legacies) > 0 {
		t.Errorf("%s, inherited %q, left %d", rec.Why, rec.Inherited, len(r.legacies))
	}
}

// In a group the dead member of one trial would be waited for in the next; a tail changes the changelog.
func TestWhoHasNoHeir(t *testing.T) {
	replay := cell(spec.StoreRocks, record.Replay, 10)
	for name, c := range map[string]record.Cell{
		"in a group":     {Recovery: record.Replay, Group: spec.GroupClassic},
		"with a standby": {Recovery: record.Replay, Standby: 1},
		"with a tail":    cell(spec.StoreRocks, record.LocalTail, 10),
		"of several":     {Recovery: record.Replay, Instances: 2},
		"compacted":      {Recovery: record.Replay, Compacted: true},
	} {
		if to, ok := heir(c); ok {
			t.Errorf("%s: %+v", name, to)
		}
	}
	to, ok := heir(replay)
	if back, again := heir(to); !ok || !again || back != replay {
		t.Errorf("%+v, %+v", to, back)
	}
}
