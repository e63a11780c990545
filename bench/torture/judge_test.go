package torture

import (
	"testing"

	"restorebench/harness/subject"
)

func put(key, value string) write { return write{[]byte(key), []byte(value)} }
func del(key string) write        { return write{key: []byte(key)} }

func state(pairs ...string) (entries []subject.Entry) {
	for i := 0; i < len(pairs); i += 2 {
		entries = append(entries, subject.Entry{Key: []byte(pairs[i]), Value: []byte(pairs[i+1])})
	}
	return entries
}

func TestCompare(t *testing.T) {
	writes := []write{put("a", "1"), put("b", "1"), del("b"), put("a", "2"), put("c", ""), put("a", "3"), del("c"), put("b", "4")}
	const sure = 5 // a is 2, b is deleted, c is empty; what follows may be there or not
	for _, c := range []struct {
		name  string
		state []subject.Entry
		sure  int
		want  Damage
	}{
		{"all", state("a", "3", "b", "4"), len(writes), Damage{}},
		{"the sure part", state("a", "2", "c", ""), sure, Damage{}},
		{"more than that", state("a", "3", "c", "", "b", "4"), sure, Damage{}},
		{"a deletion to come", state("a", "2"), sure, Damage{}},
		{"of nothing", nil, 0, Damage{}},
		{"absent", state("c", ""), sure, Damage{Lost: 1}},
		{"overwritten", state("a", "1", "c", ""), sure, Damage{Lost: 1}},
		{"deleted", state("a", "2", "b", "1", "c", ""), sure, Damage{Resurrected: 1}},
		{"never written bytes", state("a", "9", "c", ""), sure, Damage{Wrong: 1}},
		{"never written key", state("a", "2", "c", "", "z", "1"), sure, Damage{Wrong: 1}},
		{"twice", state("a", "2", "a", "2", "c", ""), sure, Damage{Wrong: 1}},
		{"more than there is", state("a", "3", "b", "4", "c", ""), len(writes), Damage{Resurrected: 1}},
		{"nothing", nil, len(writes), Damage{Lost: 2}},
		{"two at once", state("b", "1", "a", "x"), sure, Damage{Resurrected: 1, Wrong: 1}},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := compare(c.state, writes, c.sure)
			if first := got.First; (first == "") == got.any() {
				t.Errorf("said %q of %+v", first, got)
			}
			got.First = ""
			if got != c.want {
				t.Errorf("%+v, want %+v", got, c.want)
			}
		})
	}
}

// An empty value is there, a null one is not.
func TestCompareTellsEmptyFromAbsent(t *testing.T) {
	if d := compare(nil, []write{put("a", "")}, 1); d.Lost != 1 {
		t.Errorf("%+v, want a lost key", d)
	}
	if d := compare(state("a", ""), []write{put("a", ""), del("a")}, 2); d.Resurrected != 1 {
		t.Errorf("%+v, want a resurrected key", d)
	}
}

func TestDamageIsSummedUpUnderItsFirstWords(t *testing.T) {
	var d Damage
	d.add(Damage{}, "nowhere")
	d.add(Damage{Lost: 1, First: "x"}, "here")
	d.add(Damage{Lost: 1, Wrong: 2, First: "y"}, "there")
	if d != (Damage{Lost: 2, Wrong: 2, First: "here: x"}) {
		t.Errorf("%+v", d)
	}
}
