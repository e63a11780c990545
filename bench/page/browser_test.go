package page

import (
	"context"
	_ "embed"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
)

//go:embed testdata/axe.min.js
var axe string

// A browser has the page open, and keeps what it complains of.
type browser struct {
	t   *testing.T
	ctx context.Context

	mu         sync.Mutex
	complaints []string
}

// open opens the page of a run in a headless Chromium.
func open(t *testing.T, r Run, width int64, scheme string) *browser {
	t.Helper()
	chromium, err := exec.LookPath("chromium")
	if err != nil {
		if os.Getenv("RESTOREBENCH_REQUIRE_CHROMIUM") == "1" {
			t.Fatal(err)
		}
		t.Skip("no chromium (scripts/chromium installs it)")
	}
	path := filepath.Join(t.TempDir(), "report.html")
	if err := WriteHTML(path, r); err != nil {
		t.Fatal(err)
	}
	options := append(slices.Clone(chromedp.DefaultExecAllocatorOptions[:]), chromedp.ExecPath(chromium),
		chromedp.Env("TMPDIR="+filepath.Dir(path))) // where it leaves a directory
	if os.Geteuid() == 0 {
		options = append(options, chromedp.NoSandbox)
	}
	parent, stop := context.WithTimeout(t.Context(), 4*time.Minute)
	t.Cleanup(stop)
	allocated, release := chromedp.NewExecAllocator(parent, options...)
	t.Cleanup(release)
	ctx, closePage := chromedp.NewContext(allocated)
	t.Cleanup(closePage)
	b := &browser{t: t, ctx: ctx}
	chromedp.ListenTarget(ctx, b.hear)
	address := url.URL{Scheme: "file", Path: path}
	b.run(
		log.Enable(), network.Enable(),
		emulation.SetDeviceMetricsOverride(width, 900, 1, width < 500),
		emulation.SetEmulatedMedia().WithFeatures([]*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: scheme}}),
		chromedp.Navigate(address.String()), chromedp.WaitReady("body"),
	)
	return b
}

// hear notes errors, and whatever is asked of the network.
func (b *browser) hear(event any) {
	b.mu.Lock()
	defer b.mu.Unlock()
	switch e := event.(type) {
	case *runtime.EventExceptionThrown:
		b.complaints = append(b.complaints, e.ExceptionDetails.Error())
	case *runtime.EventConsoleAPICalled:
		if e.Type == runtime.APITypeError || e.Type == runtime.APITypeWarning {
			b.complaints = append(b.complaints, string(e.Args[0].Value))
		}
	case *log.EventEntryAdded:
		b.complaints = append(b.complaints, e.Entry.Text)
	case *network.EventRequestWillBeSent:
		if !strings.HasPrefix(e.Request.URL, "file:") && !strings.HasPrefix(e.Request.URL, "data:") {
			b.complaints = append(b.complaints, "asks for "+e.Request.URL)
		}
	}
}

func (b *browser) run(actions ...chromedp.Action) {
	b.t.Helper()
	if err := chromedp.Run(b.ctx, actions...); err != nil {
		b.t.Fatal(err)
	}
}

// eval returns the value of an expression, a promise's when it is kept.
func eval[T any](b *browser, expression string) (value T) {
	b.t.Helper()
	b.run(chromedp.Evaluate(expression, &value, func(p *runtime.EvaluateParams) *runtime.EvaluateParams { return p.WithAwaitPromise(true) }))
	return value
}

// quiet fails if the browser has complained.
func (b *browser) quiet() {
	b.t.Helper()
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, c := range b.complaints {
		b.t.Error(c)
	}
}

// Each run's page loads without a complaint, fits a phone, and has no serious violation of
// the accessibility rules, light and dark.
func TestPages(t *testing.T) {
	one := committed(t, "peers/groups")
	runs := map[string]Run{
		"reference": committed(t, "reference"), "peers": committed(t, "peers"), "types": committed(t, "reference/types"),
		"hostile": hostile(t), "one": runOf(t, one.Records[:1]),
	}
	for name, r := range runs {
		t.Run(name, func(t *testing.T) { checkPage(t, r, 390, "dark") })
	}
	t.Run("wide", func(t *testing.T) { checkPage(t, runs["reference"], 1280, "dark") })
	t.Run("light", func(t *testing.T) { checkPage(t, runs["reference"], 1280, "light") })
	t.Run("light phone", func(t *testing.T) { checkPage(t, runs["peers"], 390, "light") })
}

func checkPage(t *testing.T, r Run, width int64, scheme string) {
	b := open(t, r, width, scheme)
	if over := eval[int](b, "document.documentElement.scrollWidth - innerWidth"); over > 0 {
		t.Errorf("at %d px the body is %d px too wide", width, over)
	}
	if eval[bool](b, "'stolen' in window") {
		t.Error("a script out of the records ran")
	}
	eval[bool](b, "document.querySelectorAll('details').forEach((d, i) => d.open = i < 2); true")
	b.run(chromedp.Evaluate(axe, nil))
	for _, v := range eval[[]string](b, `axe.run().then(r => r.violations
		.filter(v => v.impact === "serious" || v.impact === "critical")
		.map(v => v.id + ": " + v.nodes.map(n => n.target.join(" ") + " " + n.failureSummary).join("; ")))`) {
		t.Error(v)
	}
	b.quiet()
}

// longNames is a run whose variants have long names.
func longNames(t *testing.T) Run {
	r := committed(t, "reference/settings")
	for i := range r.Records {
		if c := &r.Records[i].Cell; strings.HasPrefix(c.RocksDB, "write_buffer_size") {
			c.RocksDB = "level0_file_num_compaction_trigger=8,max_write_buffer_number=2,write_buffer_size=67108864"
		}
	}
	return runOf(t, r.Records)
}

// Long names take no figure off the page: neither the answer's on a phone, nor a column of a table on a desktop, and in charts
// they are broken. What has one entry is no choice.
func TestLongNames(t *testing.T) {
	const inSight = `[...document.querySelectorAll("%")].every(e => e.getBoundingClientRect().right <=
		(e.closest(".wide") ?? document.body).getBoundingClientRect().right)`
	for width, selectors := range map[int64][]string{
		1280: {".answer li", ".decision td", "#table td", "details[open] td", "figcaption"},
		390:  {".answer li", ".decision td", "#table td:nth-child(4)", ".names li"},
	} {
		b := open(t, longNames(t), width, "light")
		eval[bool](b, "document.querySelectorAll('details').forEach((d, i) => d.open = i < 1); true")
		for _, selector := range selectors {
			if !eval[bool](b, strings.Replace(inSight, "%", selector, 1)) {
				t.Errorf("at %d px not all of %s is in sight", width, selector)
			}
		}
		if n := eval[int](b, `Math.max(...["downtime", "phases"].flatMap(id => Chart.getChart(id).data.labels.flat().map(l => l.length)))`); n > 40 {
			t.Errorf("at %d px a label has a line of %d letters", width, n)
		}
		if eval[bool](b, `document.getElementById("size").checkVisibility()`) {
			t.Error("one number of keys is offered for choice")
		}
		b.quiet()
	}
}

// What was varied can be picked, and what it does not concern stays.
func TestFilterOfSettings(t *testing.T) {
	r := longNames(t)
	for i := range r.Records {
		if r.Records[i].RestoreMode == "batch" { // a store without such settings
			r.Records[i].Store, r.Records[i].RestoreMode, r.Records[i].RocksDB = "memory", "", ""
		}
	}
	b := open(t, runOf(t, r.Records), 1280, "light")
	b.run(chromedp.Click(`[data-filter="RocksDB settings"] input[value=defaults]`))
	if got := eval[string](b, `document.getElementById("shown").textContent`); got != "5 of 7 cells are shown." {
		t.Error(got)
	}
	b.quiet()
}

func TestFilters(t *testing.T) {
	b := open(t, committed(t, "reference"), 1280, "light")
	shown := func() string {
		return eval[string](b, `[...document.querySelectorAll("#table tbody tr:not([hidden])")].length + " rows, " +
			[...document.querySelectorAll("details.cell:not([hidden])")].length + " lists, " +
			Chart.getChart("downtime").data.datasets.length + " lines, " + Chart.getChart("phases").data.labels.length + " bars"`)
	}
	if got := shown(); got != "18 rows, 18 lists, 6 lines, 6 bars" {
		t.Error(got)
	}
	b.run(chromedp.Click(`[data-filter=store] input[value=memory]`))
	if got := shown(); got != "9 rows, 9 lists, 3 lines, 3 bars" {
		t.Error(got)
	}
	b.run(chromedp.Click(`[data-filter=recovery] input[value=replay]`))
	if got := shown(); got != "6 rows, 6 lists, 2 lines, 2 bars" {
		t.Error(got)
	}
	b.run(chromedp.Click(`[data-filter=store] input[value=rocksdb]`))
	if status := eval[string](b, `document.getElementById("shown").textContent`); !strings.HasPrefix(status, "Nothing is left") {
		t.Error(status)
	}
	b.quiet()
}

// Of several workloads one is shown at first, and the others on demand.
func TestWorkloadFilter(t *testing.T) {
	b := open(t, committed(t, "capacity"), 1280, "light")
	shown := `document.getElementById("shown").textContent`
	if got := eval[string](b, shown); got != "32 of 152 cells are shown." {
		t.Error(got)
	}
	b.run(chromedp.Click(`[data-filter=workload] label:nth-of-type(2) input`))
	if got := eval[string](b, shown); got == "32 of 152 cells are shown." || !strings.HasSuffix(got, "of 152 cells are shown.") {
		t.Error(got)
	}
	b.quiet()
}

// A target judges the estimates, the best case aside, and not what was measured at other sizes; with another one than
// was asked for the page says whose its checkpoints are.
func TestTargetOfEstimates(t *testing.T) {
	b := open(t, fromReadme(t), 1280, "light")
	answer := `document.getElementById("target-answer").textContent`
	if got := eval[string](b, answer); got != "✓ 2 of 4 ways are in time after nine crashes of ten, the best case aside." {
		t.Error(got)
	}
	if got := eval[int](b, `[...document.querySelectorAll(".decision .verdict")].filter(v => v.textContent).length`); got != 0 {
		t.Errorf("%d measured figures are judged", got)
	}
	b.run(chromedp.SetValue("#target-value", "1"), chromedp.Evaluate(`document.getElementById("target").dispatchEvent(new Event("input"))`, nil))
	if got := eval[string](b, answer); got != "0 of 4 ways are in time after nine crashes of ten, the best case aside. Checkpoints are as for 30 s: ask restorebench predict again." {
		t.Error(got)
	}
	b.quiet()
}

func TestSorting(t *testing.T) {
	b := open(t, committed(t, "reference"), 1280, "light")
	column := `[...document.querySelectorAll("#table tbody tr")].map(r => r.cells[3].textContent.trim())`
	for i, want := range []string{"36.0 ms ascending", "770 ms descending"} {
		b.run(chromedp.Focus(`#table th:nth-child(4) button`), chromedp.KeyEvent(kb.Enter))
		first := eval[[]string](b, column)[0]
		if got := first + " " + eval[string](b, `document.querySelector("#table th[aria-sort]").ariaSort`); got != want {
			t.Errorf("%d: %s, want %s", i, got, want)
		}
	}
	// What is unknown comes last, or first the other way round, and not among the numbers.
	b.run(chromedp.Click(`#table th:nth-child(8) button`))
	last := eval[string](b, `[...document.querySelectorAll("#table tbody tr")].at(-1).cells[7].textContent`)
	if last != "-" {
		t.Errorf("the last throughput is %s", last)
	}
}

func TestTarget(t *testing.T) {
	b := open(t, committed(t, "reference"), 1280, "light")
	verdicts := `[...document.querySelectorAll(".verdict")].map(v => v.textContent[0]).join("")`
	for value, want := range map[string]string{"1": "✗✗✗✗✗✗", "10000": "✓✓✓✓✓✓", "200": "✓✓✗✓✗✗"} {
		eval[bool](b, `document.getElementById("target-value").value = `+value+`;
			document.getElementById("target").dispatchEvent(new Event("input"))`)
		if got := eval[string](b, verdicts); got != want {
			t.Errorf("within %s ms: %s, want %s", value, got, want)
		}
	}
}

// await asks until an expression is true. (chromedp.Poll waits in the page, and now and then for ever, when a link is followed there.)
func (b *browser) await(expression string) {
	b.t.Helper()
	for start := time.Now(); !eval[bool](b, expression); time.Sleep(20 * time.Millisecond) {
		if time.Since(start) > time.Minute {
			b.t.Fatalf("%s is not true at %s, with the focus on %s", expression, eval[string](b, `location.hash`), eval[string](b, `document.activeElement.outerHTML.slice(0, 200)`))
		}
	}
}

// The Tab key comes by every control, and a chart tells its values to the arrow keys.
func TestKeyboard(t *testing.T) {
	b := open(t, committed(t, "reference"), 1280, "light")
	const controls = `[...document.querySelectorAll("a[href], button, input, select, summary, canvas")].filter(e => e.checkVisibility())`
	eval[bool](b, controls+".forEach(e => e.addEventListener('focus', () => e.reached = true)) || true")
	for range eval[int](b, controls+".length") + eval[int](b, "document.querySelectorAll('[tabindex=\"0\"]').length") {
		b.run(chromedp.KeyEvent(kb.Tab))
	}
	if missed := eval[[]string](b, controls+".filter(e => !e.reached).map(e => e.outerHTML)"); len(missed) > 0 {
		t.Errorf("not reached: %s", missed)
	}
	for id, want := range map[string]string{
		"downtime": "10k keys; memory, replay: 48.3 ms (44.2 ms to 53.0 ms)", "phases": "median downtime: 385 ms (288 ms to 687 ms)", "throughput": "706k",
	} {
		b.run(chromedp.Focus("#"+id), chromedp.KeyEvent(kb.ArrowRight))
		if got := eval[string](b, `document.getElementById("`+id+`-reading").textContent`); !strings.Contains(got, want) {
			t.Errorf("%s reads %q, want %q", id, got, want)
		}
	}
	b.run(chromedp.Focus(`.decision td a`), chromedp.KeyEvent(kb.Enter))
	b.await(`document.activeElement.matches("details[open] > div")`)
	if got := eval[string](b, `document.activeElement.parentElement.textContent`); !strings.HasPrefix(got, "memory, local, 1M keys 77.7 ms") {
		t.Errorf("a figure of the table leads to %q", got)
	}
	b.quiet()
}
