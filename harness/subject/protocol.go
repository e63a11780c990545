// Package subject runs any stream processor as a child process: it starts it,
// reads its events, kills it and reaps it. Our own processor is one subject;
// a program in any language that speaks this protocol is another.
//
// A subject finds its task in the environment (Env*), and writes its events as
// JSON objects, one per line, to the named pipe whose path is in
// RESTOREBENCH_EVENTS. It reports durations and offsets, never wall-clock times:
// the parent stamps each line's arrival on its own monotonic clock. When its
// standard input ends, it closes its state cleanly and exits with 0.
package subject

import (
	"encoding/json"
	"fmt"
	"os"
	"time"

	"restorebench/stores/killpoint"
)

// The environment variables of a subject.
const (
	EnvBrokers  = "RESTOREBENCH_BROKERS"   // bootstrap servers
	EnvTopic    = "RESTOREBENCH_TOPIC"     // the changelog topic
	EnvStateDir = "RESTOREBENCH_STATE_DIR" // where local files live
	EnvEvents   = "RESTOREBENCH_EVENTS"    // the named pipe for events
	EnvStore    = "RESTOREBENCH_STORE"     // which store to use
	EnvConfig   = "RESTOREBENCH_CONFIG"    // a JSON file, see Config
)

// The events, in the order in which a subject sends them. Those from Loaded on are
// sent only when Config asks for them.
const (
	Hello        = "hello"         // name, version
	Assigned     = "assigned"      // partitions
	Opened       = "opened"        // path, reason; of several instances: partitions
	RestoreStart = "restore_start" // per partition: from, to, reason
	ProgressMade = "progress"      // per partition: offset, records, bytes
	CaughtUp     = "caught_up"     // per partition: offset, records, bytes, *_ns
	Ready        = "ready"         //
	FirstRead    = "first_read"    // ok; partition
	Paused       = "paused"        // per partition: offset, records; the load waits for GoOn
	Loaded       = "loaded"        // per partition: offset, records
	Settled      = "settled"       // ready, settled, settled_ns, reads_ready, reads_settled
	DigestOf     = "digest"        // per partition: count, bytes, digest, sums
	Reads        = "reads"         // values
	Contents     = "contents"      // per store: store, entries
	Holding      = "holding"       // per partition: offset; a restore stands still at Config.HoldAt until GoOn
	Killing      = "killing"       // the moment of Config.KillAt has come: offset
	Failed       = "error"         // code, message
)

// GoOn is a line on the standard input of a subject that waits for it: a standby takes over then, and one of several
// Instances joins the group, a restore that is held goes on.
const GoOn = "go"

// What Opened.Path may say.
const (
	PathLocal = "local" // every partition has local files that can be used
	PathEmpty = "empty" // there were none, or not for every partition
	PathWiped = "wiped" // there were some that could not be trusted

	PathStandby = "standby" // of every partition this process has kept a copy
)

// Event is one line. Which fields count depends on Event; see the constants.
type Event struct {
	Event string `json:"event"`

	Name    string `json:"name,omitempty"`
	Version string `json:"version,omitempty"`

	Partitions []int32 `json:"partitions,omitempty"`
	Path       string  `json:"path,omitempty"`
	Reason     string  `json:"reason,omitempty"`

	Partition int32  `json:"partition"`
	Store     string `json:"store,omitempty"`  // of several in a partition
	From      int64  `json:"from,omitempty"`   // next offset to read
	To        int64  `json:"to,omitempty"`     // the captured end offset
	Offset    int64  `json:"offset,omitempty"` // next offset to read
	Records   int64  `json:"records,omitempty"`
	Bytes     int64  `json:"bytes,omitempty"` // keys + values
	NullKeys  int64  `json:"null_keys,omitempty"`

	FetchWaitNS int64 `json:"fetch_wait_ns,omitempty"`
	DecodeNS    int64 `json:"decode_ns,omitempty"`
	ApplyNS     int64 `json:"apply_ns,omitempty"`
	FlushNS     int64 `json:"flush_ns,omitempty"`

	Mode    string `json:"mode,omitempty"`    // of CaughtUp: how the records were applied, batch or bulk
	Fetcher string `json:"fetcher,omitempty"` // of CaughtUp: how they were read, wire or librdkafka

	OK bool `json:"ok,omitempty"`

	// What the store's engine had done and had left to do when it was ready, and when it
	// was done with that, so long after; and how long point reads took. SettledNS is 0 when
	// that took too long.
	Ready        Debt      `json:"ready,omitzero"`
	Settled      Debt      `json:"settled,omitzero"`
	SettledNS    int64     `json:"settled_ns,omitempty"`
	ReadsReady   Quantiles `json:"reads_ready,omitzero"`
	ReadsSettled Quantiles `json:"reads_settled,omitzero"`

	Count  int64  `json:"count,omitempty"`
	Digest string `json:"digest,omitempty"` // see verify.Digest.String
	Sums   []byte `json:"sums,omitempty"`   // optional; see verify.Digest.Sums

	Values  []Value `json:"values,omitempty"`  // in the order of Config.Reads
	Entries []Entry `json:"entries,omitempty"` // of a small store, in byte order

	Code    string `json:"code,omitempty"`
	Message string `json:"message,omitempty"`

	// At is when the parent read the line, on its monotonic clock.
	At time.Time `json:"-"`
}

// Debt is what an engine with files has written, and what it is yet to rewrite.
type Debt struct {
	BytesWritten int64 `json:"bytes_written"`           // by flushes, compactions and bulk loading
	Files        []int `json:"files,omitempty"`         // per level, from 0 on
	PendingBytes int64 `json:"pending_bytes,omitempty"` // to be compacted, as the engine estimates it
}

// Quantiles are of durations.
type Quantiles struct {
	P50NS int64 `json:"p50_ns"`
	P99NS int64 `json:"p99_ns"`
}

// Value is the answer to a point read; nil is absent, empty is not.
type Value struct {
	Value *[]byte `json:"value"`
}

// Entry is a key and a value as the store gives them; bytes are base64 in JSON.
type Entry struct {
	Key   []byte `json:"key"`
	Value []byte `json:"value"`
}

// Config is the JSON file that RESTOREBENCH_CONFIG names.
type Config struct {
	Partitions []int32 `json:"partitions"` // to own, all of them or, of several Instances, some

	// Stores are the stores of each partition, instead of the one that EnvStore and
	// EnvTopic name.
	Stores       []Store `json:"stores,omitempty"`
	StoreOptions         // of the one store

	// Load, when present, is the input to generate and process once ready; Loaded
	// follows.
	Load json.RawMessage `json:"load,omitempty"`
	// Stream, when present, is the input to read and process once ready, from the
	// offset that its group has committed to the end that the input then has; Loaded
	// and the Contents of every store follow.
	Stream *Stream `json:"stream,omitempty"`

	// Feed, when present, is the input to read and process once ready, see Feed.
	Feed *Feed `json:"feed,omitempty"`
	// ExactlyOnce says that the changelog, the output and the input's offset move in
	// transactions, and that only committed records are restored.
	ExactlyOnce bool `json:"exactly_once,omitempty"`
	// RecoveryModel is by which rules local files are trusted, see spec.Model42; "": all that is durable.
	RecoveryModel string `json:"recovery_model,omitempty"`
	// Show asks for the Contents of every store as its files had it, named with the suffix
	// ShownAtOpen, and once restored.
	Show bool `json:"show,omitempty"`
	// KillAt is when the processor is to end itself by SIGKILL; Killing precedes it.
	KillAt *killpoint.Plan `json:"kill_at,omitempty"`
	// HoldAt is the share of what has to be restored, from 0 to 1, at which each restore is to stand still, with nothing
	// read beyond: Holding tells of it. GoOn ends it, for those that come, too.
	HoldAt *float64 `json:"hold_at,omitempty"`

	// Standby asks to keep a copy of the partitions, which another process owns, until GoOn: then the partitions are
	// Assigned, and all else follows as after a start. Until then ProgressMade tells how far the copy is.
	Standby bool `json:"standby,omitempty"`

	// Instances is how many processes share the partitions by their group, where there are several: this one tells what it
	// owns by Assigned whenever that changes, goes on with what it has, and restores what it gains; Ready follows when it has
	// all, and FirstRead for what it gained. Standby then asks for copies of what the others own. A JSON object as a
	// line on its standard input has further fields of a Config: FirstReads and HoldAt from now on, or Show, Digest and Reads, which it
	// does at once for what it owns and has restored.
	Instances int `json:"instances,omitempty"`
	// Await asks to join the group at GoOn only, so that all do at the same time.
	Await bool `json:"await,omitempty"`
	// FirstReads has a FirstRead for each partition that the process may get.
	FirstReads []Read `json:"first_reads,omitempty"`

	// FirstRead is the read that ends the downtime: it must return Value.
	FirstRead *Read `json:"first_read,omitempty"`
	// Digest asks for a Digest event per partition after the first read.
	Digest bool `json:"digest,omitempty"`
	// Reads are point reads to answer after the digests.
	Reads []Read `json:"reads,omitempty"`

	// SnapshotIntervalMS is how often in-memory stores write a snapshot; 0: they have no
	// local files at all.
	SnapshotIntervalMS int64 `json:"snapshot_interval_ms,omitempty"`
	// RestoreMode is auto, batch or bulk, and RestoreMemory what a restore may use beside
	// the stores, in bytes.
	RestoreMode   string `json:"restore_mode,omitempty"`
	RestoreMemory int64  `json:"restore_memory,omitempty"`
	// Fetcher is how the changelog is read: auto, wire or librdkafka.
	Fetcher string `json:"fetcher,omitempty"`

	// Group is how the consumer group behaves; nil: partitions are assigned from the start.
	Group *Group `json:"group,omitempty"`

	// Client are librdkafka settings of every client, those that secure its connections; passwords are references, see package
	// secret.
	Client map[string]string `json:"client,omitempty"`
	// Settings passed through by name. Those of consumer and producer come over those of every client.
	RocksDB  map[string]string `json:"rocksdb,omitempty"`
	Consumer map[string]string `json:"consumer,omitempty"`
	Producer map[string]string `json:"producer,omitempty"`
}

// Group is how a subject gets its partitions from a consumer group.
type Group struct {
	Protocol         string `json:"protocol"`       // classic, consumer (KIP-848) or streams (KIP-1071)
	Input            string `json:"input"`          // the topic that the group reads, with as many partitions as the changelog
	Name             string `json:"name,omitempty"` // of the group; "": Input without its suffix -input
	SessionTimeoutMS int64  `json:"session_timeout_ms,omitempty"`
	// HeartbeatMS is how often a member tells that it lives, and learns what its group does; 0: as the client has it.
	HeartbeatMS int64  `json:"heartbeat_ms,omitempty"`
	InstanceID  string `json:"instance_id,omitempty"` // of static membership (KIP-345)
}

// Store is one of several stores.
type Store struct {
	Name  string `json:"name"`
	Store string `json:"store"` // which one, as in EnvStore
	Topic string `json:"topic"` // its changelog
	StoreOptions
}

// StoreOptions are what some types of stores have to know.
type StoreOptions struct {
	RetentionMS int64 `json:"retention_ms,omitempty"` // of window and session stores; the history of versioned ones
	WindowMS    int64 `json:"window_ms,omitempty"`
	Capacity    int64 `json:"capacity,omitempty"` // of an LRU map, in entries
}

// Stream names the topics around a topology, each of one partition, and the consumer
// group that keeps the input's offset. The topology follows from the type of the
// stores.
type Stream struct {
	Input  string `json:"input"`
	Output string `json:"output"`
	Group  string `json:"group"`

	WindowMS int64 `json:"window_ms,omitempty"` // length of a window
	GapMS    int64 `json:"gap_ms,omitempty"`    // that ends a session
	GraceMS  int64 `json:"grace_ms,omitempty"`  // for late records

	// CacheBytes is what the record caches in front of the stores share; 0 is none.
	CacheBytes int64 `json:"cache_bytes,omitempty"`
	// CommitRecords of the input are processed between two commits; 0 is 1.
	CommitRecords int64 `json:"commit_records,omitempty"`
}

// Feed is an input topic of one partition that is a table: the last value of each key, where
// null deletes it. It is read from the offset that its group has committed to the end that
// it then has; Loaded follows, with the offset.
type Feed struct {
	Input string `json:"input"`
	Group string `json:"group"`
	// CommitRecords of the input are processed between two commits, and the store is made
	// durable at every so many commits.
	CommitRecords int64 `json:"commit_records"`
	FlushCommits  int64 `json:"flush_commits"`
	// Output gets every record once more, under exactly once only.
	Output string `json:"output,omitempty"`
}

// ShownAtOpen is the suffix of a store's name in the Contents from before the restore.
const ShownAtOpen = "@open"

// Read is a point read. Bytes are base64 in JSON.
type Read struct {
	Partition int32  `json:"partition"`
	Key       []byte `json:"key"`
	Value     []byte `json:"value"` // expected; null but in FirstRead, where an empty one is not
}

// Task is what a subject finds in its environment.
type Task struct {
	Brokers, Topic, StateDir, Events, Store string
	Config                                  Config
}

// TaskFromEnv reads the environment of a subject that was started by a Process.
func TaskFromEnv() (*Task, error) {
	t := &Task{
		Brokers: os.Getenv(EnvBrokers), Topic: os.Getenv(EnvTopic),
		StateDir: os.Getenv(EnvStateDir), Events: os.Getenv(EnvEvents), Store: os.Getenv(EnvStore),
	}
	for name, v := range map[string]string{
		EnvBrokers: t.Brokers, EnvTopic: t.Topic, EnvStateDir: t.StateDir, EnvEvents: t.Events, EnvStore: t.Store,
	} {
		if v == "" {
			return nil, fmt.Errorf("%s is not set: a subject is started by restorebench, not by hand", name)
		}
	}
	path := os.Getenv(EnvConfig)
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", EnvConfig, err)
	}
	if err := json.Unmarshal(data, &t.Config); err != nil {
		return nil, fmt.Errorf("%s: %s: %w", EnvConfig, path, err)
	}
	return t, nil
}
