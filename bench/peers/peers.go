// Package peers finds the other systems that the harness measures beside our own processor. Each is a
// program that speaks the protocol of package subject, built by scripts/peers into .deps/peers.
package peers

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"

	"restorebench/harness/record"
	"restorebench/harness/spec"
	"restorebench/harness/subject"
)

// Peer is a system that can be measured.
type Peer struct {
	Name string
	// What it can do, by the names of package spec.
	spec.System
	// Settings are those that are not the system's defaults, name=value, in the order in which it gets them.
	Settings []string
	// Sets are those that its program sets by itself.
	Sets []Set
	// Headers are those that each record of its changelog has.
	Headers map[string]string

	program string   // below .deps/peers
	runtime []string // what starts the program; none: it starts itself
	beside  string   // what it needs in its own directory; "": nothing
}

// A Set is a setting that a program makes by itself.
type Set struct {
	Name string // with what it is set to, where that tells something
	Why  string // "": the name says it
	With string // the flag that it goes with; "": always
	in   func(record.Cell) bool
}

// String is the setting without what it goes with.
func (s Set) String() string {
	if s.Why == "" {
		return s.Name
	}
	return s.Name + ": " + s.Why
}

// Kafka Streams' versions. The recovery models differ: up to 4.2 a checkpoint file, from 4.3 on offsets in
// the store (KIP-1035). The newest comes first.
var streamsVersions = []string{"4.3.1", "4.2.1", "4.1.2"}

// tuned are settings of Kafka Streams' restore consumer for large fetches and polls.
var tuned = []string{
	"restore.consumer.max.poll.records=10000",
	"restore.consumer.max.partition.fetch.bytes=16777216",
	"restore.consumer.fetch.max.bytes=67108864",
	"restore.consumer.receive.buffer.bytes=1048576",
}

// translated are the client settings that have a counterpart in Java (see Security.java), and in Quix Streams.
var translated = []string{
	"security.protocol", "sasl.mechanism", "sasl.mechanisms", "sasl.username", "sasl.password", "ssl.ca.location", "ssl.certificate.location",
	"ssl.key.location", "ssl.key.password", "ssl.endpoint.identification.algorithm",
}

// Differences says which settings are not the system's defaults, and when, a line each.
func (p *Peer) Differences() []string {
	lines := slices.Clone(p.Settings)
	for _, set := range p.Sets {
		if set.With != "" {
			set.Name += ", with " + set.With
		}
		lines = append(lines, set.String())
	}
	return lines
}

// InForce are the differences of a cell.
func (p *Peer) InForce(c record.Cell) []string {
	lines := slices.Clone(p.Settings)
	for _, set := range p.Sets {
		if set.in == nil || set.in(c) {
			lines = append(lines, set.String())
		}
	}
	return lines
}

// streamsSets are what Instance.java sets.
var streamsSets = []Set{
	staticMember,
	{
		"acceptable.recovery.lag", "the partitions are shared from the start", "--instances or --standby",
		func(c record.Cell) bool { return c.Instances > 1 || c.Standby > 0 },
	},
	{"num.standby.replicas=1", "", "--standby", func(c record.Cell) bool { return c.Standby > 0 }},
	{
		"state.cleanup.delay.ms", "who takes over has no files of partitions that it had for a moment", "--instances and no --static-membership",
		func(c record.Cell) bool { return c.Instances > 1 && !c.StaticMembership },
	},
	{"processing.guarantee=exactly_once_v2", "", "--guarantee eos", func(c record.Cell) bool { return c.Guarantee == spec.ExactlyOnce }},
}

// staticMember is set by those that always join a group.
var staticMember = Set{
	"group.instance.id", "it always joins a group, and a static member gets its partitions back at once", "--group none",
	func(c record.Cell) bool { return c.Group == "" },
}

// always are settings that go with nothing.
func always(names ...string) (all []Set) {
	for _, name := range names {
		all = append(all, Set{Name: name})
	}
	return all
}

// all lists the peers, in the order in which they are shown.
func all() []Peer {
	var list []Peer
	files := []string{record.Replay, record.Local, record.LocalTail}
	for _, t := range []struct {
		name     string
		settings []string
	}{{"kafka-streams", nil}, {"kafka-streams-tuned", tuned}} {
		for _, version := range streamsVersions {
			list = append(list, Peer{
				Name: t.name + "@" + version,
				System: spec.System{
					Stores: []string{spec.StoreMemory, spec.StoreRocks}, Recovery: files, ExactlyOnce: true,
					Groups: []string{spec.GroupNone, spec.GroupClassic, spec.GroupStreams},
					// Of three, two survive, and what Instance.java sets so that partitions are shared from the start has
					// them exchange their own as well.
					Shares: 2, Copies: []string{spec.GroupClassic}, Client: translated,
				},
				Settings: t.settings,
				Sets:     streamsSets,
				program:  filepath.Join("kafka-streams-"+version, "kafka-streams-subject.jar"),
				runtime:  []string{"java", "-jar"},
			})
		}
	}
	for _, t := range []struct {
		name     string
		settings []string
	}{{"naive-go", nil}, {"naive-go-tuned", []string{"fetch.queue.backoff.ms=2", "queued.min.messages=1000000", "fetch.message.max.bytes=4194304"}}} {
		list = append(list, Peer{
			Name: t.name,
			System: spec.System{
				Stores: []string{spec.StoreMemory}, Recovery: []string{record.Replay}, Groups: []string{spec.GroupNone},
				Client: spec.ClientAll(),
			},
			Settings: t.settings,
			Sets:     append(always("enable.auto.commit=false", "auto.offset.reset=earliest"), Set{Name: "group.id", Why: "it never joins it"}),
			program:  filepath.Join("naive-go", "naive-go"),
		})
	}
	return append(list, Peer{
		Name: "quix",
		System: spec.System{
			Stores: []string{spec.StoreRocks}, Recovery: files, Groups: []string{spec.GroupNone, spec.GroupClassic}, Client: translated,
		},
		Sets:    append(always("auto_offset_reset=earliest", "loglevel=WARNING", "the changelog's name"), staticMember),
		Headers: map[string]string{"__column_family__": "default"},
		program: filepath.Join("quix", "bin", "quix-subject"),
		beside:  "python", // of its virtual environment, a link to the system's
	})
}

// Names lists the peers, available or not.
func Names() []string {
	var names []string
	for _, p := range all() {
		names = append(names, p.Name)
	}
	return names
}

// ErrUnknown means that no peer has such a name.
var ErrUnknown = errors.New("unknown subject")

// Unavailable is an error that says what a peer lacks, and how to get it.
type Unavailable struct{ Name, Reason, Remedy string }

func (e *Unavailable) Error() string {
	return fmt.Sprintf("subject %s is unavailable: %s; %s", e.Name, e.Reason, e.Remedy)
}

// Find returns the peer of a name, of which the version, or its end, may be left out for the newest one, and the command that starts it. The
// error is ErrUnknown or an Unavailable.
func Find(name string) (*Peer, subject.Command, error) {
	left := "@" // what follows a name of which something was left out
	if strings.Contains(name, "@") {
		left = "."
	}
	for _, p := range all() {
		if p.Name == name || strings.HasPrefix(p.Name, name+left) {
			command, err := p.command()
			return &p, command, err
		}
	}
	return nil, subject.Command{}, fmt.Errorf("%w %q; there are %s", ErrUnknown, name, strings.Join(Names(), ", "))
}

func (p *Peer) command() (subject.Command, error) {
	program, ok := find(p.program)
	if !ok {
		return subject.Command{}, &Unavailable{p.Name, "it is not built", "run make peers"}
	}
	if _, err := os.Stat(filepath.Join(filepath.Dir(program), p.beside)); err != nil {
		return subject.Command{}, &Unavailable{p.Name, "the " + p.beside + " that it was built with is gone", "run rm -r .deps/peers/quix and make peers"}
	}
	line := append(append(slices.Clone(p.runtime), program), p.Settings...)
	path, err := exec.LookPath(line[0])
	if err != nil {
		return subject.Command{}, &Unavailable{p.Name, "there is no " + line[0], "run make setup and make peers"}
	}
	return subject.Command{Path: path, Args: line[1:]}, nil
}

// find looks for a built program from the working directory and from our own program upwards.
func find(program string) (path string, ok bool) {
	var from []string
	if dir, err := os.Getwd(); err == nil {
		from = append(from, dir)
	}
	if self, err := os.Executable(); err == nil {
		from = append(from, filepath.Dir(self))
	}
	for _, dir := range from {
		for ; ; dir = filepath.Dir(dir) {
			path = filepath.Join(dir, ".deps", "peers", program)
			if _, err := os.Stat(path); err == nil {
				return path, true
			}
			if dir == filepath.Dir(dir) {
				break
			}
		}
	}
	return "", false
}
