package torture

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"math"
	"os"
	"path/filepath"
	"time"

	"restorebench/harness/changelog"
	"restorebench/harness/subject"
	"restorebench/stores"
)

// ground is what a cell's kills happen on: its topics, its directory, and what the harness
// itself knows of both. A new one begins now and then, so that replays do not grow without
// end.
type ground struct {
	dir, state string // state is where the processor's files lie
	input, log string // topics
	output     string // "" under at least once
	group      string

	traffic   traffic
	fed       int64 // records in the input
	feeder    *changelog.Writer
	committed *changelog.Group
	history   *history
	sent      *history // of the output
	closed    bool
	lives     int
	states    int // directories that there were
	struck    struck
	disk      *disk // for power cuts, else nil
	spent     bool  // the changelog is not what the input made it: no more kills here

	earlier    []earlier // copies of the files, see remember
	copied     int       // that there were
	otherInput string    // topic of another partition's, see other
	opened     bool      // the present one was, by a life before; a kill that cuts its making short leaves nothing to be lost
	saved      int64     // the offset that the files are known to hold at least; 0: that is not known
}

const groundTimeout = 30 * time.Second

// newGround makes the topics and the directory. What an error leaves of them is gone, and so is the ground: it is nil.
func newGround(ctx context.Context, o *Options, admin *changelog.Admin, name string, c *Cell, t traffic) (g *ground, err error) {
	app := fmt.Sprintf("%s-%s-torture-%s", o.Prefix, o.Run, name)
	g = &ground{dir: filepath.Join(o.Dir, name), input: app + "-input", log: changelog.TopicName(app, storeName), group: app, traffic: t}
	defer func() {
		if err != nil {
			err, g = errors.Join(err, g.end(admin)), nil
		}
	}()
	if err := os.Mkdir(g.dir, 0o700); err != nil {
		return g, err
	}
	if err := g.newState(o.Fault); err != nil {
		return g, err
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), groundTimeout)
	defer cancel()
	if err := admin.Create(ctx, g.input, 1, map[string]string{"retention.ms": "-1"}); err != nil {
		return g, err
	}
	partitions := 1
	if o.Fault == FaultSwapped {
		partitions = 2
	}
	if err := admin.Create(ctx, g.log, partitions, logConfig(o.Fault)); err != nil {
		return g, err
	}
	if c.ExactlyOnce {
		g.output = app + "-output"
		if err := admin.Create(ctx, g.output, 1, map[string]string{"retention.ms": "-1"}); err != nil {
			return g, err
		}
		g.sent = newHistory(t, o, g.output, true)
	}
	g.history = newHistory(t, o, g.log, c.ExactlyOnce)
	// What librdkafka cannot repeat comes back as an error; a broker that is struck is no news.
	if g.feeder, err = changelog.NewWriter(o.Brokers, g.input, 0, groundTimeout, changelog.Settings{"log_level": "0"}); err != nil {
		return g, err
	}
	g.committed, err = changelog.WatchGroup(o.Brokers, g.group)
	return g, err
}

// logConfig keeps the changelog from being compacted while it is judged, however old the records say they are: every
// one counts. (Markers of transactions have the broker's time, and roll a segment of such records.) It is
// deleted from too, which Kafka refuses for what is compacted only.
func logConfig(fault string) map[string]string {
	c := changelog.TopicConfig(map[string]string{
		"cleanup.policy": "compact,delete", "retention.ms": "-1", "min.compaction.lag.ms": fmt.Sprint(math.MaxInt64),
	})
	maps.Copy(c, cleanable(fault))
	return c
}

const storeName = "store"

// end leaves nothing.
func (g *ground) end(admin *changelog.Admin) error {
	return errors.Join(g.close(admin), os.RemoveAll(g.dir))
}

// close deletes the topics and the disk; the directory stays. Closing twice does nothing.
func (g *ground) close(admin *changelog.Admin) error {
	if g.closed {
		return nil
	}
	g.closed = true
	errs := []error{g.closeDisk(), g.struck.end()}
	if g.feeder != nil {
		g.feeder.Close()
	}
	if g.committed != nil {
		errs = append(errs, g.committed.Close())
	}
	topics := []string{g.input, g.log}
	if g.output != "" {
		topics = append(topics, g.output)
	}
	if g.otherInput != "" {
		topics = append(topics, g.otherInput)
	}
	ctx, cancel := context.WithTimeout(context.Background(), groundTimeout) // also when ours was interrupted
	defer cancel()
	return errors.Join(append(errs, admin.Delete(ctx, topics...))...)
}

// newState goes on without the local files that there were.
func (g *ground) newState(fault string) (err error) {
	g.states++
	g.opened, g.saved = false, 0
	g.state = filepath.Join(g.dir, fmt.Sprint("state-", g.states))
	if !needsDisk(fault) {
		return nil
	}
	if err := g.closeDisk(); err != nil {
		return err
	}
	g.disk, err = newDisk(g.state)
	g.state = filepath.Join(g.state, "state") // beside lost+found
	return err
}

// lived notes what a life leaves that can be lost. An empty store may be made anew before the restore, and that be cut short. An offset at which
// local files were opened stays in them; and RocksDB has the end of a restore flushed before the processor is ready, where a snapshot comes later.
func (g *ground) lived(l *life, rocks bool) {
	begun := l.start.Event != ""
	g.opened = begun || g.opened && l.opened.Path != subject.PathEmpty
	switch {
	case l.opened.Path == subject.PathEmpty || l.opened.Path == subject.PathWiped:
		g.saved = 0
	case begun:
		g.saved = max(g.saved, l.start.From)
	}
	if ready := l.during == duringTraffic || l.during == duringIdle; rocks && ready && l.start.From < l.start.To {
		g.saved = max(g.saved, l.start.To)
	}
	g.struck.lived(l)
}

// mend ends a fault of the disk, once the processor is dead.
func (g *ground) mend(fault string) error {
	if !ofDisk(fault) {
		return nil
	}
	return g.disk.mend()
}

func (g *ground) closeDisk() error {
	if g.disk == nil {
		return nil
	}
	d := g.disk
	g.disk = nil
	return d.close()
}

// feed adds records to the input, so that so many are not processed yet.
func (g *ground) feed(ctx context.Context, processed stores.Offset, ahead int64) error {
	b := changelog.NewBatch()
	for ; g.fed < int64(processed)+ahead; g.fed++ {
		g.traffic.append(b, g.fed)
	}
	if b.Len() == 0 {
		return nil
	}
	ticket, err := g.feeder.Send(b)
	if err != nil {
		return err
	}
	_, err = g.feeder.Wait(ctx, ticket)
	return err
}

// Commits of the processor.
const (
	commitRecords = 25
	flushCommits  = 5
)

// start starts the next incarnation.
func (g *ground) start(o *Options, c *Cell, m *moment) (*life, error) {
	config := c.config()
	config.Partitions, config.Show = []int32{0}, true
	config.Feed = &subject.Feed{Input: g.input, Output: g.output, Group: g.group, CommitRecords: commitRecords, FlushCommits: flushCommits}
	if m != nil {
		config.KillAt, config.HoldAt = m.plan, m.hold
	}
	g.lives++
	task := subject.Task{Brokers: o.way(), Topic: g.log, StateDir: g.state, Store: c.Store, Config: config}
	p, err := subject.Start(o.Command, task, g.dir, fmt.Sprint("life-", g.lives))
	return &life{process: p}, err
}
