package spec

import (
	"slices"
	"strings"
	"time"

	"restorebench/harness/record"
)

// Limits of the knobs.
const (
	maxKeys       = 1_000_000_000
	maxValueBytes = 1 << 20
	minKeyBytes   = 8 // the bytes that make a generated key unique
	maxKeyBytes   = 64 << 10
	maxPartitions = 1000
	maxUpdates    = 1000
	maxRuns       = 1000
	maxCacheBytes = 64e9
	maxStandby    = 1
	maxInstances  = 4
)

// Knobs lists every setting.
var Knobs = []Knob{
	{
		Name: "keys", Usage: "keys that the store holds, a list", Allowed: "a whole number from 1 to 1G, such as 10k or 1M",
		defaults: []string{"10k", "100k", "1M"}, list: true,
		set: intsInto(func(s *Spec) *[]int64 { return &s.Keys }, 1, maxKeys),
	},
	{
		Name: "value-bytes", Usage: "bytes of a value, 1 to 1Mi, a list", Allowed: "a whole number from 1 to 1Mi, such as 100 or 1Ki",
		defaults: []string{"100"}, list: true,
		set: sizesInto(func(s *Spec) *[]int64 { return &s.ValueBytes }, 1, maxValueBytes),
	},
	{
		Name: "key-bytes", Usage: "bytes of a key, 8 to 64Ki", Allowed: "a whole number from 8 to 64Ki",
		defaults: []string{"16"},
		set:      sizeInto(func(s *Spec) *int64 { return &s.KeyBytes }, minKeyBytes, maxKeyBytes),
	},
	{
		Name: "compressible", Usage: "share of each value's bytes that are the same in all of them", Allowed: "a share from 0 to 1, such as 0.5 or 50%",
		defaults: []string{"0%"},
		set:      shareInto(func(s *Spec) *float64 { return &s.Compressible }, true),
	},
	{
		Name: "key-order", Usage: "order in which keys are first written: random or sorted, a list", Allowed: "random or sorted",
		list: true, defaults: []string{KeyOrderRandom},
		set: namesInto(func(s *Spec) *[]string { return &s.KeyOrder }, KeyOrderRandom, KeyOrderSorted),
	},
	{
		Name: "partitions", Usage: "partitions of the changelog, a list", Allowed: "a whole number from 1 to 1000",
		defaults: []string{"1"}, list: true,
		set: intsInto(func(s *Spec) *[]int64 { return &s.Partitions }, 1, maxPartitions),
	},
	{
		Name: "updates-per-key", Usage: "times that every key is written, a list", Allowed: "a whole number from 1 to 1000",
		defaults: []string{"1"}, list: true,
		set: intsInto(func(s *Spec) *[]int64 { return &s.UpdatesPerKey }, 1, maxUpdates),
	},
	{
		Name: "stores", Usage: "stores to measure, a list", Allowed: oneOf(Stores()),
		defaults: []string{StoreMemory, StoreRocks}, list: true,
		set: namesInto(func(s *Spec) *[]string { return &s.Stores }, Stores()...),
	},
	{
		Name: "recovery", Usage: "where the state comes back from, a list", Allowed: "replay, local or local+tail",
		defaults: []string{record.Replay, record.Local, record.LocalTail}, list: true,
		set: namesInto(func(s *Spec) *[]string { return &s.Recovery }, record.Replay, record.Local, record.LocalTail),
	},
	{
		Name: "standby", Usage: "copies that other processes keep, of which one takes over after the crash, a list", Allowed: "0 or 1",
		defaults: []string{"0"}, list: true, set: intsInto(func(s *Spec) *[]int64 { return &s.Standby }, 0, maxStandby),
	},
	{
		Name: "instances", Usage: "processes that share the partitions by --group, of which one is killed, a list", Allowed: "a whole number from 1 to 4",
		defaults: []string{"1"}, list: true, set: intsInto(func(s *Spec) *[]int64 { return &s.Instances }, 1, maxInstances),
	},
	{
		Name: "subjects", Usage: "systems to measure, a list (see restorebench subjects; of a version the end may be left out), or all",
		Allowed: "names that restorebench subjects lists, custom, or all", defaults: []string{SubjectSelf}, list: true, set: setSubjects,
	},
	{
		Name: "subject-cmd", Usage: "command of the subject custom, a program that speaks the protocol of harness/subject", Allowed: "a command",
		defaults: []string{""}, set: textInto(func(s *Spec) *string { return &s.SubjectCommand }, true),
	},
	{
		Name: "group", Usage: "how partitions are assigned: none (from the start) or by the group protocol classic, consumer or streams, a list",
		Allowed: "none, classic, consumer or streams", defaults: []string{GroupNone}, list: true,
		set: namesInto(func(s *Spec) *[]string { return &s.Group }, GroupNone, GroupClassic, GroupConsumer, GroupStreams),
	},
	{
		Name: "session-timeout", Usage: "how long a group of the protocol classic waits for a dead member; 0: as the client has it (under the others the broker says, 45s)",
		Allowed: "0, or a duration from 1s to 30m", defaults: []string{"0"}, set: setSessionTimeout,
	},
	{
		Name: "static-membership", Usage: "whether a group's member comes back as the same one (KIP-345): true or false, a list", Allowed: "true or false",
		defaults: []string{"false"}, list: true, set: boolsInto(func(s *Spec) *[]bool { return &s.StaticMembership }),
	},
	{
		Name: "guarantee", Usage: "alos (at least once) or eos (exactly once: transactions, and only committed records are restored), a list", Allowed: "alos or eos",
		defaults: []string{AtLeastOnce}, list: true,
		set: namesInto(func(s *Spec) *[]string { return &s.Guarantee }, AtLeastOnce, ExactlyOnce),
	},
	{
		Name: "recovery-model", Usage: "whether our RocksDB's files are trusted after a crash as by Kafka Streams 4.2, 4.3 or 4.4, a list; unset: as 4.4, all that is durable",
		Allowed: "4.2, 4.3 or 4.4", defaults: []string{""}, list: true,
		set: namesInto(func(s *Spec) *[]string { return &s.RecoveryModel }, "", record.Model42, record.Model43, record.Model44),
	},
	{
		Name: "tail", Usage: "newer records of local+tail and of a standby, as a share of the keys, a list", Allowed: "a share above 0 and up to 1, such as 0.1 or 10%",
		defaults: []string{"10%"}, list: true,
		set: sharesInto(func(s *Spec) *[]float64 { return &s.Tail }),
	},
	{
		Name: "tombstones", Usage: "keys written and deleted again, as a share of the keys", Allowed: "a share from 0 to 1, such as 0.01 or 1%",
		defaults: []string{"1%"},
		set:      shareInto(func(s *Spec) *float64 { return &s.Tombstones }, true),
	},
	{
		Name: "cache-bytes", Usage: "record cache in front of each store, which holds updates back from the changelog; 0: none",
		Allowed: "a whole number from 0 to 64G, such as 10Mi", defaults: []string{"0"},
		set: sizeInto(func(s *Spec) *int64 { return &s.CacheBytes }, 0, maxCacheBytes),
	},
	{
		Name: "compacted", Usage: "whether the broker's log cleaner has been through the changelog before the crash: true or false, a list", Allowed: "true or false",
		defaults: []string{"false"}, list: true, set: boolsInto(func(s *Spec) *[]bool { return &s.Compacted }),
	},
	{
		Name: "page-cache", Usage: "what is dropped from the page cache before the crash: warm (nothing), cold-client (local files), cold-broker (the changelog) or cold (both), a list",
		Allowed: "warm, cold-client, cold-broker or cold", defaults: []string{CacheWarm}, list: true,
		set: namesInto(func(s *Spec) *[]string { return &s.PageCache }, CacheWarm, CacheColdClient, CacheColdBroker, CacheCold),
	},
	{
		Name: "restore-mode", Usage: "how RocksDB takes a replay: auto, batch or bulk (sorted files), a list", Allowed: "auto, batch or bulk",
		defaults: []string{ModeAuto}, list: true,
		set: namesInto(func(s *Spec) *[]string { return &s.RestoreMode }, ModeAuto, ModeBatch, ModeBulk),
	},
	{
		Name: "fetcher", Usage: "how the changelog is read: auto, wire (straight off the socket) or librdkafka", Allowed: "auto, wire or librdkafka",
		defaults: []string{FetcherAuto},
		set:      nameInto(func(s *Spec) *string { return &s.Fetcher }, FetcherAuto, FetcherWire, FetcherLibrdkafka),
	},
	{
		Name: "restore-memory", Usage: "bytes that a restore may use beside the stores", Allowed: "a whole number from 64Mi to 64G",
		defaults: []string{"256Mi"},
		set:      sizeInto(func(s *Spec) *int64 { return &s.RestoreMemory }, 64<<20, 64e9),
	},
	{
		Name: "snapshot-interval", Usage: "between snapshots of in-memory stores, their local files; 0: none",
		Allowed: "0, or a duration from 100ms to 24h", defaults: []string{"30s"}, set: setSnapshotInterval,
	},
	{
		Name: "exclude", Usage: "combinations to leave out: axis=value,axis=value/value; | separates several", Allowed: "axis=value",
		list: true, set: setExclude,
	},
	{
		Name: "runs", Usage: "trials of every cell", Allowed: "a whole number from 1 to 1000",
		defaults: []string{"5"},
		set:      intInto(func(s *Spec) *int64 { return &s.Runs }, 1, maxRuns),
	},
	{
		Name: "minutes", Usage: "budget of the run: what is left after --runs goes to the cells with the widest intervals; 0: none",
		Allowed: "a whole number from 0 to 10080", defaults: []string{"0"},
		set: intInto(func(s *Spec) *int64 { return &s.Minutes }, 0, 7*24*60),
	},
	{
		Name: "fail-if", Usage: "limits on medians that make the exit code 3, a list, such as 'downtime > 2s'", Allowed: "METRIC > VALUE or METRIC < VALUE",
		list: true, set: func(s *Spec, values []string) error {
			s.FailIf = slices.DeleteFunc(slices.Clone(values), func(text string) bool { return strings.TrimSpace(text) == "" })
			return nil
		},
	},
	{
		Name: "seed", Usage: "of the workload and of the order of trials", Allowed: "a whole number from 0 to 2^64-1",
		defaults: []string{"1"}, set: setSeed,
	},
	{
		Name: "broker", Usage: "the Kafka to use: auto, container, local or HOST:PORT,...", Allowed: "auto, container, local or HOST:PORT[,HOST:PORT...]",
		defaults: []string{"auto"},
		set:      textInto(func(s *Spec) *string { return &s.Broker }, false),
	},
	{
		Name: "allow-remote", Usage: "use a broker that is not on this machine: topics are made and deleted there", Allowed: "true or false",
		defaults: []string{"false"}, Switch: true, set: boolInto(func(s *Spec) *bool { return &s.AllowRemote }),
	},
	{
		Name: "client", Usage: "librdkafka settings of every client of the run, name=value, a list: what secures its connections; passwords as file:PATH or env:NAME",
		Allowed: "name=value of " + oneOf([]string{"security.protocol", "sasl.*", "ssl.*", "enable.ssl.certificate.verification", "https.ca.*"}), list: true, set: setClient,
	},
	{
		Name: "out", Usage: "directory for results", Allowed: "a directory that can be written",
		defaults: []string{"results"},
		set:      textInto(func(s *Spec) *string { return &s.Out }, false),
	},
	{
		Name: "state-dir", Usage: "where the run's temporary directory is made (default: the system's)", Allowed: "a directory that can be written",
		defaults: []string{""},
		set:      textInto(func(s *Spec) *string { return &s.StateDir }, true),
	},
	{
		Name: "topic-prefix", Usage: "of the topics that the run creates", Allowed: "1 to 100 of a-z A-Z 0-9 . _ -",
		defaults: []string{"restorebench"}, set: setTopicPrefix,
	},
	{
		Name: "stall-timeout", Usage: "a processor that reports nothing for this long has hung", Allowed: "a duration from 1s to 1h, such as 60s",
		defaults: []string{"60s"}, set: setStallTimeout,
	},
	{
		Name: "rocksdb", Usage: "RocksDB settings, name=value, a list, sizes also as 64Mi; | separates variants, each measured", Allowed: "name=value",
		list: true, set: setRocksDB,
	},
	{
		Name: "consumer", Usage: "librdkafka settings of the restore, name=value, a list; | separates variants, each measured", Allowed: "name=value",
		list: true, set: variantsInto(func(s *Spec) *[]Settings { return &s.Consumer }),
	},
	{
		Name: "producer", Usage: "librdkafka settings of the load, name=value, a list; | separates variants, each measured", Allowed: "name=value",
		list: true, set: variantsInto(func(s *Spec) *[]Settings { return &s.Producer }),
	},
	{
		Name: "topic", Usage: "settings of the changelog topic, name=value, a list", Allowed: "name=value",
		list: true, set: settingsInto(func(s *Spec) *Settings { return &s.Topic }),
	},
}

// oneOf lists alternatives: "a, b or c".
func oneOf(names []string) string {
	last := len(names) - 1
	return strings.Join(names[:last], ", ") + " or " + names[last]
}

func setTopicPrefix(s *Spec, v []string) error {
	ok := len(v[0]) >= 1 && len(v[0]) <= 100
	for _, r := range v[0] {
		ok = ok && (r < 128 && (r == '.' || r == '_' || r == '-' || isAlphanumeric(byte(r))))
	}
	if !ok {
		return badValue(v[0])
	}
	s.TopicPrefix = v[0]
	return nil
}

func isAlphanumeric(c byte) bool {
	return c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z'
}

func setSnapshotInterval(s *Spec, v []string) error {
	text := strings.TrimSpace(v[0])
	d, err := time.ParseDuration(text)
	if err != nil || d != 0 && (d < 100*time.Millisecond || d > 24*time.Hour) {
		return badValue(v[0])
	}
	s.SnapshotInterval = d
	return nil
}

func setSubjects(s *Spec, v []string) error {
	var names []string
	for _, name := range v {
		name = strings.TrimSpace(name)
		if name == "" || strings.ContainsFunc(name, func(r rune) bool {
			return r >= 128 || !isAlphanumeric(byte(r)) && !strings.ContainsRune("-@._", r)
		}) {
			return badValue(name)
		}
		if !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	s.Subjects = names
	return nil
}

func setSessionTimeout(s *Spec, v []string) error {
	d, err := time.ParseDuration(strings.TrimSpace(v[0]))
	if err != nil || d != 0 && (d < time.Second || d > 30*time.Minute) {
		return badValue(v[0])
	}
	s.SessionTimeout = d
	return nil
}

func setStallTimeout(s *Spec, v []string) error {
	d, err := time.ParseDuration(strings.TrimSpace(v[0]))
	if err != nil || d < time.Second || d > time.Hour {
		return badValue(v[0])
	}
	s.StallTimeout = d
	return nil
}
