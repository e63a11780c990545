package trial

import (
	"context"
	"encoding/binary"
	"fmt"
	"strings"

	"restorebench/harness/changelog"
	"restorebench/harness/spec"
	"restorebench/stores"
	"restorebench/stores/format"
)

// state writes the counts as the store holds them: a=2, with timestamps a=(2,10), of
// a window a[0,10)=2, of a session a[1,10]=3.
func (v *voteRun) state() (string, error) {
	var out []string
	for _, e := range v.latest["counts"] {
		name, count := string(e.Key), e.Value
		switch v.typ {
		case spec.TypeWindow, spec.TypeTimestampedWindow:
			key, start, _, err := format.SplitWindowKey(e.Key)
			if err != nil {
				return "", err
			}
			name = fmt.Sprintf("%s[%d,%d)", key, start, start+voteWindow)
		case spec.TypeSession:
			key, start, end, err := format.SplitSessionKey(e.Key)
			if err != nil {
				return "", err
			}
			name = fmt.Sprintf("%s[%d,%d]", key, start, end)
		}
		at := int64(-1)
		if v.typ == spec.TypeTimestamped || v.typ == spec.TypeTimestampedWindow || v.typ == spec.TypeVersioned {
			var err error
			if at, count, err = format.SplitTimestamped(e.Key, e.Value); err != nil {
				return "", err
			}
		}
		n := binary.BigEndian.Uint64(count)
		if at >= 0 {
			out = append(out, fmt.Sprintf("%s=(%d,%d)", name, n, at))
		} else {
			out = append(out, fmt.Sprintf("%s=%d", name, n))
		}
	}
	return strings.Join(out, " "), nil
}

// sent reads what went to the output and to the changelog of the counts. Keys there
// have a window's start or a session's bounds behind them, and in the changelog a
// window's number too.
func (v *voteRun) sent(ctx context.Context) (err error) {
	output := map[string]int{spec.TypeWindow: 8, spec.TypeTimestampedWindow: 8, spec.TypeSession: format.SessionSuffix}
	log := map[string]int{spec.TypeWindow: format.WindowSuffix, spec.TypeTimestampedWindow: format.WindowSuffix, spec.TypeSession: format.SessionSuffix}
	if v.result.Emitted, err = v.read(ctx, v.output, output[v.typ]); err != nil {
		return err
	}
	counts := v.task.Config.Stores[len(v.task.Config.Stores)-1]
	v.result.Logged, err = v.read(ctx, counts.Topic, log[v.typ])
	return err
}

// read reads a topic of counts whose keys have so many bytes of time behind them: a2@5,
// and a-null@1 for one that is no more.
func (v *voteRun) read(ctx context.Context, topic string, suffix int) (string, error) {
	r, err := changelog.NewReader(v.Broker.Bootstrap(), topic, changelog.ReaderOptions{Settings: v.client()})
	if err != nil {
		return "", err
	}
	defer r.Close()
	_, end, err := r.EndOffsets(0, offsetTimeout)
	if err != nil {
		return "", err
	}
	var out []string
	err = changelog.Through(ctx, r, 0, 0, end, v.Spec.StallTimeout, func(b *stores.Batch) error {
		for i := range b.Len() {
			key, count := b.Key(i), "-null"
			if value := b.Value(i); value != nil {
				count = fmt.Sprint(binary.BigEndian.Uint64(value))
			}
			out = append(out, fmt.Sprintf("%s%s@%d", key[:len(key)-suffix], count, b.Entries[i].Timestamp))
		}
		return nil
	})
	if err != nil {
		return "", fmt.Errorf("what was sent to %s: %w", topic, err)
	}
	return strings.Join(out, " "), nil
}
