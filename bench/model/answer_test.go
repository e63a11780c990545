package model

import (
	"strings"
	"testing"
	"time"

	"restorebench/harness/record"
)

func TestVerdict(t *testing.T) {
	option := func(recovery, verdict string, high, memory float64) Option {
		return Option{Verdict: verdict, Prediction: Prediction{
			Kind: Kind{Subject: "restorebench", Store: "rocksdb", Recovery: recovery}, DowntimeNS: high / 2, LowNS: high / 4, HighNS: high, RSSBytes: memory,
		}}
	}
	local, replay := option(record.Local, Meets, 1e9, 1e6), option(record.Replay, Meets, 9e9, 5e6)
	tailed := option(record.LocalTail, Meets, 8e9, 7e6)
	tailed.MaxTail = 1_200_000
	q := Question{RTO: 10 * time.Second, Rate: 20_000}
	for name, c := range map[string]struct {
		options []Option
		want    string
	}{
		"what a reader can bring about comes first": {
			[]Option{local, tailed, option(record.Replay, Misses, 40e9, 1e6)},
			"Back within 10 s of the restart after nine crashes of ten: rocksdb whose files survive, a checkpoint at least every 60 s (1.20M records at 20.0k/s). A crash right before the next one: about 4.0 s (2.0 s–8.0 s), 7.00 MB of RAM." +
				" If the files are lost, nothing is sure to be: rocksdb takes about 20 s (10 s–40 s).",
		},
		"without files in time, too": {
			[]Option{tailed, option(record.Replay, Misses, 40e9, 1e6), replay},
			"Back within 10 s of the restart after nine crashes of ten: rocksdb whose files survive, a checkpoint at least every 60 s (1.20M records at 20.0k/s). A crash right before the next one: about 4.0 s (2.0 s–8.0 s), 7.00 MB of RAM.$",
		},
		"the least memory":      {[]Option{replay, tailed}, "Back within 10 s of the restart after nine crashes of ten: rocksdb by replay: about 4.5 s"},
		"luck is all there is":  {[]Option{local}, "Back within 10 s of the restart after nine crashes of ten: only rocksdb whose files have all that was written"},
		"nothing is sure":       {[]Option{option(record.Replay, Misses, 40e9, 1), option(record.LocalTail, Mostly, 20e9, 2)}, "Nothing that was measured is sure to be back within 10 s. The nearest is rocksdb whose files survive: about 10 s"},
		"nothing was predicted": {nil, "Nothing that was measured answers this."},
	} {
		if got := q.Verdict(c.options) + "$"; !strings.HasPrefix(got, c.want) {
			t.Errorf("%s:\n%s, want\n%s", name, got, c.want)
		}
	}
	q.Cell.Keys = tailed.MaxTail
	if got, want := q.take(tailed), "rocksdb whose files survive, its saved offset up to 1.20M records (60 s at 20.0k/s) old, as many as there are keys: of more nothing is predicted. With that: about 4.0 s"; !strings.HasPrefix(got, want) {
		t.Errorf("%s, want %s", got, want)
	}
	q.Rate, q.Cell.Keys = 0, 0
	if got := q.Until(tailed); got != "its saved offset at most 1.20M records old" {
		t.Error(got)
	}
}

// Where no tail is short enough for nine crashes of ten, one may be for a typical one.
func TestTailOfATypicalCrash(t *testing.T) {
	c := size
	c.Tail = 1
	for _, rto := range []float64{80e6, 230e6} {
		all, err := Options(models(t), c, rto, 0)
		if err != nil {
			t.Fatal(err)
		}
		for _, o := range all {
			if o.Recovery != record.LocalTail {
				continue
			}
			within := map[string]float64{Meets: o.HighNS, Mostly: o.DowntimeNS}[o.Verdict]
			if o.Verdict == Misses || o.MaxTail == 0 || within > rto*1.0001 || within < rto*0.9 {
				t.Errorf("within %.0f ns: %s with a tail of %d, %.0f to %.0f", rto, o.Verdict, o.MaxTail, o.DowntimeNS, o.HighNS)
			}
			if rto == 80e6 && o.Verdict != Mostly {
				t.Errorf("within %.0f ns: %s", rto, o.Verdict)
			}
		}
	}
}

// An objective that no tail misses sets no limit to it: as many records as keys are the longest that is predicted.
func TestTailOfALongObjective(t *testing.T) {
	all, err := Options(models(t), size, 3600e9, 1e9)
	if err != nil {
		t.Fatal(err)
	}
	text := strings.Join(Sentences(Question{Cell: size, RTO: time.Hour, Rate: 20_000}, all), "\n")
	if !strings.Contains(text, "; its saved offset up to 500k records (25 s at 20.0k/s) old, as many as there are keys: of more nothing is predicted") || strings.Contains(text, "checkpoint") {
		t.Error(text)
	}
}

// A checkpoint more than once a second is no answer.
func TestNoIntervalIsShortEnough(t *testing.T) {
	all, err := Options(models(t), size, 230e6, 0)
	if err != nil {
		t.Fatal(err)
	}
	tail := int64(0)
	for _, o := range all {
		tail += o.MaxTail
	}
	for rate, want := range map[float64]string{float64(tail): Meets, float64(tail) + 1: Mostly, float64(4 * tail): Misses} {
		all, err := Options(models(t), size, 230e6, rate)
		if err != nil {
			t.Fatal(err)
		}
		for _, o := range all {
			if o.Recovery == record.LocalTail && (o.Verdict != want || (o.MaxTail == 0) != (want == Misses)) {
				t.Errorf("at %.0f/s: %s, a tail of %d", rate, o.Verdict, o.MaxTail)
			}
		}
		text := strings.Join(Sentences(Question{Cell: size, RTO: 230 * time.Millisecond, Rate: rate}, all), "\n")
		if strings.Contains(text, "; no checkpoint interval is short enough") != (want == Misses) {
			t.Errorf("at %.0f/s:\n%s", rate, text)
		}
	}
}

// How far behind the files are is said, where they are.
func TestTableNamesTheTail(t *testing.T) {
	all, err := Ask(models(t), size)
	if err != nil {
		t.Fatal(err)
	}
	var b strings.Builder
	if err := Table(&b, Question{Cell: size}, all); err != nil || !strings.Contains(b.String(), " local+tail 10 % ") || strings.Count(b.String(), "10 %") != 1 {
		t.Errorf("%v\n%s", err, b.String())
	}
}

func TestNumbers(t *testing.T) {
	for v, want := range map[float64]string{0.5: "0.5", 2.345: "2.35", 99.94: "99.9", 999.9: "1000", 1000: "1000", 9999: "9999", 12_345: "12.3k", 999_999: "1000k", 20e6: "20M", 1e9: "1000M"} {
		if got := number(v); got != want {
			t.Errorf("%v: %s, want %s", v, got, want)
		}
	}
}

// The heap of another system is not predicted beyond what was measured; that of our own process is.
func TestMemoryOfAnotherSystem(t *testing.T) {
	far, tailed := size, size
	far.Keys, tailed.Tail = 20_000_000, 0.5
	for _, subject := range []string{"restorebench", "kafka-streams@4.2.1"} {
		own := subject == "restorebench"
		of := models(t)
		for _, m := range of {
			m.Kind.Subject = subject
			if within, longer := m.Predict(size), m.Predict(tailed); within.RSSBytes == 0 || longer.RSSBytes == 0 {
				t.Errorf("%s: %v and %v of memory", m.Kind, within.RSSBytes, longer.RSSBytes)
			}
			if p := m.Predict(far); (p.RSSBytes > 0) != own || (p.memory() == "-") == own {
				t.Errorf("%s: %v of memory", m.Kind, p.RSSBytes)
			}
		}
		options, err := Options(of, far, 60e9, 0)
		if err != nil {
			t.Fatal(err)
		}
		q := Question{Cell: far, RTO: time.Minute}
		if text := q.Verdict(options) + strings.Join(Sentences(q, options), "\n"); strings.Contains(text, "unknown amount of memory") == own || strings.Contains(text, " of RAM") != own || strings.Contains(text, "0.00 B of memory") {
			t.Errorf("%s:\n%s", subject, text)
		}
		if Own([]Prediction{options[0].Prediction}) != own {
			t.Errorf("%s: own is %v", subject, !own)
		}
	}
	// What is not known is not the least.
	some := []Option{{Verdict: Meets}, {Verdict: Meets, Prediction: Prediction{RSSBytes: 5}}}
	if Rank(some); some[0].RSSBytes != 5 {
		t.Errorf("%+v", some)
	}
}
