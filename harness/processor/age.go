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
// offset that a restore got to; and while records are processed, of the moment before the store was made durable, or before the first
// record was sent that it lacks. It is the wall clock's: nothing else goes on while the machine is off.
//
// A store that came back from a backup, or went back to an older MANIFEST, is older than the file beside it says. So that also has the
// offset that the store was durable at then: one that stands before it is of a time that nobody knows, and so is one that has another number
// than is written there, see readIncarnation.

// origin is what is known of local files.
type origin struct {
	changelog.Identity
	at          int64         // when they held all of the changelog, in ms since the epoch
	next        stores.Offset // what they held it up to, durably, or less: the store stands there, or behind it
	kept        int64         // ms that the changelog keeps a tombstone, or unknown
	incarnation uint64        // number of the store
}

const (
	unknown = -1
	// defaultKept is Kafka's own delete.retention.ms, for a broker that does not tell.
	defaultKept = int64(24 * time.Hour / time.Millisecond)
	// marginShare: a tenth of that time is left for the restore that follows, and for clocks that differ.
	marginShare = 10
	// stepShare: the time is written anew once it is by a hundredth of that older than the files, which costs next to nothing.
	stepShare = 100
	// leastStep in ms bounds how often, for times that no real changelog has; mostStep how seldom: files that were durable a moment
	// before a crash are not to look as if the broker must be asked.
	leastStep = 100
	mostStep  = unasked / 2
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
	return at < o.at || at-o.at >= min(max(kept/stepShare, leastStep), mostStep)
}

// older says why a store that has a number and stands at an offset is not the one that was said to hold all then; "" if it may be.
func (o *origin) older(incarnation uint64, stands stores.Offset) string {
	switch {
	case defect.Is(defect.AgeIgnored):
		return ""
	case incarnation != o.incarnation:
		return "the store is another one than the file beside it is of, as from a backup, of a time that is not known: deleted keys could come back"
	case stands >= o.next:
		return ""
	}
	return fmt.Sprintf("the store stands at offset %d and has been durable at %d: it is an earlier one, as from a backup, of a time that is not known: deleted keys could come back",
		stands, o.next)
}

// tooOld says why a partition's files must not be brought up to date; "" if they may.
func (p *processor) tooOld(part *partition, now time.Time) (why string, err error) {
	if !p.keepsFiles(part) || defect.Is(defect.AgeIgnored) {
		return "", nil
	}
	o := part.known()
	age := now.UnixMilli() - o.at
	if o.kept != unknown {
		if why := outdated(age, o.kept); why != "" || age < unasked || o.kept == changelog.Forever {
			return why, nil // a changelog that was not compacted may be by now: a hole tells
		}
	}
	kept, err := p.ask(part, o)
	if err != nil {
		return "", err
	}
	return outdated(age, kept), nil
}

// errForgotten means that a changelog may lack tombstones that the local files need.
var errForgotten = errors.New("a hole in the changelog")

// waryReader looks out for what a changelog has forgotten.
type waryReader struct {
	restore.Source
	at    int64 // of the files, or of a copy
	holes int64 // up to which they were young enough
	kept  int64 // or unknown
	ask   func() (kept int64, err error)
}

// wary reads what is behind local files that look young enough, until there is a hole although they are not. Without files there is
// nothing to be deleted.
func (p *processor) wary(part *partition, s restore.Source) restore.Source {
	if _, saved := part.saved(); !saved || !p.keepsFiles(part) {
		return s
	}
	return p.warySince(part, s, part.known().at)
}

// warySince is wary of what lacks nothing that there was at a time, in ms.
func (p *processor) warySince(part *partition, s restore.Source, at int64) *waryReader {
	w := &waryReader{Source: s, at: at, kept: unknown, ask: func() (int64, error) { return p.ask(part, part.known()) }}
	if defect.Is(defect.AgeIgnored) {
		w.kept = changelog.Forever
	}
	return w
}

// Read stops short of what was read with a hole that the files are too old for. The broker is asked at the first, the clock at each:
// a restore may take long.
func (w *waryReader) Read(ctx context.Context, b *stores.Batch, stop stores.Offset, wait time.Duration) error {
	if err := w.Source.Read(ctx, b, stop, wait); err != nil {
		return err
	}
	holes := w.Stats().Holes
	if holes == w.holes {
		return nil
	}
	if w.kept == unknown {
		kept, err := w.ask()
		if err != nil {
			return err
		}
		w.kept = kept
	}
	if why := outdated(time.Now().UnixMilli()-w.at, w.kept); why != "" {
		return fmt.Errorf("%w before offset %d: %s", errForgotten, b.Next, why)
	}
	w.holes = holes
	return nil
}

// ask asks the broker how long tombstones are kept, as long as other questions. One that does not tell, or not us, has a default; of any
// other error nothing follows. What it was before counts, too: the cleaner goes by what it was when it first came by a tombstone.
func (p *processor) ask(part *partition, o origin) (kept int64, err error) {
	kept, err = part.reader.KeepsTombstones(offsetTimeout)
	switch {
	case errors.Is(err, changelog.ErrUntold):
		kept = defaultKept
	case err != nil:
		return 0, fmt.Errorf("whether deleted keys could come back: %w", err)
	}
	if o.kept != unknown {
		kept = min(kept, o.kept)
	}
	return kept, nil
}
