package report

import (
	"fmt"
	"math"
	"strconv"
)

// A step is a unit and the least size, in the base unit, from which on it is used.
type step struct {
	size float64
	name string
}

var (
	timeSteps   = []step{{1, "ns"}, {1e3, "µs"}, {1e6, "ms"}, {1e9, "s"}}
	metricSteps = []step{{1, ""}, {1e3, "k"}, {1e6, "M"}, {1e9, "G"}}
)

// fit returns the unit in which v reads best: with up to three digits before the point
// after rounding.
func fit(v float64, steps []step) step {
	s := steps[0]
	for _, next := range steps[1:] {
		if v < 0.9995*next.size {
			break
		}
		s = next
	}
	return s
}

// digits3 writes v with three digits, or with all of them before the point.
func digits3(v float64) string {
	switch {
	case v >= 99.95:
		return strconv.FormatFloat(v, 'f', 0, 64)
	case v >= 9.995:
		return strconv.FormatFloat(v, 'f', 1, 64)
	default:
		return strconv.FormatFloat(v, 'f', 2, 64)
	}
}

// Duration writes nanoseconds for people: "1.23 s", "104 ms".
func Duration(ns float64) string {
	s := fit(ns, timeSteps)
	return digits3(ns/s.size) + " " + s.name
}

// About writes nanoseconds as an estimate is known: with two digits, and beyond two minutes in larger units, "11 s", "13 min".
func About(ns float64) string {
	s := fit(ns, timeSteps)
	switch {
	case ns >= 7200e9:
		s = step{3600e9, "h"}
	case ns >= 120e9:
		s = step{60e9, "min"}
	}
	v := ns / s.size
	if v < 9.95 {
		return strconv.FormatFloat(v, 'f', 1, 64) + " " + s.name
	}
	if power := math.Pow(10, math.Floor(math.Log10(v))-1); power > 1 {
		v = math.Round(v/power) * power
	}
	return strconv.FormatFloat(v, 'f', 0, 64) + " " + s.name
}

// DurationRange writes both ends, ns, in one unit: "0.98–1.04 s".
func DurationRange(low, high float64) string {
	s := fit(high, timeSteps)
	return digits3(low/s.size) + "–" + digits3(high/s.size) + " " + s.name
}

// Amount writes a number with three digits and a metric prefix: "412k", "1.20M".
func Amount(v float64) string {
	s := fit(v, metricSteps)
	if s.size == 1 && v == float64(int64(v)) {
		return strconv.FormatFloat(v, 'f', 0, 64)
	}
	return digits3(v/s.size) + s.name
}

// Keys writes a number of keys exactly, as the flag --keys takes it: "10k", "1M", "1234".
func Keys(n int64) string {
	for _, s := range []step{metricSteps[3], metricSteps[2], metricSteps[1]} {
		if size := int64(s.size); n >= size && n%(size/100) == 0 {
			return strconv.FormatFloat(float64(n)/s.size, 'f', -1, 64) + s.name
		}
	}
	return strconv.FormatInt(n, 10)
}

// Number is what a trial is called: the first is 1, as where a run tells of its progress, and its position in the record is 0.
func Number(trial int) int { return trial + 1 }

// Bytes writes a size with a decimal prefix: "312 MB".
func Bytes(n float64) string {
	s := fit(n, metricSteps)
	return fmt.Sprintf("%s %sB", digits3(n/s.size), s.name)
}

// percent writes a share of one with as many decimals as it has, up to two.
func percent(share float64) string {
	text := strconv.FormatFloat(100*share, 'f', 2, 64)
	for text[len(text)-1] == '0' {
		text = text[:len(text)-1]
	}
	if text[len(text)-1] == '.' {
		text = text[:len(text)-1]
	}
	return text + " %"
}
