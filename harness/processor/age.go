package processor

import (
	"context"
	"errors"
	"fmt"
	"time"

	"restorebench/harness/changelog"
	"restorebench/harness/restore"
	"restorebench/internal/defect"
	"restorebench/stores"
)

// Local files can be too old for a compacted changelog (KIP-1259): a key that was deleted after they were last made durable has a
// tombstone behind their offset, which the log cleaner takes away once it is delete.retention.ms old. Whoever goes on from that
// offset then never learns of the delete. So the file that says which changelog they are of also says when they last held all
// of it, and how long the changelog keeps tombstones.
//
// Every tombstone that the files lack was written after that time, or was in the changelog still when a restore began there to read
// what it deletes (the cleaner takes that away first). So the time is: of the beginning of a replay; of the asking for the end
// offset that a restore got to; and while records are processed, of the moment before the store was made durable. It is the
// wall clock's: nothing else goes on while the machine is off.

// origin is what is known of local files.
type origin struct {
	changelog.Identity
	at   int64 // when they held all of the changelog, in ms since the epoch
	kept int64 // ms that the changelog keeps a tombstone, or unknown
}

const (
	unknown = -1
	// defaultKept is Kafka's own delete.retention.ms, for a broker that does not tell.
	defaultKept = int64(24 * time.Hour / time.Millisecond)
	// marginShare: a tenth of that time is left for the restore that follows, and for clocks that differ.
	marginShare = 10
	// stepShare: the time is written anew once it is by a hundredth of that older than the files, which costs next to nothing.
	stepShare = 100
	// leastStep in ms bounds how often, for times that no real changelog has.
	leastStep = 100
	// unasked is the age in ms up to which the broker is not asked before a hole is read whether it keeps tombstones for a shorter
	// time than was written with the files: a crash is over by then.
	unasked = int64(15 * time.Minute / time.Millisecond)
)

// outdated says why files of an age must not be brought up to date from a changelog that keeps tombstones so long; "" if they may. All
// are ms. A clock that went back by more than the margin leaves no age that could be believed.
func outdated(age, kept int64) string {
	margin := kept / marginShare
	switch {
	case kept == changelog.Forever:
	case age < -margin:
		return fmt.Sprintf("the files are of a time %v ahead of the clock, which went back: tombstones may be gone from the changelog", span(-age))
	case age >= kept-margin:
		return fmt.Sprintf("the files last held all of the changelog %v ago, which keeps tombstones for %v (delete.retention.ms): deleted keys would come back",
			span(age), span(kept))
	}
	return ""
}

// span is a duration of so many ms.
func span(ms int64) time.Duration { return time.Duration(ms) * time.Millisecond }

// due says whether files that held all at a time are to be said to.
func (o *origin) due(at int64) bool {
	kept := o.kept
	if kept == unknown {
		kept = defaultKept
	}
	return at < o.at || at-o.at >= max(kept/stepShare, leastStep)
}

// tooOld says why a partition's files must not be brought up to date; "" if they may.
func (p *processor) tooOld(part *partition, now time.Time) string {
	if !p.keepsFiles(part) || defect.Is(defect.AgeIgnored) {
		return ""
	}
	o := part.known()
	age := now.UnixMilli() - o.at
	if o.kept != unknown {
		if why := outdated(age, o.kept); why != "" || age < unasked {
			return why
		}
	}
	return outdated(age, p.ask(part, o))
}

// errForgotten means that a changelog may lack tombstones that the local files need.
var errForgotten = errors.New("a hole in the changelog")

// waryReader looks out for what a changelog has forgotten.
type waryReader struct {
	restore.Source
	check func() (why string)
}

// wary reads what is behind local files that look young enough, until there is a hole although they are not. Without files there is
// nothing to be deleted.
func (p *processor) wary(part *partition, s restore.Source) restore.Source {
	if _, saved := part.saved(); !saved || !p.keepsFiles(part) || defect.Is(defect.AgeIgnored) {
		return s
	}
	return &waryReader{s, func() string {
		o := part.known()
		return outdated(time.Now().UnixMilli()-o.at, p.ask(part, o))
	}}
}

// Read stops short of what was read with the first hole.
func (w *waryReader) Read(ctx context.Context, b *stores.Batch, stop stores.Offset, wait time.Duration) error {
	err := w.Source.Read(ctx, b, stop, wait)
	if err != nil || w.check == nil || w.Stats().Holes == 0 {
		return err
	}
	why := w.check()
	w.check = nil
	if why != "" {
		return fmt.Errorf("%w before offset %d: %s", errForgotten, b.Next, why)
	}
	return nil
}

// askTimeout bounds the question how long tombstones are kept, in ready processors and in others.
const askTimeout = 10 * time.Second

// ask asks the broker how long tombstones are kept. One that may not tell has a default. What it was before counts, too: the cleaner
// goes by what it was when it first came by a tombstone.
func (p *processor) ask(part *partition, o origin) int64 {
	kept, err := part.reader.KeepsTombstones(askTimeout)
	if err != nil {
		kept = defaultKept
	}
	if o.kept != unknown {
		kept = min(kept, o.kept)
	}
	return kept
}

func (part *partition) known() origin {
	part.dating.Lock()
	defer part.dating.Unlock()
	return part.origin
}

func (part *partition) setOrigin(o origin) {
	part.dating.Lock()
	defer part.dating.Unlock()
	part.origin = o
}

// date notes that the files hold all that the changelog had at a time, if that is due.
func (p *processor) date(part *partition, at time.Time) error {
	part.dating.Lock()
	defer part.dating.Unlock()
	if !p.keepsFiles(part) || !part.origin.due(at.UnixMilli()) {
		return nil
	}
	part.origin.at = at.UnixMilli()
	return p.sourceOf(part).write(part.origin)
}

// dated is a partition's store while records are processed: what makes it durable is noted.
type dated struct {
	stores.Store
	processor *processor
	part      *partition
}

func (d dated) Flush() error {
	now := time.Now()
	if err := d.Store.Flush(); err != nil {
		return err
	}
	return d.processor.date(d.part, now)
}

// dateAll does, once the processor is ready, what the downtime is not to wait for: it notes that the files hold all that they were
// restored to, and how long the changelog keeps tombstones. Neither is needed before there is a crash, nor worth an error.
func (p *processor) dateAll(ctx context.Context) {
	for _, part := range p.parts {
		if !part.restored.IsZero() {
			_ = p.date(part, part.restored) // else the files look older than they are
		}
		if ctx.Err() != nil || !p.keepsFiles(part) {
			continue
		}
		kept, err := part.reader.KeepsTombstones(askTimeout)
		if err != nil {
			continue // whoever finds the files asks
		}
		part.dating.Lock()
		if part.origin.kept != kept {
			part.origin.kept = kept
			_ = p.sourceOf(part).write(part.origin)
		}
		part.dating.Unlock()
	}
}
