// Package defect holds the bugs that are seeded to judge the judge: each a plausible
// mistake in a store, a restore or the harness itself. With the build tag `defects` a
// process has the one that the environment variable Env names; without it there are none,
// and no code for them. The table of which check must catch each is in harness/trial's
// TestDefects; `make defects` runs it.
package defect

// Name is a defect's, in words.
type Name string

// Env names the defect of a process that is built with the tag `defects`.
const Env = "RESTOREBENCH_DEFECT"

// None is no defect.
const None Name = ""

// Between the changelog and the store.
const (
	BatchSkipped        Name = "half of a batch skipped"
	TombstoneDropped    Name = "one tombstone dropped"
	TombstonesDropped   Name = "every tombstone dropped"
	OneKeyOnly          Name = "a store that knows one key declared ready"
	ByteFlipped         Name = "a value's bit flipped"
	ValueTruncated      Name = "a value truncated by a byte"
	NullTakenForEmpty   Name = "a null value taken for an empty one"
	TimestampOffByOne   Name = "a timestamp off by one"
	StaleAccepted       Name = "an offset behind the changelog's end accepted"
	TopicNotCompared    Name = "local files of a topic that was created again accepted"
	PartitionsIgnored   Name = "another number of partitions accepted"
	AgeIgnored          Name = "local files accepted that are older than the changelog's tombstones"
	BehindBegin         Name = "an offset before the changelog's beginning accepted"
	GapSkipped          Name = "a restore goes on behind records that were deleted from under it"
	StopsEarly          Name = "restore stops one record before the end offset"
	EndTooEarly         Name = "the end offset captured one too early"
	EndNotHeld          Name = "records behind the captured end applied"
	PageTwice           Name = "the last page of a response decoded twice"
	ChecksumIgnored     Name = "a record batch's checksum not compared"
	AbortedApplied      Name = "records of an aborted transaction applied"
	ControlCounted      Name = "a control batch taken for records"
	AppendTimeIgnored   Name = "log append time ignored"
	PartitionsSwapped   Name = "two partitions' stores swapped"
	EmptyDeclaredReady  Name = "an empty store declared ready"
	LocalFilesIgnored   Name = "local files ignored"
	WrongPathReported   Name = "a wiped store reported as local"
	DigestTwice         Name = "one partition's digest reported twice, another's never"
	StreamTimeForgotten Name = "stream time forgotten"
	StandbyIdle         Name = "a standby applies nothing"
	StandbyPretends     Name = "a standby moves its offset and applies nothing"
	SurvivorIdle        Name = "a survivor takes the partitions that it gains for restored"
	OthersAnswered      Name = "a process answers for partitions that are another's"
	CutTakenForWhole    Name = "a restore that its group cut short taken for complete"
	CutOffsetKept       Name = "an empty store restored from where the restore before was cut short"
)

// In what makes processing exactly once.
const (
	UncommittedRead   Name = "a restore reads what is not committed"
	StoreBeforeCommit Name = "the store told of a batch before its transaction is committed"
	InputSkipped      Name = "the input's offset committed before the transaction that it belongs to"
	InputRepeated     Name = "the input's offset committed behind the transaction that it belongs to"
	OutputOutside     Name = "the output written by a producer without transactions"
	FencedGoesOn      Name = "a fenced processor takes its transactional id back"
)

// In the stores.
const (
	OffsetAhead         Name = "saved offset one ahead"
	OffsetBehind        Name = "saved offset one behind"
	OffsetBeforeData    Name = "the offset saved before the data"
	FlushSkipped        Name = "flush skipped"
	SnapshotOfOldData   Name = "the offset of a snapshot moved, its data old"
	OlderMark           Name = "the older of two marks of a snapshot taken"
	SnapshotUnchecked   Name = "a snapshot's checksums not compared"
	SnapshotOfAnother   Name = "the snapshot of another partition accepted"
	SnapshotNotFrozen   Name = "a snapshot takes changes that came meanwhile"
	DeleteForgotten     Name = "a delete forgotten"
	EmptyTakenForNull   Name = "an empty value taken for null"
	AbsentTakenForEmpty Name = "an absent key read as an empty value"
	FirstKeyMissed      Name = "an iterator misses the first key"
	LastKeyMissed       Name = "an iterator misses the last key"
	EntryTwice          Name = "an iterator yields an entry twice"
	ProbeChainBroken    Name = "a delete in the index breaks the chain behind it"
	FirstWriteWins      Name = "the first write of a key wins in bulk loading"
	RunLost             Name = "a sorted run lost in bulk loading"
	OffsetBeforeRun     Name = "a bulk load's offset saved before its files are in"
	TimestampLost       Name = "the timestamp lost in a timestamped store"
	OlderVersionLost    Name = "older versions lost in a versioned store"
	MergedSessionLeft   Name = "a merged session left behind"
	ExpiredShown        Name = "expired records shown"
	ExpiredSegmentKept  Name = "an expired segment kept"
	LiveSegmentDropped  Name = "a live segment dropped"
	NewestSegmentOffset Name = "the newest segment's offset taken, not the least"
	EvictionForgotten   Name = "the eviction of an LRU map forgotten"
	CachedWriteLost     Name = "a dirty entry lost when a record cache evicts it"
)

// In the harness.
const (
	DigestByXOR         Name = "the digest is an XOR"
	DigestIgnoresLength Name = "the digest hashes keys and values without their lengths"
	VerdictNotRun       Name = "the verification never run"
	ReadsNotCompared    Name = "point reads not compared"
	PathAssumed         Name = "the path that was asked for recorded as the one taken"
	PhasesSwapped       Name = "the phases of two trials swapped"
	DowntimeFromReaped  Name = "downtime counted from the reaping, not the kill"
	TerminatedNotKilled Name = "the processor terminated instead of killed"
)
