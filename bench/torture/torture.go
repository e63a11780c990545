// Package torture kills the processor again and again, at random moments and at chosen
// ones, lets it restore, and judges each restore to the byte; then it goes on with the same
// local files.
//
// # Traffic
//
// Each cell has an input topic that the harness fills: record i is a pure function of the
// seed and i. The processor reads it from the offset that its group has committed, 25
// records to a commit: the changelog acknowledges them, the store takes them together with
// their offset, now and then it becomes durable, and the input's offset moves. Under exactly
// once, changelog, output and the input's offset move in one transaction, and the store
// learns of it behind the commit: its files never hold what is taken back, and are good
// after any crash. Kafka Streams before 4.4 writes to its store first, and has to wipe it.
//
// # What is judged
//
// After the kill, when the processor is up again and before it takes new input:
//
//   - the store is what the changelog says, to the byte and with nothing more; the harness
//     reads that itself, by another client than the processor does;
//   - what the local files held when they were opened has every record before the offset that
//     was saved with them;
//   - what the local files held is used: where nothing but a kill came before it, or what is to leave them whole, no life
//     finds them empty or wiped, or begins its restore before the offset that they are known to hold;
//   - every record of the input that was acknowledged is in it, by the generator's word and
//     not by the changelog's;
//   - the changelog is a transcript of the input: each record the next one, or one that came
//     before, which is what at least once allows;
//   - under exactly once there are none of those: changelog and output, read as committed, are
//     the input, so that what an aborted transaction wrote is nowhere.
//
// # What proves a kill
//
// The processor ended by SIGKILL, and had told that the chosen moment came (see package
// killpoint) or what it was doing. A moment that did not come is counted as a kill while
// idle and tried again; where files count, a life that opens those that it left judges it before.
//
// # Faults
//
// With a fault of files, each kill is followed by damage to one of the files that it left. The
// restore behind it may serve what is right all the same, replay and say why, or refuse the
// files; it is judged as ever. Or a file is put in its place that is whole, and that of another partition or of an earlier time.
// With store-rewound a replay from nothing is killed, and the store is what it was earlier in it; that may not be refused.
//
// With a fault that lasts for a life, system calls of the processor fail from its start on, or its directory can only be read: it goes on, or ends
// with an error that names the file and the errno and says what to do. A life without the fault follows, and judges.
//
// With a fault of the changelog, the topic is trimmed, emptied, created again as of an earlier time, given partitions, or left with an
// aborted or an open transaction at its end, behind the kill. Files that go with what is not there any more
// must be wiped and that be said, or refused where keys may have moved; what is restored is the changelog that there is.
//
// Some of these come while the restore reads, which stands still for them, and has to begin anew. With topic-expired another processor
// goes on meanwhile, and the broker's own log cleaner takes away the tombstones that the first one's files lack.
//
// With a fault of the disk, which is one of our own, it is full or fails in each life: the processor may end with an error that says so, names a file
// and says what to do, and goes on from what is durable once the disk is mended.
//
// With a power cut, the files lie on a disk of our own, which with the kill loses what was not made durable. Two files of the disk's own show it: one
// that was not made durable is gone, one that was is whole.
//
// With a lock that is held, the processor is stopped, and a second one must give up on its files.
//
// With a zombie, the processor is stopped and not killed, a successor takes over, and then it goes on: it must be fenced.
//
// With a fault of a group, several processors share the partitions of a changelog that the harness itself writes, and in the middle of
// their restores one joins, leaves, is killed, or is silent for as long as its session lasts and comes back. Each partition must
// have one owner then, which has all of it; what was served before must be served meanwhile; and nothing may be
// called local whose restore began without files. Nothing is processed there.
//
// With a fault of the broker, it is struck in each life, before the kill: as soon as the files are
// open, in the restore, or in the traffic. The processor goes on, and no local files may be lost for it. So it is with the network
// between them: a proxy slows it down, resets connections or swallows what passes, or the broker comes back at another port. Where the broker
// is away for long, or not to be found again, the processor may give up with an error that names it and says what to do.
package torture

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"restorebench/harness/broker"
	"restorebench/harness/changelog"
	"restorebench/harness/spec"
	"restorebench/harness/subject"
)

// Options say what to torture, how long, and where.
type Options struct {
	Run     string
	Build   string // commit that runs; "": not known
	Seed    uint64
	Cells   []string // names; none are all
	Fault   string   // beside kills, one of Faults; "": none
	Kills   int      // of each cell; 0: as many as Time allows
	Time    time.Duration
	Keys    int // that each cell's input is about; 0: DefaultKeys
	Brokers string
	Kind    string          // the value of --broker
	Broker  *broker.Broker  // to be struck by a fault of the broker, and told how often to clean; may be nil else
	Prefix  string          // of topics
	Dir     string          // existing directory of the run
	Out     string          // for the lines, and for what is kept of a failure
	Command subject.Command // starts our own processor
	Stall   time.Duration   // without an event the processor hangs, and so it does with events for ever, see lifeStalls
	Given   []string        // flags of the command line that differ from their defaults and are none of the above, for who repeats a failure

	route *route // of the processor, when the network is struck

	// Watch is told of every kill before it comes, and of every judgement; may be nil.
	Watch func(Progress)
}

// Progress is how far a run is.
type Progress struct {
	Judged     int    // of all cells
	Of         int    // 0: not known
	Cell, Kind string // of the next kill
}

// Result is what a run has found.
type Result struct {
	Run      string    `json:"run"`
	Seed     uint64    `json:"seed"`
	Raw      string    `json:"raw"` // path of the lines
	Table    []Row     `json:"table"`
	Sizes    Sizes     `json:"sizes"`
	Failures []Failure `json:"failures,omitempty"`
}

// Failure is a cell that was ended by what was found.
type Failure struct {
	Cell   string `json:"cell"`
	Why    string `json:"why"`
	Repeat string `json:"repeat"` // the command
	Kept   string `json:"kept"`   // the directory
}

// Check says whether the options make sense, before anything starts.
func (o *Options) Check() error {
	chosen, err := find(o.Cells)
	if err == nil {
		err = checkFault(o.Fault)
	}
	if err == nil && len(faulty(chosen, o.Fault)) == 0 {
		err = &spec.Error{Where: "--fault " + o.Fault + " with --cells", Value: strings.Join(o.Cells, ","), Allowed: "a cell that it can strike"}
	}
	if err == nil {
		err = errors.Join(checkBroker(o.Fault, o.Kind), checkDisk(o.Fault), checkCalls(o.Fault), checkReadOnly(o.Fault))
	}
	if err == nil && o.Keys != 0 && (o.Keys < MinKeys || o.Keys > MaxKeys) {
		err = &spec.Error{Where: "--keys", Value: strconv.Itoa(o.Keys), Allowed: fmt.Sprintf("a whole number from %d to %d", MinKeys, MaxKeys)}
	}
	if err == nil && o.keys() != DefaultKeys && ofGroup(o.Fault) {
		err = &spec.Error{Where: "--keys with --fault " + o.Fault, Value: strconv.Itoa(o.Keys), Allowed: "another fault: of groups the harness writes the changelog"}
	}
	if err == nil && o.Kills == 0 && o.Time == 0 {
		err = &spec.Error{Where: "--kills", Value: "0", Allowed: "a whole number from 1 on, or --minutes"}
	}
	return err
}

func (o *Options) keys() int { return cmp.Or(o.Keys, DefaultKeys) }

// together is how many cells are tortured side by side: they mostly wait, for the broker and for
// processes to start.
const together = 3

// run is what the cells share.
type run struct {
	*Options
	cells int

	mu     sync.Mutex
	log    *log
	counts counts
	sizes  restores
	judged int
	res    *Result
}

// Run tortures every cell. What was found is in the result, also with an error; failures are
// no error.
func Run(ctx context.Context, o *Options) (res *Result, err error) {
	res = &Result{Run: o.Run, Seed: o.Seed}
	chosen, err := find(o.Cells)
	if err != nil {
		return res, err
	}
	chosen = faulty(chosen, o.Fault)
	r := &run{Options: o, cells: len(chosen), counts: counts{}, res: res}
	if ofNetwork(o.Fault) {
		if r.route, err = newRoute(ctx, o.Broker, o.Fault); err != nil {
			return res, err
		}
		defer func() { err = errors.Join(err, r.route.close()) }()
	}
	if r.log, err = newLog(o.Out, o.Run); err != nil {
		return res, err
	}
	res.Raw = r.log.f.Name()
	admin, err := changelog.NewAdmin(o.Brokers)
	if err != nil {
		return res, errors.Join(err, r.log.close())
	}
	defer admin.Close()
	if err := o.hurry(ctx, admin); err != nil {
		return res, errors.Join(err, r.log.close())
	}
	err = errors.Join(o.each(ctx, chosen, func(ctx context.Context, cell Cell, until time.Time) error {
		return r.cell(ctx, cell, admin, until)
	}), r.log.close())
	res.Table, res.Sizes = r.counts.rows(chosen), r.sizes.sum()
	return res, err
}

// each takes the cells, beside each other as far as that can be, until the moment at which one's share of the time is over.
func (o *Options) each(ctx context.Context, chosen []Cell, do func(context.Context, Cell, time.Time) error) error {
	share := o.Time
	group, ctx := errgroup.WithContext(ctx)
	switch {
	case ofBroker(o.Fault):
		group.SetLimit(1) // it is struck for all of them
		share /= time.Duration(len(chosen))
	case o.Kills > 0:
		group.SetLimit(together)
	} // else all of them share the time
	for _, cell := range chosen {
		group.Go(func() error {
			if ctx.Err() != nil {
				return ctx.Err()
			}
			return do(ctx, cell, time.Now().Add(share))
		})
	}
	return group.Wait()
}

// cell runs one campaign. Only what concerns all of them is an error.
func (r *run) cell(ctx context.Context, cell Cell, admin *changelog.Admin, until time.Time) error {
	c := &campaign{
		Options: r.Options, cell: cell, admin: admin, before: r.watch, judged: r.judge,
		schedule: newSchedule(r.Seed, &cell), rng: rand.New(rand.NewPCG(r.Seed, ^hash(cell.Name))),
	}
	if r.Fault != "" {
		c.schedule = newFaultSchedule(r.Seed, &cell, r.Fault)
	}
	err := c.run(ctx, func(kills int) bool {
		return r.Kills > 0 && kills >= r.Kills || r.Time > 0 && kills > 0 && time.Now().After(until)
	})
	if err == nil || ctx.Err() != nil {
		return err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.res.Failures = append(r.res.Failures, Failure{
		Cell: cell.Name, Why: err.Error(), Kept: c.kept,
		Repeat: c.repeat(),
	})
	return nil
}

// repeat is the command that does the same again.
func (c *campaign) repeat() string {
	command := fmt.Sprintf("bin/restorebench torture --cells %s --seed %d", c.cell.Name, c.Seed)
	if c.Fault != "" {
		command += " --fault " + c.Fault
	}
	return strings.Join(append([]string{command}, append(slices.Clone(c.Given), fmt.Sprintf("--kills %d", c.kills))...), " ")
}

// judge takes a kill that was judged.
func (r *run) judge(line *Line) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.counts.add(line)
	r.sizes.add(line)
	r.judged++
	r.tell(line)
	return r.log.append(line)
}

func (r *run) watch(line *Line) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.tell(line)
}

func (r *run) tell(line *Line) {
	if r.Watch != nil {
		r.Watch(Progress{Judged: r.judged, Of: r.cells * r.Kills, Cell: line.Cell, Kind: line.Kind})
	}
}
