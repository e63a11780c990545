package ceilings

import (
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"time"

	"restorebench/harness/changelog"
	"restorebench/harness/record"
	"restorebench/harness/spec"
	"restorebench/stores/rocks"
)

// Schema is the version of the format of a Report and its raw lines.
const Schema = 1

// Subject is what was measured, part of a Report and of each raw line.
type Subject struct {
	Schema        int                 `json:"schema"`
	Run           string              `json:"run"`
	Time          time.Time           `json:"time"` // wall clock at the start of the run; information only
	Keys          int64               `json:"keys"`
	KeyBytes      int64               `json:"key_bytes"`
	ValueBytes    int64               `json:"value_bytes"`
	Partitions    int64               `json:"partitions"`
	UpdatesPerKey int64               `json:"updates_per_key"`
	Compressible  float64             `json:"compressible,omitempty"`
	SortedKeys    bool                `json:"sorted_keys,omitempty"`
	Seed          uint64              `json:"seed"`
	Topic         map[string]string   `json:"topic_settings,omitempty"`
	Producer      map[string]string   `json:"producer_settings,omitempty"`
	Consumer      map[string]string   `json:"consumer_settings,omitempty"`
	Broker        record.Broker       `json:"broker"`
	Environment   *record.Environment `json:"environment"`
}

// Report is what a run found.
type Report struct {
	Subject
	Ceilings []Summary `json:"ceilings"`
	Raw      string    `json:"-"` // path of the raw lines, "" if there are none
}

// Line is one measurement in the raw file.
type Line struct {
	Subject
	Measurement
}

func (o *Options) subject() Subject {
	s, env := o.Spec, record.CaptureEnvironment(o.Dir)
	env.RocksDB, _ = rocks.Version() // a build without RocksDB has none
	env.Librd, env.Version, env.Findings = changelog.Version(), o.Version, o.Findings
	return Subject{
		Schema: Schema, Run: o.Run, Time: time.Now().UTC(),
		Keys: s.Keys[0], KeyBytes: s.KeyBytes, ValueBytes: s.ValueBytes[0], Partitions: s.Partitions[0],
		UpdatesPerKey: s.UpdatesPerKey[0], Seed: s.Seed, Compressible: s.Compressible, SortedKeys: s.KeyOrder[0] == spec.KeyOrderSorted,
		Topic: s.Topic, Producer: s.Producer[0], Consumer: s.Consumer[0], Broker: o.Broker, Environment: env,
	}
}

// appendLine adds a line of JSON to a file and makes it durable.
func appendLine(path string, line Line) (err error) {
	text, err := json.Marshal(line)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return err
	}
	f, err := os.OpenFile(path, os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o644)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	if _, err := f.Write(append(text, '\n')); err != nil {
		return err
	}
	return f.Sync()
}
