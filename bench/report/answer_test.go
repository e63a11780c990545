package report

import (
	"slices"
	"strings"
	"testing"

	"restorebench/harness/record"
)

// The answer must not claim a difference that the intervals don't show, and must say
// so when kept files are no help.
func TestAnswer(t *testing.T) {
	for name, c := range map[string]struct {
		factor int64 // of the downtime of local recovery, in hundredths of that of replay
		want   string
	}{
		"sooner": {25, "At 1M keys, rocks from local files is back 4.0 times sooner than by replay: 1.31 s instead of 5.25 s."},
		"same":   {103, "At 1M keys, rocks from local files and replay can't be told apart: 5.41 s against 5.25 s, and the intervals overlap."},
		"later":  {200, "At 1M keys, rocks from local files is back 2.0 times later than by replay: 10.5 s instead of 5.25 s."},
	} {
		t.Run(name, func(t *testing.T) {
			rs := testRun()
			for i, r := range rs {
				if r.Store == "rocks" && r.Recovery == record.Local && r.Keys == 1_000_000 {
					same := slices.IndexFunc(rs, func(o record.Record) bool {
						return o.Store == "rocks" && o.Recovery == record.Replay && o.Keys == r.Keys && o.Trial/12 == r.Trial/12
					})
					rs[i].DowntimeNS = rs[same].DowntimeNS * c.factor / 100
				}
			}
			s, err := New(rs)
			if err != nil {
				t.Fatal(err)
			}
			if got := s.Answer(); !slices.Contains(got, c.want) {
				t.Errorf("got\n%s\nwant among them\n%s", strings.Join(got, "\n"), c.want)
			}
		})
	}
}

func TestNothingToAnswer(t *testing.T) {
	rs := testRun()[:1]
	rs[0].Valid = false
	s, err := New(rs)
	if err != nil {
		t.Fatal(err)
	}
	if got := s.Answer(); len(got) != 0 {
		t.Errorf("got %q from no valid trial", got)
	}
}
