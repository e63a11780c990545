package peers_test

import (
	"testing"

	"restorebench/bench/peers"
	"restorebench/harness/record"
	"restorebench/harness/spec"
)

// A standby of Kafka Streams takes over what it has kept a copy of, once the group has noticed that nobody else will.
func TestStandbyOfKafkaStreams(t *testing.T) {
	built(t)
	for _, c := range []struct {
		version, store string
		partitions     int
		static         bool
	}{
		{"4.3.1", spec.StoreRocks, 3, true},
		{"4.2.1", spec.StoreMemory, 2, false},
		{"4.3.1", spec.StoreMemory, 1, false},
		{"4.1.2", spec.StoreRocks, 1, false},
	}[:of(2, 4)] {
		name := "kafka-streams@" + c.version
		t.Run(name+" "+c.store, func(t *testing.T) {
			_, command, err := peers.Find(name)
			if err != nil {
				t.Fatal(err)
			}
			rec := do(t, command, record.Cell{
				Subject: name, Store: c.store, Recovery: record.Standby, Standby: 1, Tail: 0.2, Keys: 3000, Partitions: c.partitions,
				Group: spec.GroupClassic, SessionTimeoutMS: 6000, StaticMembership: c.static,
			})
			if !rec.Valid || rec.Path != record.Standby || rec.StandbyLag == nil {
				t.Fatalf("%s: %s, by %s, lag %v", rec.Subject, rec.Why, rec.Path, rec.StandbyLag)
			}
			if loaded := int64(3000*2/c.partitions) / 2; rec.Restored.Records > loaded {
				t.Errorf("%d records restored, the copy had at least %d", rec.Restored.Records, loaded)
			}
			took, known := rec.Phases[record.PhaseSpawn]
			if assign := rec.Phases[record.PhaseAssign]; !known || took != 0 || assign < 2.5e9 {
				t.Errorf("%v: nothing is spawned, and the group is waited for", rec.Phases)
			}
			t.Logf("%v, %d behind, %d restored", rec.Phases, *rec.StandbyLag, rec.Restored.Records)
		})
	}
}

// Processes of Kafka Streams share the partitions. What a dead one had goes to the others or, if it is a static member and is
// started again, back to it.
func TestInstancesOfKafkaStreams(t *testing.T) {
	built(t)
	for _, c := range []struct {
		version, store, recovery, group string
		instances, partitions           int
		static                          bool
		keys                            int64
	}{
		{"4.3.1", spec.StoreRocks, record.Replay, spec.GroupClassic, 2, 2, false, 40_000}, // more than acceptable.recovery.lag
		{"4.3.1", spec.StoreRocks, record.Local, spec.GroupClassic, 2, 3, true, 3000},
		{"4.2.1", spec.StoreRocks, record.LocalTail, spec.GroupClassic, 2, 3, true, 3000},
		{"4.1.2", spec.StoreMemory, record.Replay, spec.GroupClassic, 2, 4, false, 3000},
		{"4.3.1", spec.StoreMemory, record.Replay, spec.GroupStreams, 2, 4, false, 3000}, // whose session time-out is the broker's, 45 s
	}[:of(2, 5)] {
		name := "kafka-streams@" + c.version
		t.Run(name+" "+c.store+" "+c.recovery+" "+c.group, func(t *testing.T) {
			_, command, err := peers.Find(name)
			if err != nil {
				t.Fatal(err)
			}
			rec := do(t, command, record.Cell{
				Subject: name, Store: c.store, Recovery: c.recovery, Instances: c.instances, Keys: c.keys, Partitions: c.partitions,
				Group: c.group, SessionTimeoutMS: map[bool]int64{false: 6000, true: 30_000}[c.static], StaticMembership: c.static,
			})
			if !rec.Valid || rec.Path != c.recovery {
				t.Fatalf("%s: %s, by %s", rec.Subject, rec.Why, rec.Path)
			}
			if all := rec.Keys * int64(rec.UpdatesPerKey); rec.Recovery == record.Replay && (rec.Restored.Records == 0 || rec.Restored.Records > all*3/4) {
				t.Errorf("%d records restored of %d: only those of the dead process's partitions are", rec.Restored.Records, all)
			}
			spawn, assign := rec.Phases[record.PhaseSpawn], rec.Phases[record.PhaseAssign]
			if c.static != (spawn > 0) || !c.static && assign < 2.5e9 {
				t.Errorf("%v: a static member is spawned, and any other one's session waited for", rec.Phases)
			}
			t.Logf("%v, %d restored", rec.Phases, rec.Restored.Records)
		})
	}
}
