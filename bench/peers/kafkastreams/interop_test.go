package kafkastreams_test

import (
	"bytes"
	"context"
	"fmt"
	"maps"
	"os"
	"slices"
	"strconv"
	"testing"
	"time"

	peer "restorebench/bench/peers/kafkastreams"
	"restorebench/harness/broker/brokertest"
	"restorebench/harness/changelog"
	"restorebench/harness/restore"
	"restorebench/stores"
)

const (
	seed     = 1
	patience = 2 * time.Minute
	forever  = "9223372036854775807"
)

func TestMain(m *testing.M) { os.Exit(brokertest.Main(m)) }

// It reads ours: a changelog that our live store wrote gives, restored by Kafka
// Streams, what our store holds.
func TestItReadsOurs(t *testing.T) {
	t.Parallel() // both tests mostly wait for an application to join its group
	p, b := peer.Build(t, "../kafka-streams"), brokertest.Start(t)
	app := peer.App{Bootstrap: b.Bootstrap(), ID: "ours", StateDir: t.TempDir()}
	createTopic(t, app, app.Input(), nil)
	want := map[string][]peer.Entry{}
	for _, v := range variants {
		app.Stores = append(app.Stores, v.Store)
		createTopic(t, app, app.Changelog(v.Store), topicConfig(v))
		ours, log := writeLive(t, v, peer.App{ID: app.ID, StateDir: t.TempDir()}, librdkafkas(v.operations(newGenerator(), v.Store)))
		send(t, app, app.Changelog(v.Store), log)
		want[v.Name] = entries(t, ours)
	}
	got, err := p.Dump(deadline(t), app, newGenerator().keys)
	if err != nil {
		t.Fatal(err)
	}
	for _, v := range variants {
		t.Run(v.Name, func(t *testing.T) { compare(t, v.readable(got[v.Name]), want[v.Name]) })
	}
}

// We read its: what Kafka Streams left of the same operations, its changelog and its
// state directory, gives in our stores what Kafka Streams itself holds.
func TestWeReadIts(t *testing.T) {
	t.Parallel()
	f := processed(t)
	for _, v := range variants {
		t.Run(v.Name, func(t *testing.T) {
			its := v.readable(f.its[v.Name])
			if len(its) < 50 {
				t.Fatalf("it holds %d entries only", len(its))
			}
			t.Run("topic", func(t *testing.T) { compareConfig(t, f.app, v) })
			t.Run("same operations", func(t *testing.T) {
				ours, log := writeLive(t, v, peer.App{ID: f.app.ID, StateDir: t.TempDir()}, v.operations(newGenerator(), v.Store))
				compare(t, entries(t, ours), its)
				compareLogs(t, log, f.logs[v.Name])
			})
			t.Run("changelog", func(t *testing.T) {
				ours := open(t, v, peer.App{ID: f.app.ID, StateDir: t.TempDir()}, nil)
				restoreAll(t, ours, f.app, f.app.Changelog(v.Store))
				compare(t, entries(t, ours), its)
			})
			if v.inBulk() {
				t.Run("changelog in bulk", func(t *testing.T) { compare(t, restoreInBulk(t, v, f.app), its) })
			}
			if v.Engine == peer.Rocks {
				t.Run("state directory", func(t *testing.T) {
					ours := open(t, v, f.app, nil)
					compare(t, entries(t, ours), its)
					if next, ok := ours.Offset(); !ok || next != f.ends[v.Name] {
						t.Errorf("its saved offset is %d, %v; its changelog ends at %d", next, ok, f.ends[v.Name])
					}
				})
			}
		})
	}
}

// fixture is what Kafka Streams leaves of every variant's operations.
type fixture struct {
	app  peer.App // with the state directory
	its  map[string][]peer.Entry
	logs map[string]*stores.Batch // whole changelogs
	ends map[string]stores.Offset
}

// processed lets one application process and dump all variants at once: starting one
// takes most of the time.
func processed(t *testing.T) fixture {
	p, b := peer.Build(t, "../kafka-streams"), brokertest.Start(t)
	f := fixture{
		app:  peer.App{Bootstrap: b.Bootstrap(), ID: "its", StateDir: t.TempDir()},
		logs: map[string]*stores.Batch{}, ends: map[string]stores.Offset{},
	}
	createTopic(t, f.app, f.app.Input(), nil)
	for _, v := range variants {
		f.app.Stores = append(f.app.Stores, v.Store)
		input := changelog.NewBatch()
		for i, o := range v.operations(newGenerator(), v.Store) {
			input.Append([]byte(v.Name), o.Append(nil), future, stores.Offset(i))
		}
		send(t, f.app, f.app.Input(), input)
	}
	if err := p.Process(deadline(t), f.app); err != nil {
		t.Fatal(err)
	}
	again := f.app
	again.StateDir = t.TempDir()
	var err error
	if f.its, err = p.Dump(deadline(t), again, newGenerator().keys); err != nil {
		t.Fatal(err)
	}
	for _, v := range variants {
		f.logs[v.Name], f.ends[v.Name] = readAll(t, f.app, f.app.Changelog(v.Store))
	}
	return f
}

func deadline(t *testing.T) context.Context {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	t.Cleanup(cancel)
	return ctx
}

// topicConfig is how Kafka Streams itself makes the changelog's topic.
func topicConfig(v variant) map[string]string {
	const day = 24 * 60 * 60 * 1000
	c := map[string]string{}
	switch {
	case v.segmented():
		c["cleanup.policy"] = "compact,delete"
		c["retention.ms"] = strconv.FormatInt(v.Retention+day, 10)
	case v.Type == peer.VersionedKeyValue:
		c["min.compaction.lag.ms"] = strconv.FormatInt(v.Retention+day, 10)
	}
	return changelog.TopicConfig(c)
}

func createTopic(t *testing.T, a peer.App, topic string, config map[string]string) {
	t.Helper()
	admin, err := changelog.NewAdmin(a.Bootstrap)
	if err != nil {
		t.Fatal(err)
	}
	defer admin.Close()
	all := map[string]string{"message.timestamp.after.max.ms": forever, "segment.ms": forever} // see Application.java
	maps.Copy(all, config)
	if err := admin.Create(deadline(t), topic, 1, all); err != nil {
		t.Fatal(err)
	}
}

// compareConfig checks that topicConfig says how Kafka Streams made the topic.
func compareConfig(t *testing.T, a peer.App, v variant) {
	admin, err := changelog.NewAdmin(a.Bootstrap)
	if err != nil {
		t.Fatal(err)
	}
	defer admin.Close()
	for name, want := range topicConfig(v) {
		got, err := admin.Config(deadline(t), a.Changelog(v.Store), name)
		if err != nil || got != want {
			t.Errorf("%s is %q, want %q (%v)", name, got, want, err)
		}
	}
}

// librdkafkas are the operations with timestamps that librdkafka can write: 0 means
// now to it.
func librdkafkas(list []peer.Operation) []peer.Operation {
	list = slices.Clone(list)
	for i := range list {
		list[i].Timestamp = max(list[i].Timestamp, 1)
	}
	return list
}

func open(t *testing.T, v variant, a peer.App, log stores.Log) subject {
	t.Helper()
	s, err := v.open(v.space(a), v.Store, log)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

// writeLive applies operations to a store of ours; the log is what that adds to the
// changelog.
func writeLive(t *testing.T, v variant, a peer.App, list []peer.Operation) (subject, *stores.Batch) {
	t.Helper()
	log := changelog.NewBatch()
	s := open(t, v, a, func(key, value []byte, timestamp int64) { log.Append(key, value, timestamp, log.Next) })
	for i, o := range list {
		if err := s.put(o); err != nil {
			t.Fatalf("operation %d: %v", i, err)
		}
	}
	return s, log
}

func entries(t *testing.T, s subject) []peer.Entry {
	t.Helper()
	list, err := s.entries(newGenerator().keys)
	if err != nil {
		t.Fatal(err)
	}
	slices.SortStableFunc(list, peer.Compare)
	return list
}

func send(t *testing.T, a peer.App, topic string, b *stores.Batch) {
	t.Helper()
	w, err := changelog.NewWriter(a.Bootstrap, topic, 0, patience, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	ticket, err := w.Send(b)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.Wait(deadline(t), ticket); err != nil {
		t.Fatal(err)
	}
}

// restoreAll brings a store up to its changelog's end, as a restart does.
func restoreAll(t *testing.T, s stores.Store, a peer.App, topic string) {
	t.Helper()
	r, err := changelog.NewReader(a.Bootstrap, topic, changelog.ReaderOptions{})
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	begin, end, err := r.EndOffsets(0, patience)
	if err != nil {
		t.Fatal(err)
	}
	from, err := r.Partition(0, begin)
	if err != nil {
		t.Fatal(err)
	}
	defer from.Close()
	if _, err := restore.Apply(deadline(t), from, s, restore.Range{From: begin, To: end}, &restore.Progress{}); err != nil {
		t.Fatal(err)
	}
}

// collector is a store that only keeps what is applied to it.
type collector struct {
	stores.Store
	all *stores.Batch
}

func (c collector) Flush() error { return nil }

func (c collector) Apply(b *stores.Batch) error {
	for i, e := range b.Entries {
		c.all.Append(b.Key(i), b.Value(i), e.Timestamp, stores.Offset(e.Offset))
	}
	c.all.Next = b.Next
	return nil
}

// readAll reads a whole changelog, and tells where it ends.
func readAll(t *testing.T, a peer.App, topic string) (*stores.Batch, stores.Offset) {
	t.Helper()
	c := collector{all: changelog.NewBatch()}
	restoreAll(t, c, a, topic)
	return c.all, c.all.Next
}

func compare(t *testing.T, got, want []peer.Entry) {
	t.Helper()
	if len(got) != len(want) {
		t.Errorf("%d entries, want %d", len(got), len(want))
	}
	for i := range min(len(got), len(want)) {
		g, w := got[i], want[i]
		if peer.Compare(g, w) != 0 || !bytes.Equal(g.Value, w.Value) || g.Timestamp != w.Timestamp {
			t.Fatalf("entry %d is\n%s, want\n%s (seed %d)", i, show(g), show(w), seed)
		}
	}
}

func show(e peer.Entry) string {
	return fmt.Sprintf("key %s, value %s, timestamp %d, start %d, end %d", head(e.Key), head(e.Value), e.Timestamp, e.Start, e.End)
}

// head is the beginning of bytes that may be many.
func head(b []byte) string {
	if len(b) <= 64 {
		return fmt.Sprintf("%x", b)
	}
	return fmt.Sprintf("%x... (%d bytes)", b[:64], len(b))
}

func compareLogs(t *testing.T, got, want *stores.Batch) {
	t.Helper()
	if got.Len() != want.Len() {
		t.Errorf("our changelog has %d records, its %d", got.Len(), want.Len())
	}
	for i := range min(got.Len(), want.Len()) {
		g, w := got.Entries[i], want.Entries[i]
		if !bytes.Equal(got.Key(i), want.Key(i)) || !bytes.Equal(got.Value(i), want.Value(i)) ||
			g.ValueLen != w.ValueLen || g.Timestamp != w.Timestamp {
			t.Fatalf("record %d of our changelog is %s = %s @%d, of its %s = %s @%d", i,
				head(got.Key(i)), head(got.Value(i)), g.Timestamp, head(want.Key(i)), head(want.Value(i)), w.Timestamp)
		}
	}
}
