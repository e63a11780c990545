// Package record is the result of one trial, as a line of results/raw/RUN.jsonl,
// and the machine that it was measured on. Records are only ever appended;
// every table and chart is derived from them.
package record

import "time"

// Schema is the version of the record's format. A reader refuses any other.
const Schema = 1

// The recovery paths: where a processor's state comes back from.
const (
	Standby   = "standby"    // a copy that another process has kept, which takes over
	Replay    = "replay"     // no local files: the whole changelog is read
	Local     = "local"      // the local files are current
	LocalTail = "local+tail" // the local files are older than the changelog's end
)

// Interrupted is why a trial is invalid that its run was stopped in. It is run again when the run goes on.
const Interrupted = "interrupted"

// The phases of one recovery, in their order. They add up to the downtime.
const (
	PhaseExit    = "exit"    // SIGKILL sent -> process reaped
	PhaseDetect  = "detect"  // reaped -> replacement started
	PhaseSpawn   = "spawn"   // started -> hello
	PhaseAssign  = "assign"  // hello -> partitions assigned
	PhaseOpen    = "open"    // assigned -> local files opened
	PhasePlan    = "plan"    // opened -> end offsets known
	PhaseRestore = "restore" // restore started -> the last partition caught up
	PhaseServe   = "serve"   // caught up -> first correct read
	PhaseOther   = "other"   // what fits nowhere
)

// Phases lists the phases in the order in which they happen.
var Phases = []string{
	PhaseExit, PhaseDetect, PhaseSpawn, PhaseAssign, PhaseOpen,
	PhasePlan, PhaseRestore, PhaseServe, PhaseOther,
}

// Record is one trial. Durations are nanoseconds on the parent's monotonic clock
// unless said otherwise; sizes are bytes.
type Record struct {
	Schema int       `json:"schema"`
	Run    string    `json:"run"`   // the run that the trial belongs to
	Trial  int       `json:"trial"` // position in the run's order, from 0
	Time   time.Time `json:"time"`  // wall clock at the start; information only

	Cell
	Seed   uint64 `json:"seed"` // of this trial's workload
	Broker Broker `json:"broker"`

	Phases     map[string]int64 `json:"phases"` // see Phases; absent = unknown
	DowntimeNS int64            `json:"downtime_ns"`
	Path       string           `json:"path"`   // the recovery path that was taken, read from the subject's events
	Reason     string           `json:"reason"` // why that path, in the subject's words
	// StandbyLag is how many records of the changelog the copy had not applied when the kill was sent, by what it had said by
	// then; nil: unknown, or there was no copy.
	StandbyLag *int64     `json:"standby_lag,omitempty"`
	Restored   Restored   `json:"restored"`
	Aftermath  *Aftermath `json:"aftermath,omitempty"`
	Resources  Resources  `json:"resources"`
	Verify     Verify     `json:"verify"`

	Valid bool   `json:"valid"`
	Why   string `json:"why,omitempty"` // of an invalid trial

	// Inherited is what an earlier trial of the round left to this one: InheritedChangelog or InheritedFiles; "": nothing.
	Inherited string `json:"inherited,omitempty"`
	// RefilledBytes of free memory were got back from the host of a virtual machine right before the crash; absent: it takes none.
	RefilledBytes int64 `json:"refilled_bytes,omitempty"`
	// System is what another system than our own said that it is; nil: it said nothing, or it is ours.
	System      *System      `json:"system,omitempty"`
	Environment *Environment `json:"environment,omitempty"`
}

// What a trial of another system takes over from the one with the same workload before it.
const (
	InheritedChangelog = "changelog"
	InheritedFiles     = "files" // and the changelog
)

// System tells a subject's version, and which of its settings are not what it is shipped with.
type System struct {
	Version  string   `json:"version,omitempty"`
	Settings []string `json:"settings,omitempty"`
}

// Cell names what was measured: trials of equal cells are repetitions of each
// other.
type Cell struct {
	Subject       string  `json:"subject"`
	Store         string  `json:"store"`
	Recovery      string  `json:"recovery"`
	Keys          int64   `json:"keys"`
	KeyBytes      int     `json:"key_bytes"`
	ValueBytes    int     `json:"value_bytes"`
	Partitions    int     `json:"partitions"`
	UpdatesPerKey int     `json:"updates_per_key"`
	Tail          float64 `json:"tail"`                  // newer records as a share of the keys; 0 unless Tailed
	CacheBytes    int64   `json:"cache_bytes,omitempty"` // record cache of each partition's store during the load
	// How the partitions were assigned: absent from the start, else by this group protocol.
	Group            string `json:"group,omitempty"`
	SessionTimeoutMS int64  `json:"session_timeout_ms,omitempty"` // absent: as the client or the broker has it
	StaticMembership bool   `json:"static_membership,omitempty"`

	Standby int `json:"standby,omitempty"` // copies that other processes keep
	// Instances are the processes that shared the partitions, of which one was killed; absent: 1.
	Instances int `json:"instances,omitempty"`

	Guarantee string `json:"guarantee,omitempty"` // absent: at least once; eos: exactly once
	// RecoveryModel is by which rules local files are trusted; see Model42. Absent: as our processor does.
	RecoveryModel string `json:"recovery_model,omitempty"`

	Compressible float64 `json:"compressible,omitempty"` // share of each value that is the same in all of them
	SortedKeys   bool    `json:"sorted_keys,omitempty"`  // keys are first written in their byte order; else at random
	RestoreMode  string  `json:"restore_mode,omitempty"` // asked for: batch or bulk; "" is auto. Restored.Mode is what was taken
	// Compacted: the broker's log cleaner has been through the changelog before the crash.
	Compacted bool   `json:"compacted,omitempty"`
	PageCache string `json:"page_cache,omitempty"` // what was dropped from it before the crash: cold-client, cold-broker or cold; "" is warm
	// Settings that are not ours, name=value by name, separated by commas: of RocksDB, and of librdkafka in the restore and
	// in the load that wrote the changelog.
	RocksDB  string `json:"rocksdb,omitempty"`
	Consumer string `json:"consumer,omitempty"`
	Producer string `json:"producer,omitempty"`
}

// Tailed says whether newer records than those that the load leaves durable, or a copy current, precede the crash.
func (c *Cell) Tailed() bool { return c.Recovery == LocalTail || c.Recovery == Standby }

// Broker is the Kafka that held the changelog.
type Broker struct {
	Kind    string `json:"kind"` // container, local or remote
	Version string `json:"version"`
	// Security is how clients spoke to it, security.protocol in lower case; absent: in plain text.
	Security string `json:"security,omitempty"`
}

// Restored is what came out of the changelog.
type Restored struct {
	Records  int64 `json:"records"`
	Bytes    int64 `json:"bytes"`     // keys + values
	NullKeys int64 `json:"null_keys"` // read and skipped
	// Offsets is how many the records spanned: more where the log cleaner or transactions left holes.
	Offsets int64 `json:"offsets,omitempty"`
	// Mode is how RocksDB took the records: batch, bulk or, on several partitions, both.
	Mode string `json:"mode,omitempty"`
	// Fetcher is how they were read: wire (straight off the socket) or librdkafka.
	Fetcher string `json:"fetcher,omitempty"`
	// The child's own split of the restore phase, summed over its partitions,
	// which may overlap: waiting for records, copying them into batches,
	// applying them, making them durable.
	FetchWaitNS int64 `json:"fetch_wait_ns"`
	DecodeNS    int64 `json:"decode_ns"`
	ApplyNS     int64 `json:"apply_ns"`
	FlushNS     int64 `json:"flush_ns"`
	// FetchAloneNS is what reading the same records took right after the trial, with
	// nothing applied: no restore through this fetcher can be faster. Absent: not measured.
	FetchAloneNS int64 `json:"fetch_alone_ns,omitempty"`
}

// Aftermath is what a restore left to be done, and what that did to point reads: those
// of the verification, the first time that they are read.
type Aftermath struct {
	BytesWritten        int64     `json:"bytes_written"`         // to files when ready: by flushes, compactions and bulk loading
	Files               []int     `json:"files,omitempty"`       // per level when ready, from 0 on
	PendingBytes        int64     `json:"pending_bytes"`         // to be compacted when ready, as RocksDB estimates it
	SettledNS           int64     `json:"settled_ns"`            // from then until no compaction was left; 0: it took too long
	SettledBytesWritten int64     `json:"settled_bytes_written"` // to files by then
	SettledFiles        []int     `json:"settled_files,omitempty"`
	ReadsReady          Quantiles `json:"reads_ready"`
	ReadsSettled        Quantiles `json:"reads_settled"`
}

// Quantiles are of the durations of point reads.
type Quantiles struct {
	P50NS int64 `json:"p50_ns"`
	P99NS int64 `json:"p99_ns"`
}

// Resources is what the recovering process used, from its start until its first
// correct read.
type Resources struct {
	RSSPeakBytes int64 `json:"rss_peak_bytes"`
	CPUNS        int64 `json:"cpu_ns"` // user + system
	DiskBytes    int64 `json:"disk_bytes"`
}

// Verify is the judgement of the restored state.
type Verify struct {
	Verdict    string `json:"verdict"` // "ok", "mismatch" or "not run"
	Count      int64  `json:"count"`   // entries found
	Bytes      int64  `json:"bytes"`   // keys + values found
	Digest     string `json:"digest"`
	Want       string `json:"want"`        // the digest of the independent model
	PointReads int    `json:"point_reads"` // gets of live, deleted and never-written keys that were checked
}

// Environment is the machine and the software of a run.
type Environment struct {
	OS       string `json:"os"`
	Kernel   string `json:"kernel"`
	Arch     string `json:"arch"`
	CPU      string `json:"cpu"`
	Cores    int    `json:"cores"`
	MemBytes int64  `json:"mem_bytes"`
	Disk     string `json:"disk"` // file system type of the state directory
	Go       string `json:"go"`
	RocksDB  string `json:"rocksdb"`
	Librd    string `json:"librdkafka"`
	Java     string `json:"java,omitempty"`   // that a local broker and subjects in Java run on
	Docker   string `json:"docker,omitempty"` // engine that a broker in a container runs on
	Version  string `json:"version"`          // of restorebench
	Cache    string `json:"cache"`            // page cache state: "warm"
	// Findings is what spoiled the measurement, or could have, when the run began; see bench/doctor.
	Findings []Finding `json:"findings,omitempty"`
}
