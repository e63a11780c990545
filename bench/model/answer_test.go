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
	q.Rate = 0
	if got := q.Until(tailed); got != "its saved offset at most 1.20M records old" {
		t.Error(got)
	}
}

// Where no tail is short enough for nine crashes of ten, one may be for a typical one.
func TestTailOfATypicalCrash(t *testing.T) {
	c := size
	c.Tail = 1
	for _, rto := range []float64{80e6, 230e6} {
		all, err := Options(models(t), c, rto)
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
