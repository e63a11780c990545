package page

import (
	"bytes"
	"cmp"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"restorebench/bench/model"
	"restorebench/bench/report"
	"restorebench/harness/record"
)

var update = flag.Bool("update", false, "write the golden files anew")

// committed returns a run whose raw records are in the repository.
func committed(t *testing.T, dir string) Run {
	t.Helper()
	path, err := record.Latest(filepath.Join("..", "..", "results", filepath.FromSlash(dir), "raw"))
	if err != nil {
		t.Fatal(err)
	}
	records, err := record.Scan(path)
	if err != nil {
		t.Fatal(err)
	}
	return runOf(t, records)
}

func runOf(t *testing.T, records []record.Record) Run {
	t.Helper()
	s, err := report.New(records)
	if err != nil {
		t.Fatal(err)
	}
	return Run{Summary: s, Records: records}
}

// hostile is a run whose records try to be something else.
func hostile(t *testing.T) Run {
	r := committed(t, "reference")
	r.Records[3].Valid = false
	r.Records[3].Why = "</script><script>window.stolen = 1</script> | <img src=x onerror=window.stolen=1> [a](javascript:x)\nsecond line"
	for i := range r.Records {
		if r.Records[i].Store == "memory" {
			r.Records[i].Store = `"><script>window.stolen = 1</script>`
		}
	}
	return runOf(t, r.Records)
}

func html(t *testing.T, r Run) string {
	t.Helper()
	var b bytes.Buffer
	if err := HTML(&b, r); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func TestMarkdown(t *testing.T) {
	invalid := committed(t, "reference")
	invalid.Records[1].Valid, invalid.Records[1].Why = false, "mismatch: a | b"
	for name, r := range map[string]Run{
		"reference": committed(t, "reference"), "peers": committed(t, "peers"), "groups": committed(t, "peers/groups"),
		"invalid": runOf(t, invalid.Records), "hostile": hostile(t),
	} {
		t.Run(name, func(t *testing.T) {
			var b bytes.Buffer
			if err := Markdown(&b, r, []string{"out/downtime-by-keys.png"}); err != nil {
				t.Fatal(err)
			}
			path := filepath.Join("testdata", name+".md")
			if *update {
				if err := os.WriteFile(path, b.Bytes(), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			if !bytes.Equal(b.Bytes(), want) {
				t.Errorf("%s differs; got:\n%s", path, b.String())
			}
		})
	}
}

// Nothing of the records becomes markup, and no other script than ours is on the page.
func TestHTMLEscapes(t *testing.T) {
	text := html(t, hostile(t))
	if n := strings.Count(text, "<script"); n != 3 {
		t.Errorf("%d scripts, want the data, the library and our own", n)
	}
	if strings.Contains(text, "<img") || strings.Contains(text, `"><script>`) {
		t.Error("a record became markup")
	}
	if !strings.Contains(text, "no: &lt;/script&gt;") {
		t.Error("the reason of an invalid trial is not shown")
	}
}

// The page needs nothing but itself.
func TestHTMLIsSelfContained(t *testing.T) {
	text := html(t, committed(t, "reference"))
	for _, link := range []string{`src="`, `url(`, `href="http`, "@import", "sourceMappingURL"} {
		ours, _, _ := strings.Cut(text, `<script type="application/json"`)
		if strings.Contains(ours, link) || link == "sourceMappingURL" && strings.Contains(text, link) {
			t.Errorf("the page has a %s", link)
		}
	}
	if len(text) > 600_000 {
		t.Errorf("the page has %d bytes", len(text))
	}
}

func TestHTMLShowsEveryTrial(t *testing.T) {
	r := committed(t, "reference")
	text := html(t, r)
	for _, rec := range r.Records {
		if !strings.Contains(text, fmt.Sprintf(`<td class="n" data-v="%d">`, rec.DowntimeNS)) {
			t.Errorf("no downtime of trial %d", rec.Trial)
		}
	}
}

// What was asked is answered first, and beside the nearest of what was measured.
// fromReadme is the committed run, with the README's question.
func fromReadme(t *testing.T) Run {
	t.Helper()
	r := committed(t, "capacity")
	models, _, err := model.New(r.Records)
	if err != nil {
		t.Fatal(err)
	}
	q := model.Question{Cell: record.Cell{Keys: 80_000_000, KeyBytes: 16, ValueBytes: 200, Partitions: 12, UpdatesPerKey: 1, Tail: 0.1}, RTO: 30 * time.Second, Rate: 20_000}
	options, err := model.Options(models, q.Cell, float64(q.RTO), q.Rate)
	if err != nil {
		t.Fatal(err)
	}
	r.Asked = &Asked{Question: q, Options: options}
	return r
}

func TestHTMLAnswersWhatWasAsked(t *testing.T) {
	r := fromReadme(t)
	text := html(t, r)
	for _, want := range []string{
		"<h1>80M keys: how long down after a crash?</h1>", `data-target="30000000000"`, "keys 80M, 20 times what was measured (4M)",
		"a checkpoint at least every ", "nothing written since the last checkpoint", "takes 45 s (session.timeout.ms), more than all of the target", "do not fit into the 25.3 GB of memory",
		"If the files are lost, nothing is sure to be", "own processor and not of Kafka Streams", "Measured at 4M keys, 100 B values, 4 partitions",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("%q is missing", want)
		}
	}
	if lucky := strings.Count(text, "data-lucky"); lucky != 2 { // of two stores
		t.Errorf("%d best cases", lucky)
	}
	if strings.Count(text, `id="target"`) != 1 || strings.Count(text, "data-high=") != len(r.Asked.Options) {
		t.Error("one target is to be set, for every estimate")
	}
	var order []string
	for _, p := range r.Asked.Prospects() {
		order = append(order, p.recovery)
		if !slices.IsSortedFunc(p.Options, func(a, b model.Option) int { return cmp.Compare(a.DowntimeNS, b.DowntimeNS) }) {
			t.Errorf("%s: not the soonest first", p.recovery)
		}
	}
	if !slices.Equal(order, []string{record.Local, record.LocalTail, record.Replay}) {
		t.Errorf("%v", order)
	}
	r.Asked.Question.RTO = time.Minute
	if got := strings.Join(r.Asked.Cautions(0), "\n"); strings.Contains(got, "more than all") || !strings.Contains(got, "session.timeout.ms, 45 s unless set") || strings.Contains(got, "do not fit") {
		t.Errorf("of a longer objective, on a machine whose memory is not known: %s", got)
	}
	r.Asked.Question.RTO = 0
	if r.Asked.Verdict() != "" {
		t.Error("a verdict without an objective")
	}
}

// The answer of the page is the terminal's too, as far as there is anything to choose from.
func TestAnswerInTheTerminal(t *testing.T) {
	r := committed(t, "reference/settings")
	var b strings.Builder
	if err := report.Table(&b, r.Summary, Answer(r)...); err != nil {
		t.Fatal(err)
	}
	if text := strings.Join(strings.Fields(b.String()), " "); !strings.Contains(text, "At 300k keys: Files survive but are 10 % behind: rocksdb, block_size=16384 (128 ms) and 2 others can't be told apart.") {
		t.Error(text)
	}
	r.Records = slices.DeleteFunc(r.Records, func(r record.Record) bool {
		return r.RocksDB != "" || r.RestoreMode == "batch" || r.Recovery != record.Replay
	})
	if got := Answer(runOf(t, r.Records)); got != nil {
		t.Errorf("of one store: %q", got)
	}
}

// Stores that hold unlike things are no alternatives: of several workloads one is decided on, and shown at first.
func TestOneWorkloadIsDecidedOn(t *testing.T) {
	v := newView(committed(t, "capacity"))
	var names []string
	for _, row := range v.Decision.Rows {
		names = append(names, row.Name)
	}
	if !slices.Equal(names, []string{"memory", "rocksdb"}) || v.Decision.Sizes() != "4M keys, 400 B values, 1 partition, 1 update per key" { // the largest
		t.Errorf("%q at %s", names, v.Decision.Sizes())
	}
	i := slices.IndexFunc(v.Filters, func(f filter) bool { return f.Name == workloadFilter })
	if i < 0 || len(v.Filters[i].Values) != 8 || v.Filters[i].First != v.Decision.Workload {
		t.Errorf("%+v", v.Filters)
	}
	if v = newView(committed(t, "reference")); v.Decision.Sizes() != "1M keys" || len(v.Filters) != 2 {
		t.Errorf("with one workload: %s, %+v", v.Decision.Sizes(), v.Filters)
	}
}

// What all cells share, and whose they are, is on the first screen and in the Markdown.
func TestConditions(t *testing.T) {
	r := committed(t, "peers")
	r.Records = slices.DeleteFunc(r.Records, func(r record.Record) bool { return r.Subject != "kafka-streams@4.2.1" || r.Recovery != record.Replay })
	for i := range r.Records {
		r.Records[i].Partitions, r.Records[i].Producer = 3, "linger.ms=5"
	}
	r = runOf(t, r.Records)
	first, _, _ := strings.Cut(html(t, r), `id="charts"`)
	var b strings.Builder
	if err := Markdown(&b, r, nil); err != nil {
		t.Fatal(err)
	}
	for _, text := range []string{first, strings.ReplaceAll(b.String(), `\`, "")} {
		for _, want := range []string{"All cells: 16 B keys, 100 B values, 3 partitions, linger.ms=5", "rocksdb, kafka-streams@4.2.1"} {
			if !strings.Contains(text, want) {
				t.Errorf("no %q in %s", want, text)
			}
		}
	}
}

// A run without a valid trial still has a page that says why.
func TestHTMLWithoutValidTrial(t *testing.T) {
	r := committed(t, "peers/groups")
	for i := range r.Records {
		r.Records[i].Valid, r.Records[i].Why = false, "no broker"
	}
	if text := html(t, runOf(t, r.Records)); !strings.Contains(text, "no: no broker") {
		t.Error("the page does not say why")
	}
}

func TestWrite(t *testing.T) {
	dir := t.TempDir()
	paths, err := Write(dir, committed(t, "reference"), nil)
	if err != nil || len(paths) != 2 {
		t.Fatalf("wrote %v, %v", paths, err)
	}
	if _, err := Write(filepath.Join(dir, "nowhere"), committed(t, "reference"), nil); err == nil {
		t.Error("wrote to a directory that is not there")
	}
}

func TestCommand(t *testing.T) {
	plain := record.Cell{Subject: "restorebench", Store: "memory", Recovery: "replay", Keys: 1_000_000, KeyBytes: 16, ValueBytes: 100, Partitions: 1, UpdatesPerKey: 1}
	odd := plain
	odd.Subject, odd.Recovery, odd.Tail, odd.Partitions, odd.Keys = "it's; rm -rf $HOME", "local+tail", 0.01, 12, 1234
	odd.Group, odd.SessionTimeoutMS, odd.StaticMembership, odd.SortedKeys, odd.Compressible = "classic", 6000, true, true, 0.5
	odd.Instances = 3
	odd.Compacted, odd.PageCache, odd.RocksDB = true, "cold", "block_size=8192,max_open_files=9"
	odd.Producer, odd.Guarantee, odd.RecoveryModel = "compression.type=lz4", "eos", "4.2"
	copied := plain
	copied.Recovery, copied.Standby, copied.Tail = "standby", 1, 0.2
	for want, c := range map[string]record.Cell{
		"restorebench run --keys 1M --stores memory --standby 1 --tail 20% --runs 5 --broker local": copied,
		"restorebench run --keys 1M --stores memory --recovery replay --runs 5 --broker local":      plain,
		`restorebench run --keys 1234 --stores memory --recovery local+tail --subjects 'it'\''s; rm -rf $HOME' --partitions 12 --tail 1% ` +
			"--compressible 50% --key-order sorted --group classic --session-timeout 6000ms --static-membership true --instances 3 --guarantee eos --recovery-model 4.2 --compacted true --page-cache cold " +
			"--rocksdb block_size=8192,max_open_files=9 --producer compression.type=lz4 --runs 5 --broker local": odd,
	} {
		if got := command(c, record.Broker{Kind: "local"}, 5); got != want {
			t.Errorf("got  %s\nwant %s", got, want)
		}
	}
}
