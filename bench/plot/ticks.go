package plot

import (
	"math"
	"strconv"

	"gonum.org/v1/plot"
)

// si writes a value with a metric prefix and its unit: "10 ms", "250 k", "1 M". Seconds
// have no prefix above one.
func si(v float64, unit string) string {
	prefixes := []struct {
		size float64
		name string
	}{{1e9, "G"}, {1e6, "M"}, {1e3, "k"}, {1, ""}, {1e-3, "m"}, {1e-6, "µ"}, {1e-9, "n"}}
	if v == 0 {
		return "0"
	}
	for _, p := range prefixes {
		if (p.size > 1 && unit == "s") || (p.size < 1 && unit == "") {
			continue
		}
		if math.Abs(v) >= 0.9999*p.size {
			return number(v/p.size) + suffix(p.name+unit)
		}
	}
	return number(v) + suffix(unit)
}

func suffix(unit string) string {
	if unit == "" {
		return ""
	}
	return " " + unit
}

// number writes up to four digits, without an exponent and without zeros at the end.
func number(v float64) string {
	rounded, _ := strconv.ParseFloat(strconv.FormatFloat(v, 'g', 4, 64), 64)
	return strconv.FormatFloat(rounded, 'f', -1, 64)
}

// logTicks marks 1 to 9 of each decade and labels as many of them as can be read: the
// decades, or 1, 2 and 5 on a short axis, or even steps on one shorter than that.
func logTicks(unit string) plot.TickerFunc {
	return func(low, high float64) []plot.Tick {
		short := math.Log10(high/low) < 2.5 || math.Floor(math.Log10(high))-math.Ceil(math.Log10(low)) < 2 // fewer than three powers of ten
		var ticks []plot.Tick
		labels := 0
		for exponent := math.Floor(math.Log10(low)); exponent <= math.Log10(high); exponent++ {
			for digit := 1.0; digit < 10; digit++ {
				v := digit * math.Pow(10, exponent)
				if v < low || v > high {
					continue
				}
				tick := plot.Tick{Value: v}
				if digit == 1 || short && (digit == 2 || digit == 5) {
					tick.Label = si(v, unit)
					labels++
				}
				ticks = append(ticks, tick)
			}
		}
		if labels < 3 {
			return linearTicks(unit, 4)(low, high)
		}
		return ticks
	}
}

// linearTicks labels even steps of 1, 2 or 5 times a power of ten: the least number of
// them that is at least the given one, and never more than two and a half times as many.
func linearTicks(unit string, least float64) plot.TickerFunc {
	return func(low, high float64) []plot.Tick {
		power := math.Pow(10, math.Floor(math.Log10((high-low)/least)))
		step := power
		for _, coarser := range []float64{2, 5} {
			if (high-low)/(coarser*power) >= least {
				step = coarser * power
			}
		}
		var ticks []plot.Tick
		for i := math.Ceil(low/step - 1e-9); i*step <= high*(1+1e-9); i++ {
			ticks = append(ticks, plot.Tick{Value: i * step, Label: si(i*step, unit)})
		}
		return ticks
	}
}

// keyTicks labels the numbers of keys that were measured, but none so close to the one
// before that the labels would touch.
func keyTicks(keys []int64) plot.ConstantTicks {
	var ticks plot.ConstantTicks
	labelled := 0.0
	span := float64(keys[len(keys)-1]) / float64(keys[0])
	apart := math.Pow(span, 0.08)
	for _, k := range keys {
		tick := plot.Tick{Value: float64(k)}
		if tick.Value >= labelled*apart {
			tick.Label = si(tick.Value, "")
			labelled = tick.Value
		}
		ticks = append(ticks, tick)
	}
	return ticks
}
