package torture

import (
	"reflect"
	"strings"
	"testing"

	"restorebench/stores/killpoint"
)

func moments(seed uint64, c *Cell, n int) (all []moment) {
	s := newSchedule(seed, c)
	for range n {
		all = append(all, s.next())
	}
	return all
}

func TestScheduleIsAFunctionOfTheSeedAndTheCell(t *testing.T) {
	a, b := &cells[0], &cells[1]
	if !reflect.DeepEqual(moments(1, a, 200), moments(1, a, 200)) {
		t.Error("the same seed gave another schedule")
	}
	if reflect.DeepEqual(moments(1, a, 200), moments(2, a, 200)) {
		t.Error("another seed gave the same schedule")
	}
	if reflect.DeepEqual(moments(1, a, 20), moments(1, b, 20)) {
		t.Error("another cell has the same schedule")
	}
}

// Each round has every kind of the cell once, and cuts one restore behind a cut one.
func TestScheduleHasEveryKind(t *testing.T) {
	for i := range cells {
		c := &cells[i]
		t.Run(c.Name, func(t *testing.T) {
			round := len(everywhere) + len(c.kinds) + 1
			all := moments(7, c, 20*round)
			count := map[string]int{}
			for i, m := range all {
				count[m.kind]++
				if m.kind == KindAgain && !strings.HasPrefix(all[i-1].kind, "restore-") {
					t.Errorf("%s behind %s", m.kind, all[i-1].kind)
				}
			}
			if len(count) != round {
				t.Errorf("kinds %v, want %d", count, round)
			}
			for kind, n := range count {
				if n != 20 {
					t.Errorf("%d kills in %s, want 20", n, kind)
				}
			}
		})
	}
}

func TestMomentsAreOfTheirPoint(t *testing.T) {
	s := newSchedule(3, &cells[0])
	for kind, point := range map[string]string{
		KindWrite: killpoint.Write, KindFlush: killpoint.Flush, KindCommit: killpoint.Commit, KindCheckpoint: killpoint.Checkpoint,
		KindSnapshot: killpoint.Snapshot, KindBulk: killpoint.Bulk, KindRestore10: killpoint.Restore, KindAgain: killpoint.Restore,
	} {
		m := s.moment(kind)
		if m.plan == nil || m.plan.Point != point || m.inRestore() != (point == killpoint.Restore) {
			t.Errorf("%s: %+v", kind, m.plan)
		}
		if sooner := m.sooner(); sooner.plan.Nth != 1 || sooner.plan.Point != point {
			t.Errorf("%s, sooner: %+v", kind, sooner.plan)
		}
	}
	if m := s.moment(KindRandom); m.plan != nil || m.after < 0 || m.after >= lifeTime {
		t.Errorf("%+v", m)
	}
}
