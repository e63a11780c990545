package trial

import (
	"bytes"
	"encoding/binary"

	"restorebench/harness/spec"
	"restorebench/harness/subject"
	"restorebench/harness/workload"
)

// shapeOf is the workload that fits a store.
func shapeOf(store string) workload.Shape {
	_, typ, _ := spec.ParseStore(store)
	switch typ {
	case spec.TypeWindow, spec.TypeTimestampedWindow:
		return workload.Windows
	case spec.TypeSession:
		return workload.Sessions
	case spec.TypeVersioned:
		return workload.Versions
	case spec.TypeLRU:
		return workload.Recent
	default:
		return workload.Table
	}
}

// storeOptions are those of the store that a workload is for.
func storeOptions(store string, w *workload.Spec) subject.StoreOptions {
	switch shapeOf(store) {
	case workload.Windows, workload.Sessions:
		return subject.StoreOptions{RetentionMS: workload.Retention, WindowMS: workload.WindowSize}
	case workload.Versions:
		return subject.StoreOptions{RetentionMS: workload.History}
	case workload.Recent:
		return subject.StoreOptions{Capacity: w.Capacity()}
	default:
		return subject.StoreOptions{}
	}
}

// read is a get and what it must return, nil for an absent key.
type read struct{ key, want []byte }

// stored is an entry of the model as a store of a type shows it in Get and Range. The
// layouts are written out here once more, so that no mistake is shared with the stores.
func stored(typ string, e workload.Entry) read {
	switch typ {
	case spec.TypeTimestamped, spec.TypeTimestampedWindow:
		if e.Value == nil {
			return read{e.Key, nil}
		}
		return read{e.Key, append(number(nil, e.Timestamp), e.Value...)}
	case spec.TypeVersioned: // key validFrom -> validTo value, or nothing for a tombstone
		r := read{key: number(bytes.Clone(e.Key), e.Timestamp)}
		switch {
		case e.Tombstone:
			r.want = []byte{}
		case e.Value != nil && e.ValidTo == workload.Forever:
			r.want = append(number(nil, -1), e.Value...)
		case e.Value != nil:
			r.want = append(number(nil, e.ValidTo), e.Value...)
		}
		return r
	default:
		return read{e.Key, e.Value}
	}
}

func number(dst []byte, n int64) []byte { return binary.BigEndian.AppendUint64(dst, uint64(n)) }
