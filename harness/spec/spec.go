// Package spec holds every knob of a run: its name, unit, default and allowed
// range, in one table that the command line and YAML files both go through.
package spec

import (
	"errors"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"restorebench/harness/secret"
)

// SubjectSelf is our own processor. Recovery paths are those of package record.
const SubjectSelf = "restorebench"

// Spec is a suite: axes (lists) that are multiplied, and settings for all of its
// trials. Default returns one that is complete; Set and Parse change it.
type Spec struct {
	// Axes.
	Subjects      []string
	Stores        []string
	Recovery      []string
	Standby       []int64 // copies that other processes keep
	Instances     []int64 // processes that share the partitions
	Keys          []int64
	ValueBytes    []int64
	Partitions    []int64
	UpdatesPerKey []int64
	Group         []string // see GroupNone
	// StaticMembership is whether a group's member comes back as the same one (KIP-345).
	StaticMembership []bool
	Guarantee        []string   // AtLeastOnce, ExactlyOnce
	RecoveryModel    []string   // record.Model42 and so on; "": as our processor does
	Tail             []float64  // newer records of local+tail and of a standby, as a share of the keys
	Compacted        []bool     // whether the log cleaner has been through the changelog
	PageCache        []string   // see CacheWarm
	RocksDB          []Settings // variants
	Consumer         []Settings // variants
	Producer         []Settings // variants
	// Exclude leaves combinations out: those that the spec would have with these axes instead of its own.
	Exclude []Settings

	// Systems tells what other subjects than our own can do; whoever resolves the names fills it.
	Systems map[string]System
	// SubjectCommand starts the subject SubjectCustom.
	SubjectCommand string

	// SessionTimeout is how long a consumer group waits for a dead member; 0: as the client or the broker has it.
	SessionTimeout time.Duration

	// The workload of every trial.
	KeyBytes   int64
	Tombstones float64 // keys written and deleted again, as a share of the keys
	CacheBytes int64   // of the record cache in front of each store
	// Compressible is the share of each value that is the same in all of them.
	Compressible float64
	KeyOrder     []string // in which keys are first written: KeyOrderRandom, KeyOrderSorted

	// The restore.
	RestoreMode      []string
	Fetcher          string        // how the changelog is read, see FetcherAuto
	RestoreMemory    int64         // bytes, beside the stores
	SnapshotInterval time.Duration // of in-memory stores; 0: no snapshots

	// The run.
	Runs         int64
	Minutes      int64    // budget, beyond Runs as well; 0: none
	FailIf       []string // limits that no cell may be beyond, see package compare
	Seed         uint64
	Broker       string
	AllowRemote  bool     // a broker on another machine
	Client       Settings // librdkafka's, of every client of the run: what secures its connections
	Out          string
	StateDir     string // parent of the run's temporary directory; "" is the system's
	TopicPrefix  string
	StallTimeout time.Duration

	Topic Settings

	given map[string][]string // the texts of what was assigned, see YAML
}

// Restore modes: how a store takes the records of a changelog.
const (
	ModeAuto  = "auto"  // bulk where that is worth it
	ModeBatch = "batch" // a write batch per read
	ModeBulk  = "bulk"  // sorted files
)

// Names of subjects that no other system has.
const (
	SubjectCustom = "custom" // of SubjectCommand
	SubjectsAll   = "all"    // stands for every one that is available
)

// Groups: how a processor gets its partitions.
const (
	GroupNone     = "none"     // they are assigned from the start
	GroupClassic  = "classic"  // by Kafka's first group protocol
	GroupConsumer = "consumer" // by that of KIP-848
	GroupStreams  = "streams"  // by that of KIP-1071, which only Kafka Streams speaks
)

// States of the page cache when a processor crashes. What was dropped is read from the disk again.
const (
	CacheWarm       = "warm"        // as it was left
	CacheColdClient = "cold-client" // without the processor's files
	CacheColdBroker = "cold-broker" // without the changelog
	CacheCold       = "cold"        // without both
)

// System is what a subject can do, each a list of names as in a Spec.
type System struct {
	Stores, Recovery, Groups []string
	Standby                  bool // it can keep a copy until it is told to take over, see package subject
	ExactlyOnce              bool // it can be run so, too
	// Shares is how many processes of it, at most, can share the partitions by their group; 0: none but one. Copies are the
	// groups by which one that has died is replaced by the copy that another one keeps.
	Shares int
	Copies []string
	// Client are the settings of Spec.Client that it can take; one that ends in a dot stands for all that begin so.
	Client []string
}

// ClientAll are all settings of Spec.Client, of a System that takes librdkafka's.
func ClientAll() []string { return slices.Clone(clientSettings) }

// own is what our own processor can do, of what it may not.
var own = System{Groups: []string{GroupNone, GroupClassic, GroupConsumer}, Standby: true, Shares: maxInstances, Copies: []string{GroupClassic, GroupConsumer}}

// Key orders.
const (
	KeyOrderRandom = "random"
	KeyOrderSorted = "sorted"
)

// Fetchers: how a changelog is read, by the names of package changelog.
const (
	FetcherAuto       = "auto"       // wire, unless consumer settings ask for more than it knows
	FetcherWire       = "wire"       // straight off the socket
	FetcherLibrdkafka = "librdkafka" // by the client library
)

// Default is the suite of `make restore-bench`.
func Default() *Spec {
	s := &Spec{}
	for _, k := range Knobs {
		if err := k.set(s, k.defaults); err != nil {
			panic(fmt.Sprintf("spec: default of %s: %v", k.Name, err)) // a bug in the table
		}
	}
	return s
}

// Error is bad input: which knob, what was given, what is allowed.
type Error struct {
	Where   string // the flag or the file and line
	Value   string
	Allowed string
}

func (e *Error) Error() string {
	if e.Value == "" {
		return fmt.Sprintf("%s: want %s", e.Where, e.Allowed)
	}
	return fmt.Sprintf("%s: %q: want %s", e.Where, e.Value, e.Allowed)
}

// Knob is one setting.
type Knob struct {
	Name    string // as a flag and as a YAML field
	Usage   string
	Allowed string
	Switch  bool // the flag alone stands for true

	defaults []string
	list     bool // takes several values
	set      func(s *Spec, values []string) error
}

// Default is the knob's default in the form that Set takes.
func (k *Knob) Default() string { return strings.Join(k.defaults, ",") }

// Find returns a knob by name.
func Find(name string) (*Knob, bool) {
	for i := range Knobs {
		if Knobs[i].Name == name {
			return &Knobs[i], true
		}
	}
	return nil, false
}

// Set sets a knob from text, a list separated by commas. where names the source
// of the value in an error, such as "--keys".
func (s *Spec) Set(name, text, where string) error {
	k, ok := Find(name)
	if !ok {
		return &Error{Where: where, Value: name, Allowed: "one of " + strings.Join(Names(), ", ")}
	}
	values := []string{text}
	if k.list {
		values = split(text)
	}
	return s.assign(k, values, where)
}

func (s *Spec) assign(k *Knob, values []string, where string) error {
	if err := k.set(s, values); errors.Is(err, secret.ErrPlain) {
		name, allowed, _ := strings.Cut(err.Error(), ": want ")
		return &Error{Where: where + ": " + name, Allowed: allowed}
	} else if err != nil {
		return &Error{Where: where, Value: err.Error(), Allowed: k.Allowed + hint(k, values)}
	}
	given := maps.Clone(s.given) // of a copy of s too
	if given == nil {
		given = map[string][]string{}
	}
	given[k.Name], s.given = values, given
	return nil
}

// thousands are digits as some write them.
var thousands = regexp.MustCompile(`\b\d{1,3}(,\d{3})+\b`)

// hint says how to write what was probably meant.
func hint(k *Knob, values []string) string {
	text := strings.Join(values, ",")
	number := thousands.FindString(text)
	switch _, err := strconv.Atoi(text); {
	case strings.Contains(k.Allowed, "a whole number") && number != "":
		return fmt.Sprintf("; a comma separates values: %s is %s or %s", number, strings.ReplaceAll(number, ",", ""), strings.ReplaceAll(number, ",", "_"))
	case strings.Contains(k.Allowed, "a duration") && err == nil:
		return fmt.Sprintf("; with its unit, as %ss", text)
	}
	return ""
}

// Names lists the knobs.
func Names() []string {
	out := make([]string, len(Knobs))
	for i, k := range Knobs {
		out[i] = k.Name
	}
	return out
}

func split(text string) []string {
	parts := strings.Split(text, ",")
	for i := range parts {
		parts[i] = strings.TrimSpace(parts[i])
	}
	return parts
}
