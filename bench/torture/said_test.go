package torture

import (
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	"restorebench/harness/subject"
)

// What the advice names is not what the error names; and of several files that were struck any one is right.
func TestStruckFileIsNamed(t *testing.T) {
	const advice = "; make room on the disk of /d/state-1, and start again: what was saved last is still good"
	i := &injection{errno: "ENOSPC", hit: []string{"", "/d/state-1/0_0/rocksdb/store/000119.sst", "/d/state-1/0_0/rocksdb/store/000122.sst"}}
	dir := &injection{errno: "EIO", hit: []string{"/d/state-1/0_0/rocksdb/store"}}
	for _, c := range []struct {
		of            *injection
		code, message string
		lacks         string // "" when it lets it pass
	}{
		{i, "disk_full", "rocks: flush /d/state-1/0_0/rocksdb/store: While appending to file: /d/state-1/0_0/rocksdb/store/000122.sst: No space left on device" + advice, ""},
		{i, "disk_full", "rocks: flush /d/state-1/0_0/rocksdb/store: No space left on device" + advice, "the file"},
		{i, "disk_full", "write /d/state-1/0_0/rocksdb/store/000122.sst.tmp: no space left on device" + advice, "the file"},
		{i, "disk_full", "write /d/state-10/0_0/rocksdb/store/000122.sst: no space left on device" + advice, "the file"},
		{i, "disk_full", "no space left on device; see /d/state-1/0_0/rocksdb/store/000122.sst, and start again", "the file"},
		{i, "disk_full", "write /d/state-1/0_0/rocksdb/store/000122.sst; no space left on device, and start again", "why"},
		{i, "disk_full", "no space left on device: start again with /d/state-1/0_0/rocksdb/store/000122.sst", "why"},
		{i, "disk_failed", "write /d/state-1/0_0/rocksdb/store/000122.sst: no space left on device" + advice, "the code disk_full"},
		{i, "disk_full", "write /d/state-1/0_0/rocksdb/store/000122.sst: no space left on device", "what to do"},
		{dir, "disk_failed", "sync /d/state-1/0_0/rocksdb/store: input/output error" + advice, ""},
		{dir, "disk_failed", "write /d/state-1/0_0/rocksdb/store/000122.sst: input/output error" + advice, "the file"},
	} {
		s := heard(&subject.Event{Code: c.code, Message: c.message})
		if got := s.lacks(c.of.endings()); !strings.HasPrefix(got, c.lacks) || (got == "") != (c.lacks == "") {
			t.Errorf("%s: %s: it lacks %q, want %q", c.code, c.message, got, c.lacks)
		}
	}
}

// A refusal is right if it says what was refused, by the code that is meant for it, and what to do.
func TestRefusalIsJudged(t *testing.T) {
	const grown = "partition 0: the changelog's number of partitions has changed: "
	const advice = "; remove the directories 0_* in DIR, and start again: the changelog is replayed"
	flipped := func(file string) *Line { return &Line{Kind: FaultFlipped, File: file} }
	changelog := &Line{Kind: FaultTopicGrown}
	sst := flipped("0_0/rocksdb/store/000007.sst")
	for _, c := range []struct {
		line          *Line
		code, message string
		lacks         string // "" when it lets it pass
	}{
		{changelog, "partitions_changed", grown + "app-2-log has 2, the files in DIR/0_0/rocksdb/store are of one with 1" + advice, ""},
		{changelog, "corrupt", grown + "app-2-log has 2, the files in DIR/0_0/rocksdb/store are of one with 1" + advice, "the code partitions_changed"},
		{changelog, "partitions_changed", grown + "app-2-log has 1, the files in DIR/0_0/rocksdb/store are of one with 2" + advice, "the changelog's number"},
		{changelog, "partitions_changed", grown + "app-2-log has 2, the files in DIR/0_0/rocksdb/store are of another" + advice, "the changelog's number"},
		{changelog, "partitions_changed", grown + "app-2-log has 20, the files in DIR/0_0/rocksdb/store are of one with 1" + advice, "the changelog's number"},
		{sst, "corrupt", "iterate over DIR/0_0/rocksdb/store: store files are corrupt" + advice, ""},
		{sst, "corrupt", "store files are corrupt: DIR/0_0/rocksdb/store/000007.sst" + advice, ""},
		{sst, "corrupt", "store files are corrupt: DIR/0_0/rocksdb/store/000008.sst" + advice, "the file"},
		{sst, "corrupt", "store files are corrupt" + advice, "the file"},
		{sst, "corrupt", "iterate over DIR/0_0/rocksdb/store: store files are corrupt", "what to do"},
		{sst, "corrupt", "store files are corrupt" + advice + " from DIR/0_0/rocksdb/store/000007.sst", "the file"},
		{sst, "corrupt", "store files are corrupt: DIR/0_0/rocksdb/store/000007.sst; start again", "what to do"},
		{sst, "corrupt", "store files are corrupt: DIR/0_0/rocksdb/store/000007.sst; look into DIR, and start again", "what to do"},
		{sst, "corrupt", "store files are corrupt: DIR/0_0/rocksdb/store/000007.sst; remove the directories 0_* in DIR0, and start again", "what to do"},
		{changelog, "partitions_changed", grown + "app-2-log has 2, the files in DIR/0_0/rocksdb/store are of one with 1", "what to do"},
		{sst, "partitions_changed", grown + "app-2-log has 2, the files in DIR/0_0/rocksdb/store are of one with 1" + advice, "the code corrupt"},
		{flipped("0_0/.changelog-store"), "corrupt", "store files are corrupt: DIR/0_0/.changelog-store" + advice, ""},
		{flipped("0_0/.changelog-store"), "corrupt", "iterate over DIR/0_0/rocksdb/store: store files are corrupt" + advice, "the file"},
	} {
		dir := t.TempDir()
		var judged []*Line
		camp := &campaign{
			Options: &Options{}, pending: []*Line{c.line},
			ground: &ground{dir: dir, state: filepath.Join(dir, "state-1"), log: "app-2-log"},
			judged: func(l *Line) error { judged = append(judged, l); return nil },
		}
		c.line.Outcome = ""
		l := &life{failed: subject.Event{Code: c.code, Message: strings.ReplaceAll(c.message, "DIR", camp.ground.state)}}
		is, err := camp.refused(t.Context(), l, fmt.Errorf("%w: %s", errRefused, l.failed.Message))
		if c.lacks == "" {
			if !is || err != nil || len(judged) != 1 || judged[0].Outcome != OutcomeRefused || len(camp.pending) > 0 {
				t.Errorf("%s: %s: %v, %v, %d judged, want that it is let pass", c.code, c.message, is, err, len(judged))
			}
			continue
		}
		if !is || !errors.Is(err, errRefused) || !strings.Contains(err.Error(), "the refusal lacks "+c.lacks) || len(judged) > 0 || len(camp.pending) != 1 {
			t.Errorf("%s: %s: %v, %v, %d judged, want that it lacks %s", c.code, c.message, is, err, len(judged), c.lacks)
		}
	}
}

// A file that was damaged before the last one, behind a restore that was cut short, may be the one that is refused; and what was not
// damaged at all may not be.
func TestRefusalOfAnEarlierFile(t *testing.T) {
	dir := t.TempDir()
	camp := &campaign{
		Options: &Options{}, ground: &ground{dir: dir, state: filepath.Join(dir, "state-1")}, judged: func(*Line) error { return nil },
		pending: []*Line{{Kind: FaultFlipped, File: "0_0/rocksdb/store/000007.sst"}, {Kind: FaultFlipped, File: "0_0/.changelog-store"}},
	}
	l := &life{failed: subject.Event{Code: "corrupt", Message: "iterate over " + filepath.Join(dir, "state-1", storeDir(0)) + ": store files are corrupt; remove the directories 0_* in " + camp.ground.state + ", and start again"}}
	if is, err := camp.refused(t.Context(), l, errRefused); !is || err != nil || len(camp.pending) != 1 {
		t.Errorf("%v, %v, %d are pending", is, err, len(camp.pending))
	}
	camp.pending = []*Line{{Kind: KindIdle}}
	if is, err := camp.refused(t.Context(), l, errRefused); is || err != nil {
		t.Errorf("nothing was damaged: %v, %v", is, err)
	}
}
