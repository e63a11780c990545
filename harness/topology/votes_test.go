package topology

import (
	"cmp"
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"restorebench/stores"
)

// rows is a key-value store in a map: plain, with timestamps, or with versions.
type rows struct {
	timestamps, versions bool
	m                    map[string]Record
}

func (r *rows) Get(key []byte) ([]byte, int64, error) {
	v := r.m[string(key)]
	if !r.timestamps {
		v.Timestamp = 0
	}
	return v.Value, v.Timestamp, nil
}

func (r *rows) Put(key, value []byte, timestamp int64) (bool, error) {
	if old, ok := r.m[string(key)]; r.versions && ok && old.Timestamp > timestamp {
		return false, nil
	}
	r.m[string(key)] = Record{Value: value, Timestamp: timestamp}
	return true, nil
}

func (r *rows) state() string {
	var out []string
	for key, v := range r.m {
		n := binary.BigEndian.Uint64(v.Value)
		if r.timestamps {
			out = append(out, fmt.Sprintf("%s=(%d,%d)", key, n, v.Timestamp))
		} else {
			out = append(out, fmt.Sprintf("%s=%d", key, n))
		}
	}
	slices.Sort(out)
	return strings.Join(out, " ")
}

// windows and sessions in maps.
type windows map[string]Record

func (w windows) Fetch(key []byte, start int64) ([]byte, int64, error) {
	v := w[fmt.Sprintf("%s[%d,%d)", key, start, start+10)]
	return v.Value, v.Timestamp, nil
}

func (w windows) Put(key, value []byte, start, timestamp int64) (bool, error) {
	w[fmt.Sprintf("%s[%d,%d)", key, start, start+10)] = Record{Value: value, Timestamp: timestamp}
	return true, nil
}

type sessions map[string][]Session

func (s sessions) Find(key []byte, earliestEnd, latestStart int64) (found []Session, err error) {
	for _, x := range s[string(key)] {
		if x.End >= earliestEnd && x.Start <= latestStart {
			found = append(found, x)
		}
	}
	slices.SortFunc(found, func(a, b Session) int { return cmp.Compare(a.End, b.End) })
	return found, nil
}

func (s sessions) Put(key []byte, span Span, value []byte, _ int64) (bool, error) {
	s[string(key)] = slices.DeleteFunc(s[string(key)], func(x Session) bool { return x.Span == span })
	if value != nil {
		s[string(key)] = append(s[string(key)], Session{span, value})
	}
	return true, nil
}

// emissions feeds the votes and writes what comes out as a1@1, the count of a at 1;
// suffix is what a windowed key has behind the item.
func emissions(t *testing.T, topology Topology, suffix int, votes []Record) string {
	t.Helper()
	var out []string
	emit := func(r Record) error {
		n := "-null"
		if r.Value != nil {
			n = fmt.Sprint(binary.BigEndian.Uint64(r.Value))
		}
		out = append(out, fmt.Sprintf("%s%s@%d", r.Key[:len(r.Key)-suffix], n, r.Timestamp))
		return nil
	}
	for _, v := range votes {
		if err := topology.Process(v, emit); err != nil {
			t.Fatal(err)
		}
	}
	return strings.Join(out, " ")
}

func table(timestamps, versions bool) (*Table, *rows) {
	counts := &rows{timestamps: timestamps, m: map[string]Record{}}
	return &Table{Rows: &rows{timestamps: timestamps, versions: versions, m: map[string]Record{}}, Counts: counts}, counts
}

func TestVotesInATable(t *testing.T) {
	for _, c := range []struct {
		name                 string
		timestamps, versions bool
		state, emitted       string
	}{
		{
			"plain: the older vote overwrites the newer one", false, false,
			"a=2 b=2 c=2", "a1@1 b1@2 c1@3 a2@5 a3@10 a2@8 b2@8 c2@30",
		},
		{
			"timestamped: so it does here", true, false,
			"a=(2,10) b=(2,8) c=(2,30)", "a1@1 b1@2 c1@3 a2@5 a3@10 a2@10 b2@8 c2@30",
		},
		{
			"versioned: the older vote is history", true, true,
			"a=(3,10) b=(1,2) c=(2,30)", "a1@1 b1@2 c1@3 a2@5 a3@10 c2@30",
		},
	} {
		table, counts := table(c.timestamps, c.versions)
		if got := emissions(t, table, 0, Votes()); got != c.emitted {
			t.Errorf("%s: emitted %s, want %s", c.name, got, c.emitted)
		}
		if got := counts.state(); got != c.state {
			t.Errorf("%s: %s, want %s", c.name, got, c.state)
		}
	}
}

func TestTableDeletesAndIgnores(t *testing.T) {
	table, counts := table(true, false)
	got := emissions(t, table, 0, []Record{
		{Value: []byte("a"), Timestamp: 1}, // no key: no row
		{Key: []byte("v1"), Value: []byte("a"), Timestamp: 2},
		{Key: []byte("v1"), Value: []byte("a"), Timestamp: 3}, // out of the group and into it: one change
		{Key: []byte("v1"), Timestamp: 4},
		{Key: []byte("v1"), Timestamp: 5}, // of a row that is gone
	})
	if want := "a1@2 a1@3 a0@4"; got != want {
		t.Errorf("emitted %s, want %s", got, want)
	}
	if counts.state() != "a=(0,4)" {
		t.Error(counts.state())
	}
}

func TestVotesInWindows(t *testing.T) {
	w := windows{}
	got := emissions(t, &WindowCount{Store: w, Size: 10, Grace: 100}, 8, Votes())
	if want := "a1@1 b1@2 c1@3 a2@5 a1@10 b2@8 c1@30"; got != want {
		t.Errorf("emitted %s, want %s", got, want)
	}
	if len(w) != 5 {
		t.Errorf("%d windows: %v", len(w), w)
	}
	// Without grace, b@8 comes after its window has closed.
	got = emissions(t, &WindowCount{Store: windows{}, Size: 10}, 8, Votes())
	if want := "a1@1 b1@2 c1@3 a2@5 a1@10 c1@30"; got != want {
		t.Errorf("without grace: emitted %s, want %s", got, want)
	}
}

func TestVotesInSessions(t *testing.T) {
	s := sessions{}
	got := emissions(t, &SessionCount{Store: s, Gap: 10, Grace: 100}, 16, Votes())
	if want := "a1@1 b1@2 c1@3 a-null@1 a2@5 a-null@5 a3@10 b-null@2 b2@8 c1@30"; got != want {
		t.Errorf("emitted %s, want %s", got, want)
	}
	if len(s["a"]) != 1 || s["a"][0].Span != (Span{1, 10}) || len(s["c"]) != 2 {
		t.Errorf("%v", s)
	}
	if got := emissions(t, &SessionCount{Store: sessions{}, Gap: 1}, 16, append(Votes(), Votes()[0])); !strings.HasSuffix(got, "c1@30") {
		t.Errorf("a late record was counted: %s", got)
	}
}

// A session that grows within its bounds is removed and put again, but for one of a
// single time, as in Kafka Streams.
func TestSessionOfEqualBounds(t *testing.T) {
	s := &SessionCount{Store: sessions{}, Gap: 10, Grace: 100}
	vote := func(at int64) Record { return Record{Value: []byte("a"), Timestamp: at} }
	if got := emissions(t, s, 16, []Record{vote(1), vote(1), vote(9), vote(5)}); got != "a1@1 a2@1 a-null@1 a3@9 a-null@9 a4@9" {
		t.Error(got)
	}
}

func TestMalformedCounts(t *testing.T) {
	table, counts := table(true, false)
	counts.m["a"] = Record{Value: []byte("nonsense!")}
	if err := table.Process(Votes()[0], nil); !errors.Is(err, stores.ErrLayout) {
		t.Errorf("%v", err)
	}
	s := &SessionCount{Store: sessions{"a": {{Span{1, 1}, []byte("1")}}}, Gap: 10}
	if err := s.Process(Votes()[0], nil); !errors.Is(err, stores.ErrLayout) {
		t.Errorf("%v", err)
	}
}
