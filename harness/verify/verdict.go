package verify

import (
	"bytes"
	"fmt"
)

// Verdict is the outcome of a verification. The zero value is NotRun, which is
// as bad as a mismatch.
type Verdict int

// Verdicts.
const (
	NotRun Verdict = iota
	Mismatch
	OK
)

func (v Verdict) String() string {
	switch v {
	case OK:
		return "ok"
	case Mismatch:
		return "mismatch"
	default:
		return "not run"
	}
}

// Found is what a subject reports of one partition's restored state.
type Found struct {
	Count, Bytes int64
	Digest       string
	Sums         []byte // optional: tells how many buckets differ
}

// State compares a partition's restored state with the model's digest. The reason
// says what differs.
func State(partition int32, want *Digest, got Found) (Verdict, string) {
	wrong := func(format string, args ...any) (Verdict, string) {
		return Mismatch, fmt.Sprintf("partition %d: ", partition) + fmt.Sprintf(format, args...)
	}
	switch {
	case got.Count != want.Count:
		return wrong("%d entries restored, want %d", got.Count, want.Count)
	case got.Bytes != want.Bytes:
		return wrong("%d bytes restored, want %d", got.Bytes, want.Bytes)
	case got.Digest != want.String():
		n := "some"
		if got.Sums != nil {
			d, err := want.Differing(got.Sums)
			if err != nil {
				return wrong("%v", err)
			}
			n = fmt.Sprint(d)
		}
		return wrong("%s of %d key-hash buckets differ in their bytes", n, Buckets)
	}
	return OK, ""
}

// Read compares one point read: nil means absent, and an empty value is not
// absent.
func Read(key, want, got []byte) (Verdict, string) {
	if (want == nil) == (got == nil) && bytes.Equal(want, got) {
		return OK, ""
	}
	show := func(v []byte) string {
		if v == nil {
			return "absent"
		}
		return fmt.Sprintf("%d bytes %.16x", len(v), v)
	}
	return Mismatch, fmt.Sprintf("get of key %x: %s, want %s", key, show(got), show(want))
}
