package peers_test

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	_ "restorebench/bench/benchmarks/sizes" // go test -bench ./bench/... -args reaches this package too
	"restorebench/bench/peers"
	"restorebench/harness/broker/brokertest"
	"restorebench/harness/record"
	"restorebench/harness/spec"
	"restorebench/harness/subject"
	"restorebench/harness/trial"
)

// wide takes every case of the tests that start several JVMs, not only one of each kind: a quarter of an hour.
var wide = flag.Bool("wide", false, "more versions and ways to share partitions")

func TestMain(m *testing.M) { os.Exit(brokertest.Main(m)) }

// build runs scripts/peers once, where what it needs is there; where it must be, a failure is one.
var build = sync.OnceValue(func() error {
	for _, tool := range []string{"java", "mvn", "python3"} {
		if _, err := exec.LookPath(tool); err != nil {
			return err
		}
	}
	if out, err := exec.Command("../../scripts/peers").CombinedOutput(); err != nil {
		return fmt.Errorf("scripts/peers: %w\n%s", err, out)
	}
	return nil
})

func built(t *testing.T) {
	t.Helper()
	if err := build(); err != nil {
		if os.Getenv("RESTOREBENCH_REQUIRE_JAVA") == "1" {
			t.Fatal(err)
		}
		t.Skipf("needs the peers: %v", err)
	}
}

func do(t *testing.T, command subject.Command, c record.Cell) record.Record {
	t.Helper()
	s := spec.Default()
	of := trial.Subject{Command: command}
	if p, _, err := peers.Find(c.Subject); err == nil {
		of.Headers, of.Settings = p.Headers, p.InForce
	}
	r := &trial.Runner{
		Run: fmt.Sprintf("test%d", time.Now().UnixNano()), Spec: s, Broker: brokertest.Start(t), Dir: t.TempDir(),
		Subjects: map[string]trial.Subject{c.Subject: of},
	}
	return doWith(t, r, c)
}

// doWith runs a trial by a runner that is complete.
func doWith(t *testing.T, r *trial.Runner, c record.Cell) record.Record {
	t.Helper()
	c.KeyBytes, c.ValueBytes, c.UpdatesPerKey, c.Partitions = 16, 50, 2, max(c.Partitions, 1)
	if c.Recovery == record.LocalTail {
		c.Tail = 0.1
	}
	before, _ := filepath.Glob(filepath.Join(os.TempDir(), "librocksdbjni*"))
	rec, err := r.Do(context.Background(), 0, c, 5)
	if err != nil {
		t.Fatal(err)
	}
	if after, _ := filepath.Glob(filepath.Join(os.TempDir(), "librocksdbjni*")); len(after) > len(before) {
		t.Errorf("left in the temporary directory: %v", after)
	}
	brokertest.NoTopics(t, r.Broker.Bootstrap(), r.Run, r.Spec.Client)
	return rec
}

// Every system gets into a cluster that asks for a password, by TLS, with the settings that our own processor gets.
func TestPeersOfASecuredCluster(t *testing.T) {
	built(t)
	const password = `hunter2-canary"\`
	b, client := brokertest.Secured(t, brokertest.SASLTLS, password)
	for _, c := range []struct{ name, store string }{
		{"kafka-streams@4.3.1", spec.StoreRocks}, {"kafka-streams@4.1.2", spec.StoreMemory}, {"naive-go", spec.StoreMemory}, {"quix", spec.StoreRocks},
	} {
		t.Run(c.name, func(t *testing.T) {
			p, command, err := peers.Find(c.name)
			if err != nil {
				t.Fatal(err)
			}
			s := spec.Default()
			s.Client, s.Subjects = client, []string{p.Name}
			s.Stores, s.Recovery, s.Systems = []string{c.store}, []string{record.Replay}, map[string]spec.System{p.Name: p.System}
			if _, left, err := s.Cells(); err != nil || len(left) > 0 {
				t.Fatalf("left out: %v, %v", left, err)
			}
			r := &trial.Runner{
				Run: fmt.Sprintf("test%d", time.Now().UnixNano()), Spec: s, Broker: b, Dir: t.TempDir(),
				Subjects: map[string]trial.Subject{p.Name: {Command: command, Headers: p.Headers}},
			}
			rec := doWith(t, r, record.Cell{Subject: p.Name, Store: c.store, Recovery: record.Replay, Keys: 500})
			if !rec.Valid || rec.Broker.Security != brokertest.SASLTLS {
				t.Errorf("%s (%+v)", rec.Why, rec.Broker)
			}
		})
	}
}

// of is how many cases are taken: few, or with wide all.
func of(few, all int) int {
	if *wide {
		return all
	}
	return few
}

// Every peer comes back from a SIGKILL with every byte, by each path that it can take; those that differ in their version or their
// settings, by one that shows it.
func TestPeersComeBack(t *testing.T) {
	built(t)
	for _, name := range peers.Names() {
		p, command, err := peers.Find(name)
		if err != nil {
			t.Fatal(err)
		}
		older := strings.HasSuffix(name, "@4.2.1") || strings.HasSuffix(name, "@4.1.2")
		tuned := strings.HasPrefix(name, "kafka-streams-tuned@")
		for _, store := range p.Stores {
			for _, recovery := range p.Recovery {
				switch {
				case store == spec.StoreMemory && recovery != record.Replay:
					continue
				case older && (recovery != record.LocalTail || tuned):
					continue
				case tuned && !*wide && (recovery != record.Replay || store != spec.StoreRocks): // the settings are those of the restore
					continue
				}
				t.Run(name+" "+store+" "+recovery, func(t *testing.T) {
					rec := do(t, command, record.Cell{Subject: name, Store: store, Recovery: recovery, Keys: 2000, Partitions: 2})
					if !rec.Valid || rec.Path != recovery || rec.Verify.Count != 2000 && recovery != record.LocalTail {
						t.Errorf("%s: %s, by %s, %d entries", rec.Subject, rec.Why, rec.Path, rec.Verify.Count)
					}
					if rec.System == nil || rec.System.Version == "" || !slices.Equal(rec.System.Settings, p.InForce(rec.Cell)) {
						t.Errorf("the record tells %+v of its system", rec.System)
					}
				})
			}
		}
	}
}

// Under exactly once Kafka Streams comes back by each path, on a changelog of transactions. It was idle, and its files are used.
func TestKafkaStreamsExactlyOnce(t *testing.T) {
	built(t)
	for _, c := range []struct{ name, recovery string }{
		{"kafka-streams@4.3.1", record.Local},
		{"kafka-streams@4.2.1", record.LocalTail},
		{"kafka-streams@4.3.1", record.Replay},
		{"kafka-streams@4.2.1", record.Local},
		{"kafka-streams@4.1.2", record.Local},
	}[:of(2, 5)] {
		t.Run(c.name+" "+c.recovery, func(t *testing.T) {
			p, command, err := peers.Find(c.name)
			if err != nil {
				t.Fatal(err)
			}
			if !p.ExactlyOnce || !strings.Contains(strings.Join(p.Differences(), ";"), "exactly_once_v2, with --guarantee eos") {
				t.Errorf("%+v does not tell of it", p)
			}
			rec := do(t, command, record.Cell{Subject: c.name, Store: spec.StoreRocks, Recovery: c.recovery, Keys: 2000, Partitions: 2, Guarantee: spec.ExactlyOnce})
			if !rec.Valid || rec.Path != c.recovery || rec.Reason != "" || rec.Guarantee != spec.ExactlyOnce {
				t.Errorf("%s: by %s (%s)", rec.Why, rec.Path, rec.Reason)
			}
			if rec.System == nil || !slices.Contains(rec.System.Settings, "processing.guarantee=exactly_once_v2") {
				t.Errorf("the record does not tell of it: %+v", rec.System)
			}
			if rec.Restored.Offsets <= rec.Restored.Records {
				t.Errorf("%+v: no offset is a marker's", rec.Restored)
			}
		})
	}
}

// The example that harness/subject documents is a subject.
func TestExample(t *testing.T) {
	built(t)
	command := subject.Command{Path: "../../.deps/peers/python/bin/python", Args: []string{"../../harness/subject/example.py"}}
	rec := do(t, command, record.Cell{Subject: spec.SubjectCustom, Store: spec.StoreMemory, Recovery: record.Replay, Keys: 3000, Partitions: 2})
	if !rec.Valid {
		t.Error(rec.Why)
	}
}

// Fairness: what a peer's program sets beyond its arguments is told too.
func TestDifferencesTellWhatThePeersSet(t *testing.T) {
	built(t)
	for name, want := range map[string]string{
		"kafka-streams": "group.instance.id", "kafka-streams-tuned": "restore.consumer.max.poll.records=10000", "naive-go": "enable.auto.commit=false",
	} {
		p, _, err := peers.Find(name)
		if err != nil {
			t.Fatal(err)
		}
		if got := strings.Join(p.Differences(), "; "); !strings.Contains(got, want) {
			t.Errorf("%s: %q does not tell %s", name, got, want)
		}
	}
}

func TestFind(t *testing.T) {
	if _, _, err := peers.Find("flink"); !errors.Is(err, peers.ErrUnknown) || !strings.Contains(err.Error(), "kafka-streams@") {
		t.Errorf("flink: %v", err)
	}
	t.Chdir(t.TempDir()) // where nothing is built
	var missing *peers.Unavailable
	for name, want := range map[string]string{ // the newest of what is left open
		"kafka-streams": "kafka-streams@4.3.1", "kafka-streams@4": "kafka-streams@4.3.1", "kafka-streams@4.2": "kafka-streams@4.2.1", "kafka-streams@4.1.2": "kafka-streams@4.1.2",
		"kafka-streams-tuned@4.1": "kafka-streams-tuned@4.1.2", "naive-go": "naive-go",
		"kafka": "", "kafka-streams@": "", "kafka-streams@4.2.": "", "kafka-streams@4.4": "", "kafka-streams@4.3.10": "", "naive": "",
	} {
		p, _, err := peers.Find(name)
		if errors.Is(err, peers.ErrUnknown) != (want == "") || want != "" && p.Name != want {
			t.Errorf("%q: %+v, %v, want %s", name, p, err, want)
		}
	}
	if _, _, err := peers.Find("naive-go"); !errors.As(err, &missing) || !strings.Contains(err.Error(), "make peers") {
		t.Errorf("not built: %v", err)
	}
	program := filepath.Join(".deps", "peers", "kafka-streams-4.3.1", "kafka-streams-subject.jar")
	if err := os.MkdirAll(filepath.Dir(program), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(program, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	t.Setenv("PATH", "")
	if _, _, err := peers.Find("kafka-streams"); !errors.As(err, &missing) || !strings.Contains(err.Error(), "java") {
		t.Errorf("no Java: %v", err)
	}
	program = filepath.Join(".deps", "peers", "quix", "bin", "quix-subject")
	if err := os.MkdirAll(filepath.Dir(program), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(os.WriteFile(program, nil, 0o700), os.Symlink("/nowhere/python3", filepath.Join(filepath.Dir(program), "python"))); err != nil {
		t.Fatal(err)
	}
	if _, _, err := peers.Find("quix"); !errors.As(err, &missing) || !strings.Contains(err.Error(), "python") {
		t.Errorf("no Python: %v", err)
	}
}
