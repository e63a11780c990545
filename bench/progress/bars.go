package progress

import (
	"fmt"
	"io"
	"sync"
	"time"
	"unicode/utf8"

	"github.com/vbauerster/mpb/v8"
	"github.com/vbauerster/mpb/v8/decor"

	"restorebench/bench/report"
	"restorebench/bench/suite"
)

// bars is for a terminal: one bar for the current trial's stage, one for the suite.
// Both stay from their first event to the end, so that nothing jumps; what they say
// is computed when they are drawn.
type bars struct {
	w     io.Writer
	p     *mpb.Progress
	stage *bar
	total *bar // from the first trial on
	names names
}

func newBars(w io.Writer) *bars {
	return &bars{w: w, names: names{}, p: mpb.New(mpb.WithOutput(w), mpb.WithWidth(64), mpb.WithAutoRefresh())}
}

func (b *bars) Logf(format string, args ...any) {
	// A terminal that echoes ^C leaves its cursor behind it, where the display would
	// begin to erase.
	io.WriteString(b.w, "\r") //nolint:errcheck // what follows fails too
	fmt.Fprintf(b.p, format+"\n", args...)
}

func (b *bars) Show(e suite.Event) {
	if b.stage == nil {
		b.stage = newBar(b.p, 0)
	}
	if b.total == nil && e.Trial >= 0 {
		b.total = newBar(b.p, 1)
		b.total.begin("trials")
		b.total.set(0, int64(e.Trials), fmt.Sprintf("0/%d", e.Trials))
	}
	if e.Done != nil {
		b.Logf("%s", b.names.summary(e))
		b.total.set(int64(e.Trial+1), int64(e.Trials), fmt.Sprintf("%d/%d", e.Trial+1, e.Trials))
		return
	}
	if name := b.names.stage(e); name != b.stage.name {
		b.stage.begin(name)
	}
	rate := ""
	if r := b.stage.rate(e.Stage.Done); r > 0 {
		rate = report.Amount(r) + " records/s"
	}
	b.stage.set(e.Stage.Done, e.Stage.Total, rate)
}

func (n names) stage(e suite.Event) string {
	switch {
	case e.Stage.Stage == suite.StageBroker:
		return "starting the broker"
	case e.Trial < 0:
		return "warm-up: " + e.Stage.Stage
	default:
		return n.of(e) + ": " + e.Stage.Stage
	}
}

func (b *bars) Close() {
	if b.stage != nil {
		b.stage.live.Abort(true)
	}
	if b.total != nil {
		b.total.end()
	}
	b.p.Wait()
}

// bar is a line: a name, the bar, a text and the time that is left.
type bar struct {
	live *mpb.Bar

	mu    sync.Mutex // the display draws from a goroutine of its own
	name  string
	width int       // of the longest name so far, so that the bars keep their place
	since time.Time // when the name was given
	text  string
	due   time.Time // when it will be done; zero when unknown
}

// tailWidth holds a rate and a time: a tail that grew would shrink the bar.
const tailWidth = len("1.25M records/s, 1m30s left")

func newBar(p *mpb.Progress, line int) *bar {
	b := &bar{}
	b.live = p.AddBar(0, mpb.BarPriority(line),
		mpb.PrependDecorators(decor.Any(b.head, decor.WCSyncSpaceR)),
		mpb.AppendDecorators(decor.Any(b.tail, decor.WC{W: tailWidth, C: decor.DindentRight | decor.DextraSpace})))
	return b
}

// begin gives the bar a name and forgets what was.
func (b *bar) begin(name string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.name, b.width = name, max(b.width, utf8.RuneCountInString(name))
	b.since, b.due = time.Now(), time.Time{}
}

// rate is the average per second since the name was given.
func (b *bar) rate(done int64) float64 {
	return float64(done) / max(time.Since(b.since), time.Millisecond).Seconds()
}

func (b *bar) set(done, of int64, text string) {
	b.mu.Lock()
	if rate := b.rate(done); rate > 0 {
		b.due = time.Now().Add(time.Duration(float64(of-done) / rate * float64(time.Second)))
	}
	b.text = text
	b.mu.Unlock() // before the display is asked for anything: it may be asking us
	b.live.SetTotal(of, false)
	b.live.SetCurrent(done)
}

// end leaves the bar as it is, with the time that it took instead of what is left.
func (b *bar) end() {
	b.mu.Lock()
	b.text, b.due = fmt.Sprintf("%s in %v", b.text, seconds(time.Since(b.since))), time.Time{}
	b.mu.Unlock()
	b.live.Abort(false)
}

func (b *bar) head(decor.Statistics) string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return fmt.Sprintf("%-*s", b.width, b.name)
}

func (b *bar) tail(decor.Statistics) string {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.due.IsZero() {
		return b.text
	}
	return fmt.Sprintf("%s, %v left", b.text, seconds(max(0, time.Until(b.due))))
}

func seconds(d time.Duration) time.Duration { return d.Round(time.Second) }
