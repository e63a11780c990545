package peers_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"restorebench/bench/peers"
	"restorebench/harness/broker/brokertest"
	"restorebench/harness/changelog"
	"restorebench/harness/spec"
	"restorebench/harness/subject"
)

// What Kafka Streams does with its files under exactly once, killed behind so much traffic that RocksDB has flushed some of it: 4.3
// knows from the store that it was not closed, wipes it, and our program says so. 4.2 writes its .checkpoint when its restore is
// done, and goes on from there: no wipe is told.
func TestKafkaStreamsKilledInTraffic(t *testing.T) {
	built(t)
	for _, c := range []struct {
		name  string
		wiped bool
	}{{"kafka-streams@4.3.1", true}, {"kafka-streams@4.2.1", false}} {
		t.Run(c.name, func(t *testing.T) {
			_, command, err := peers.Find(c.name)
			if err != nil {
				t.Fatal(err)
			}
			s := newStreams(t, command)
			s.write(s.log, 1000)
			s.live("first", func(p *subject.Process) error { return p.Stop(t.Context()) })
			s.live("second", func(p *subject.Process) error {
				s.write(s.input, 250_000) // 16 MiB are a memtable
				s.await(200_000)
				_, err := p.Kill()
				return err
			})
			start := s.live("third", func(p *subject.Process) error { return nil })
			if told := strings.Contains(start.Reason, "has wiped its files"); told != c.wiped || c.wiped != (start.From == 0) {
				t.Errorf("it began at offset %d of %d: %q", start.From, start.To, start.Reason)
			}
		})
	}
}

// streams is an application of Kafka Streams on its topics.
type streams struct {
	*testing.T
	command           subject.Command
	brokers, log      string
	input, dir, files string
}

func newStreams(t *testing.T, command subject.Command) *streams {
	app := fmt.Sprintf("test-%x", rand.Uint64())
	dir := t.TempDir()
	s := &streams{
		T: t, command: command, brokers: brokertest.Start(t).Bootstrap(),
		log: changelog.TopicName(app, "store"), input: app + "-input", dir: dir, files: filepath.Join(dir, "state"),
	}
	admin, err := changelog.NewAdmin(s.brokers)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		defer admin.Close()
		if err := admin.Delete(context.Background(), s.log, s.input); err != nil {
			t.Error(err)
		}
	})
	for topic, config := range map[string]map[string]string{s.log: changelog.TopicConfig(nil), s.input: nil} {
		if err := admin.Create(t.Context(), topic, 1, config); err != nil {
			t.Fatal(err)
		}
	}
	return s
}

// write writes so many records, of another key each.
func (s *streams) write(topic string, n int) {
	s.Helper()
	w, err := changelog.NewWriter(s.brokers, topic, 0, time.Minute, nil)
	if err != nil {
		s.Fatal(err)
	}
	defer w.Close()
	for i := 0; i < n; {
		b := changelog.NewBatch()
		for ; i < n && b.Len() < 4000; i++ {
			b.Append(fmt.Appendf(nil, "%s-%08d", topic, i), make([]byte, 100), time.Now().UnixMilli(), b.Next)
		}
		ticket, err := w.Send(b)
		if err == nil {
			_, err = w.Wait(s.Context(), ticket)
		}
		if err != nil {
			s.Fatal(err)
		}
	}
}

// await waits until the changelog has so many records.
func (s *streams) await(n int64) {
	s.Helper()
	r, err := changelog.NewReader(s.brokers, s.log, changelog.ReaderOptions{})
	if err != nil {
		s.Fatal(err)
	}
	defer r.Close()
	for began := time.Now(); ; time.Sleep(100 * time.Millisecond) {
		_, end, err := r.EndOffsets(0, time.Minute)
		switch {
		case err != nil:
			s.Fatal(err)
		case int64(end) > n:
			return
		case time.Since(began) > 3*time.Minute:
			s.Fatalf("the changelog ends at %d, want %d", end, n)
		}
	}
}

// live is an incarnation that is ended by end once it is ready. It returns the beginning of its restore.
func (s *streams) live(name string, end func(*subject.Process) error) (start subject.Event) {
	s.Helper()
	p, err := subject.Start(s.command, subject.Task{
		Brokers: s.brokers, Topic: s.log, StateDir: s.files, Store: spec.StoreRocks,
		Config: subject.Config{Partitions: []int32{0}, ExactlyOnce: true},
	}, s.dir, name)
	if err != nil {
		s.Fatal(err)
	}
	defer p.Release()
	hung := time.After(3 * time.Minute)
	for {
		select {
		case e := <-p.Events():
			switch e.Event {
			case subject.RestoreStart:
				start = e
			case subject.Ready:
				if err := end(p); err != nil {
					s.Fatal(err)
				}
				return start
			case subject.Failed, "":
				s.Fatalf("%s: %s; %s", name, e.Message, p.LogTail(5))
			}
		case <-hung:
			s.Fatalf("%s: hung; %s", name, p.LogTail(5))
		}
	}
}
