package torture

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"

	"restorebench/harness/changelog"
	"restorebench/stores"
)

// sharedParts is how many partitions a group shares: each of three members has two.
const sharedParts = 6

// sharedGround is what a cell's groups change on: a changelog that the harness itself writes, and the directories of the members.
type sharedGround struct {
	dir, input, log string
	brokers         string
	parts           []*sharedPart
	transactions    *changelog.Transactions // under exactly once, else nil
	states          int                     // of the directories, one for each member
	begun           map[string]bool         // directories in which a member has lived
	groups, lives   int
	closed          bool
}

// sharedPart is one partition of the changelog.
type sharedPart struct {
	traffic traffic
	writer  *changelog.Writer // at least once, else nil
	fed     int64             // records of the traffic
	history *history
}

// newSharedGround makes the topics and the directory. What an error leaves of them is gone, and so is the ground: it is nil.
func (c *campaign) newSharedGround(ctx context.Context) (g *sharedGround, err error) {
	c.grounds++
	name := fmt.Sprintf("%s-%d", c.cell.Name, c.grounds)
	app := fmt.Sprintf("%s-%s-torture-%s", c.Prefix, c.Run, name)
	g = &sharedGround{
		dir: filepath.Join(c.Dir, name), input: app + "-input", log: changelog.TopicName(app, storeName), brokers: c.Brokers, begun: map[string]bool{},
	}
	defer func() {
		if err != nil {
			err, g = errors.Join(err, g.end(c.admin)), nil
		}
	}()
	if err := os.Mkdir(g.dir, 0o700); err != nil {
		return g, err
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), groundTimeout)
	defer cancel()
	if err := c.admin.Create(ctx, g.input, sharedParts, nil); err != nil {
		return g, err
	}
	if err := c.admin.Create(ctx, g.log, sharedParts, logConfig(c.Fault)); err != nil {
		return g, err
	}
	if c.cell.ExactlyOnce {
		if g.transactions, err = changelog.NewTransactions(ctx, c.Brokers, app, nil); err != nil {
			return g, err
		}
	}
	for i := range int32(sharedParts) {
		p := &sharedPart{traffic: traffic{c.Seed ^ hash(fmt.Sprintf("%s-%d", name, i)), c.keys()}}
		p.history = newHistory(p.traffic, c.Options, g.log, c.cell.ExactlyOnce)
		p.history.part = i
		if !c.cell.ExactlyOnce {
			if p.writer, err = changelog.NewWriter(c.Brokers, g.log, i, groundTimeout, changelog.Settings{"log_level": "0"}); err != nil {
				return g, err
			}
		}
		g.parts = append(g.parts, p)
	}
	return g, nil
}

// newStates lets the members go on without the files that they had.
func (g *sharedGround) newStates() { g.states++ }

// Records of one feed of a partition.
const (
	leastFed = 100
	mostFed  = 400
	repeated = 20 // at most, of those before: at least once a restart repeats some
	strays   = 30 // at most, in an aborted transaction
)

// feed adds records to each partition, in a transaction under exactly once, and in another one that is aborted; and reads what there is.
func (g *sharedGround) feed(ctx context.Context, rng *rand.Rand) error {
	ctx, cancel := context.WithTimeout(ctx, groundTimeout)
	defer cancel()
	var batches, aborted []*stores.Batch
	for i, p := range g.parts {
		from, to := p.fed, p.fed+leastFed+rng.Int64N(mostFed-leastFed)
		if p.writer != nil {
			from -= rng.Int64N(min(p.fed, repeated) + 1)
		}
		batches, p.fed = append(batches, p.batch(int32(i), from, to)), to
		if rng.IntN(2) == 0 { // numbers that are not to come soon
			aborted = append(aborted, p.batch(int32(i), to+10*mostFed, to+10*mostFed+1+rng.Int64N(strays)))
		}
	}
	if g.transactions != nil {
		if err := errors.Join(g.transact(ctx, batches, g.transactions.Commit), g.transact(ctx, aborted, g.transactions.Abort)); err != nil {
			return err
		}
	} else if err := g.write(ctx, batches); err != nil {
		return err
	}
	for i, p := range g.parts {
		if err := p.history.readAll(ctx); err != nil {
			return err
		}
		if p.history.newest != p.fed {
			return fmt.Errorf("%w: partition %d has %d records, %d were written", errTranscript, i, p.history.newest, p.fed)
		}
	}
	return nil
}

// batch has the records of the traffic from one number up to another.
func (p *sharedPart) batch(partition int32, from, to int64) *stores.Batch {
	b := &stores.Batch{Partition: partition}
	for n := from; n < to; n++ {
		p.traffic.append(b, n)
	}
	return b
}

func (g *sharedGround) write(ctx context.Context, batches []*stores.Batch) error {
	for _, b := range batches {
		w := g.parts[b.Partition].writer
		ticket, err := w.Send(b)
		if err == nil {
			_, err = w.Wait(ctx, ticket)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// transact writes batches in one transaction.
func (g *sharedGround) transact(ctx context.Context, batches []*stores.Batch, end func(context.Context) error) error {
	if len(batches) == 0 {
		return nil
	}
	if err := g.transactions.Begin(); err != nil {
		return err
	}
	for _, b := range batches {
		if _, err := g.transactions.Send(ctx, g.log, b); err != nil {
			return err
		}
	}
	return end(ctx)
}

// end leaves nothing.
func (g *sharedGround) end(admin *changelog.Admin) error {
	return errors.Join(g.close(admin), os.RemoveAll(g.dir))
}

// close deletes the topics; the directory stays. Closing twice does nothing.
func (g *sharedGround) close(admin *changelog.Admin) error {
	if g.closed {
		return nil
	}
	g.closed = true
	for _, p := range g.parts {
		if p.writer != nil {
			p.writer.Close()
		}
	}
	if g.transactions != nil {
		g.transactions.Close()
	}
	ctx, cancel := context.WithTimeout(context.Background(), groundTimeout) // also when ours was interrupted
	defer cancel()
	return admin.Delete(ctx, g.input, g.log)
}
