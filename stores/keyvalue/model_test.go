package keyvalue

import (
	"bytes"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"restorebench/stores"
	"restorebench/stores/storetest"
)

// parseWrite reads `put key value timestamp`, bytes in hexadecimal, "." for none and
// "-" for nil.
func parseWrite(t *testing.T, line string) (w storetest.Record) {
	t.Helper()
	var op, key, value string
	if _, err := fmt.Sscan(line, &op, &key, &value, &w.Timestamp); err != nil || op != "put" {
		t.Fatalf("line %q: %v", line, err)
	}
	var keyErr, valueErr error
	w.Key, keyErr = hex.DecodeString(key)
	switch value {
	case "-":
	case ".":
		w.Value = []byte{}
	default:
		w.Value, valueErr = hex.DecodeString(value)
	}
	if err := errors.Join(keyErr, valueErr); err != nil {
		t.Fatalf("line %q: %v", line, err)
	}
	return w
}

// model is a live store's truth: rows as reads give them, keys from the one used
// longest ago to the newest (kept for an LRU map only), and the changelog.
type model struct {
	kind
	rows map[string][]byte
	used []string
	log  storetest.Changelog
}

func (m *model) use(key string) {
	if m.size > 0 {
		m.used = slices.DeleteFunc(m.used, func(k string) bool { return k == key })
		if m.rows[key] != nil {
			m.used = append(m.used, key)
		}
	}
}

func (m *model) get(key []byte) []byte {
	m.use(string(key))
	return m.rows[string(key)]
}

func (m *model) put(w storetest.Record) {
	switch {
	case w.Value == nil:
		delete(m.rows, string(w.Key))
	case m.timestamp:
		m.rows[string(w.Key)] = slices.Concat(binary.BigEndian.AppendUint64(nil, uint64(w.Timestamp)), w.Value)
	default:
		m.rows[string(w.Key)] = w.Value
	}
	m.use(string(w.Key))
	if m.size > 0 && len(m.rows) > m.size {
		m.log = append(m.log, storetest.Record{Key: []byte(m.used[0]), Timestamp: w.Timestamp})
		delete(m.rows, m.used[0])
		m.used = m.used[1:]
	}
	m.log = append(m.log, w)
}

// contents are the rows with from <= key < to and the prefix, as text.
func (m *model) contents(from, to, prefix []byte, reverse bool) string {
	var lines []string
	for _, key := range slices.Sorted(maps.Keys(m.rows)) {
		if key >= string(from) && (to == nil || key < string(to)) && strings.HasPrefix(key, string(prefix)) {
			lines = append(lines, fmt.Sprintf("%x = %x", key, m.rows[key]))
		}
	}
	if reverse {
		slices.Reverse(lines)
	}
	return strings.Join(lines, "\n")
}

// live is a store under test beside its model.
type liveTest struct {
	*model
	dir       string
	store     *KeyValue
	log       storetest.Changelog
	committed int
}

func (l *liveTest) open(t *rapid.T) {
	var err error
	l.store, err = l.model.open(l.dir, l.log.Write)
	if err != nil {
		t.Fatal(err)
	}
}

var (
	someKeys   = rapid.SliceOfN(rapid.SampledFrom([]byte{0, 'a', 'b', 0xff}), 1, 3)
	someValues = rapid.SampledFrom([][]byte{nil, {}, []byte("v"), []byte("other"), {0xff}})
	someTimes  = rapid.OneOf(rapid.Int64Range(0, 50), rapid.SampledFrom([]int64{0, 1 << 62}))
)

func drawWrite(t *rapid.T) storetest.Record {
	return storetest.Record{Key: someKeys.Draw(t, "key"), Value: someValues.Draw(t, "value"), Timestamp: someTimes.Draw(t, "timestamp")}
}

// TestModel drives live writes, reads, commits, reopenings and restores from the
// logged changelog in any order.
func TestModel(t *testing.T) {
	for _, k := range kinds {
		t.Run(k.name, func(t *testing.T) {
			k.prepare(t)
			rapid.Check(t, func(t *rapid.T) {
				l := &liveTest{model: &model{kind: k, rows: map[string][]byte{}}, dir: storetest.TempDir(t)}
				l.open(t)
				defer func() { l.store.Close() }()
				t.Repeat(map[string]func(*rapid.T){
					"put": l.testPut, "put if absent": l.testPutIfAbsent, "delete": l.testDelete, "get": l.testGet,
					"range": l.testRange, "commit": l.commit, "reopen": l.reopen, "restore": l.restore,
					"": l.check,
				})
			})
		})
	}
}

func (l *liveTest) testPut(t *rapid.T) {
	w := drawWrite(t)
	l.put(w)
	if err := l.store.Put(w.Key, w.Value, w.Timestamp); err != nil {
		t.Fatal(err)
	}
}

func (l *liveTest) testPutIfAbsent(t *rapid.T) {
	w := drawWrite(t)
	want := l.get(w.Key)
	if want == nil {
		l.put(w)
	}
	got, err := l.store.PutIfAbsent(w.Key, w.Value, w.Timestamp)
	compare(t, "put if absent", got, want, err)
}

func (l *liveTest) testDelete(t *rapid.T) {
	w := drawWrite(t)
	want := l.get(w.Key)
	l.put(storetest.Record{Key: w.Key, Timestamp: w.Timestamp})
	got, err := l.store.Delete(w.Key, w.Timestamp)
	compare(t, "delete", got, want, err)
}

func (l *liveTest) testGet(t *rapid.T) {
	key := someKeys.Draw(t, "key")
	got, err := l.store.Get(key)
	compare(t, "get", got, l.get(key), err)
}

func compare(t *rapid.T, what string, got, want []byte, err error) {
	if err != nil || !bytes.Equal(got, want) || (got == nil) != (want == nil) {
		t.Fatalf("%s: %x (nil: %v), %v; want %x (nil: %v)", what, got, got == nil, err, want, want == nil)
	}
}

func (l *liveTest) testRange(t *rapid.T) {
	from, to := someKeys.Draw(t, "from"), someKeys.Draw(t, "to")
	for what, c := range map[string]struct{ got, want string }{
		"range":   {storetest.Contents(t, l.store.Range(from, to)), l.contents(from, to, nil, false)},
		"reverse": {storetest.Contents(t, l.store.ReverseRange(from, to)), l.contents(from, to, nil, true)},
		"up to":   {storetest.Contents(t, l.store.ReverseRange(nil, to)), l.contents(nil, to, nil, true)},
		"prefix":  {storetest.Contents(t, l.store.PrefixScan(from)), l.contents(nil, nil, from, false)},
	} {
		if c.got != c.want {
			t.Fatalf("%s from %x to %x is\n%s\nwant\n%s", what, from, to, c.got, c.want)
		}
	}
}

// check compares everything, and the changelog.
func (l *liveTest) check(t *rapid.T) {
	if got, want := storetest.Contents(t, l.store.Range(nil, nil)), l.contents(nil, nil, nil, false); got != want {
		t.Fatalf("store holds\n%s\nwant\n%s", got, want)
	}
	if got, want := fmt.Sprint(l.log), fmt.Sprint(l.model.log); got != want {
		t.Fatalf("log is %s, want %s", got, want)
	}
}

func (l *liveTest) commit(t *rapid.T) {
	l.committed = len(l.log)
	b := &stores.Batch{Next: stores.Offset(l.committed)}
	if err := errors.Join(l.store.Apply(b), l.store.Flush()); err != nil {
		t.Fatal(err)
	}
}

// reopen comes back with what was committed at the least, and replays the rest.
func (l *liveTest) reopen(t *rapid.T) {
	if err := l.store.Close(); err != nil {
		t.Fatal(err)
	}
	l.used = nil
	l.open(t)
	from, _ := l.store.Offset()
	if l.durable && int(from) != l.committed {
		t.Fatalf("came back at %d, committed was %d", from, l.committed)
	}
	storetest.Replay(t, l.store, l.log, from, nil)
	for _, w := range l.log { // the order of use, as far as the changelog tells
		l.use(string(w.Key))
	}
	l.committed = len(l.log)
}

// restore fills an empty store from the changelog.
func (l *liveTest) restore(t *rapid.T) {
	s, err := l.model.open(storetest.TempDir(t), func([]byte, []byte, int64) { t.Fatal("a restore logs") })
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	storetest.Replay(t, s, l.log, 0, nil)
	if got, want := storetest.Contents(t, s.Range(nil, nil)), l.contents(nil, nil, nil, false); got != want {
		t.Fatalf("restored store holds\n%s\nwant\n%s", got, want)
	}
}
