package torture

import (
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"time"

	"restorebench/stores/killpoint"
)

// Schema is the version of Line's format.
const Schema = 1

// Line is one kill, judged by the first restore behind it that was not killed itself: a line
// of OUT/torture/RUN.jsonl.
type Line struct {
	Schema int       `json:"schema"`
	Run    string    `json:"run"`
	Build  string    `json:"build,omitempty"` // commit that ran
	Time   time.Time `json:"time"`            // of the kill
	Seed   uint64    `json:"seed"`
	Cell   string    `json:"cell"`
	Kill   int       `json:"kill"` // of the cell, from 1 on
	Kind   string    `json:"kind"`

	// What proves the kill: the moment that was planned, whether it came, the offset that a
	// restore had got to then, what the processor had got to, and how it ended.
	Plan    *killpoint.Plan `json:"plan,omitempty"`
	AfterNS int64           `json:"after_ns,omitempty"`
	Reached bool            `json:"reached"`
	Offset  int64           `json:"offset,omitempty"`
	During  string          `json:"during"`
	Exit    string          `json:"exit"`

	// The file that was damaged behind the kill, or of which a system call failed, and its type; of a group, how it changed.
	File string `json:"file,omitempty"`
	Type string `json:"type,omitempty"`

	// What the processor had got to when the broker was struck, and what proves that it, or the files, were.
	Struck string `json:"struck,omitempty"`
	Proof  string `json:"proof,omitempty"`
	// What became of a fault.
	Outcome string `json:"outcome,omitempty"`

	// The restore that judged it; of a group, the sums over its partitions.
	Path        string `json:"path,omitempty"`
	From        int64  `json:"from"`
	To          int64  `json:"to"`
	CommittedTo int64  `json:"committed"` // of the input, when the processor was dead
	Entries     int    `json:"entries"`
	RecoveryNS  int64  `json:"recovery_ns,omitempty"` // start to ready

	Verdict string `json:"verdict"` // ok, damaged, hung, failed or "not run"
	Damage
	Why string `json:"why,omitempty"`
}

// Verdicts of a kill. The zero one is as bad as damage.
const (
	VerdictNotRun  = "not run"
	VerdictOK      = "ok"
	VerdictDamaged = "damaged"
	VerdictHung    = "hung"
	VerdictFailed  = "failed"
)

// log appends lines to a file.
type log struct{ f *os.File }

func newLog(out, run string) (*log, error) {
	dir := filepath.Join(out, "torture")
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, err
	}
	f, err := os.OpenFile(filepath.Join(dir, run+".jsonl"), os.O_CREATE|os.O_EXCL|os.O_WRONLY|os.O_APPEND, 0o644)
	return &log{f}, err
}

func (l *log) append(line *Line) error {
	text, err := json.Marshal(line)
	if err != nil {
		return err
	}
	_, err = l.f.Write(append(text, '\n'))
	return err
}

// close makes the lines durable.
func (l *log) close() error { return errors.Join(l.f.Sync(), l.f.Close()) }
