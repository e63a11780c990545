package spec

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
)

// badValue is the error of a setter: the value that was refused. Set adds where
// it came from and what is allowed.
type badValue string

func (b badValue) Error() string { return string(b) }

// suffixes of whole numbers: powers of 1,000, and with an i of 1,024.
var suffixes = map[string]int64{"": 1, "k": 1e3, "K": 1e3, "M": 1e6, "G": 1e9, "Ki": 1 << 10, "Mi": 1 << 20, "Gi": 1 << 30}

// ParseSize reads a number of bytes: as ParseCount, and 100B, 1kB or 64MiB.
func ParseSize(text string) (int64, error) {
	number, _ := strings.CutSuffix(strings.TrimSpace(text), "B")
	n, err := ParseCount(number)
	if err != nil {
		return 0, badValue(text)
	}
	return n, nil
}

// ParseCount reads a whole number such as 250, 10k, 1.5M, 1_000 or 1Ki.
func ParseCount(text string) (int64, error) {
	t := strings.ReplaceAll(strings.TrimSpace(text), "_", "")
	i := len(t)
	for i > 0 && (t[i-1] < '0' || t[i-1] > '9') {
		i--
	}
	factor, ok := suffixes[t[i:]]
	if !ok || i == 0 {
		return 0, badValue(text)
	}
	if n, err := strconv.ParseInt(t[:i], 10, 64); err == nil {
		if n > math.MaxInt64/factor || n < math.MinInt64/factor {
			return 0, badValue(text)
		}
		return n * factor, nil
	}
	f, err := strconv.ParseFloat(t[:i], 64)
	if v := f * float64(factor); err == nil && v == math.Trunc(v) && math.Abs(v) < 1<<53 {
		return int64(v), nil
	}
	return 0, badValue(text)
}

// FormatCount writes a whole number as ParseCount reads it: 10k, 1M, 1234.
func FormatCount(n int64) string {
	switch {
	case n != 0 && n%1e9 == 0:
		return strconv.FormatInt(n/1e9, 10) + "G"
	case n != 0 && n%1e6 == 0:
		return strconv.FormatInt(n/1e6, 10) + "M"
	case n != 0 && n%1e3 == 0:
		return strconv.FormatInt(n/1e3, 10) + "k"
	}
	return strconv.FormatInt(n, 10)
}

func intsInto(field func(*Spec) *[]int64, low, high int64) func(*Spec, []string) error {
	return numbersInto(ParseCount, field, low, high)
}

func sizesInto(field func(*Spec) *[]int64, low, high int64) func(*Spec, []string) error {
	return numbersInto(ParseSize, field, low, high)
}

func intInto(field func(*Spec) *int64, low, high int64) func(*Spec, []string) error {
	return numberInto(ParseCount, field, low, high)
}

func sizeInto(field func(*Spec) *int64, low, high int64) func(*Spec, []string) error {
	return numberInto(ParseSize, field, low, high)
}

func numbersInto(parse func(string) (int64, error), field func(*Spec) *[]int64, low, high int64) func(*Spec, []string) error {
	return func(s *Spec, values []string) error {
		var out []int64
		for _, v := range values {
			n, err := parse(v)
			if err != nil || n < low || n > high {
				return badValue(v)
			}
			if !slices.Contains(out, n) { // twice the same cell would be one cell with more runs
				out = append(out, n)
			}
		}
		if len(out) == 0 {
			return badValue("")
		}
		*field(s) = out
		return nil
	}
}

func numberInto(parse func(string) (int64, error), field func(*Spec) *int64, low, high int64) func(*Spec, []string) error {
	return func(s *Spec, values []string) error {
		var out []int64
		if err := numbersInto(parse, func(*Spec) *[]int64 { return &out }, low, high)(s, values); err != nil {
			return err
		}
		if len(values) != 1 {
			return badValue(strings.Join(values, ","))
		}
		*field(s) = out[0]
		return nil
	}
}

func namesInto(field func(*Spec) *[]string, allowed ...string) func(*Spec, []string) error {
	return func(s *Spec, values []string) error {
		var out []string
		for _, v := range values {
			if !slices.Contains(allowed, v) {
				return badValue(v)
			}
			if !slices.Contains(out, v) {
				out = append(out, v)
			}
		}
		if len(out) == 0 {
			return badValue("")
		}
		*field(s) = out
		return nil
	}
}

func boolInto(field func(*Spec) *bool) func(*Spec, []string) error {
	return func(s *Spec, values []string) (err error) {
		text := strings.Join(values, ",")
		if *field(s), err = strconv.ParseBool(text); err != nil {
			return badValue(text)
		}
		return nil
	}
}

func boolsInto(field func(*Spec) *[]bool) func(*Spec, []string) error {
	return func(s *Spec, values []string) error {
		var all []bool
		for _, text := range values {
			b, err := strconv.ParseBool(strings.TrimSpace(text))
			if err != nil {
				return badValue(text)
			}
			if !slices.Contains(all, b) {
				all = append(all, b)
			}
		}
		*field(s) = all
		return nil
	}
}

// nameInto sets one of the allowed names.
func nameInto(field func(*Spec) *string, allowed ...string) func(*Spec, []string) error {
	return func(s *Spec, values []string) error {
		if len(values) != 1 || !slices.Contains(allowed, values[0]) {
			return badValue(strings.Join(values, ","))
		}
		*field(s) = values[0]
		return nil
	}
}

func shareInto(field func(*Spec) *float64, zero bool) func(*Spec, []string) error {
	return func(s *Spec, values []string) error {
		f, ok := share(strings.Join(values, ","))
		if !ok || (f == 0 && !zero) {
			return badValue(strings.Join(values, ","))
		}
		*field(s) = f
		return nil
	}
}

func sharesInto(field func(*Spec) *[]float64) func(*Spec, []string) error {
	return func(s *Spec, values []string) error {
		var out []float64
		for _, text := range values {
			f, ok := share(text)
			if !ok || f == 0 {
				return badValue(text)
			}
			if !slices.Contains(out, f) {
				out = append(out, f)
			}
		}
		*field(s) = out
		return nil
	}
}

// share reads a share from 0 to 1, such as 0.1 or 10%.
func share(text string) (float64, bool) {
	number, percent := strings.CutSuffix(strings.TrimSpace(text), "%")
	f, err := strconv.ParseFloat(number, 64)
	if percent {
		f /= 100
	}
	return f, err == nil && f >= 0 && f <= 1
}

func textInto(field func(*Spec) *string, empty bool) func(*Spec, []string) error {
	return func(s *Spec, values []string) error {
		text := strings.Join(values, ",")
		if text == "" && !empty {
			return badValue(text)
		}
		*field(s) = text
		return nil
	}
}

func setSeed(s *Spec, values []string) error {
	n, err := strconv.ParseUint(strings.TrimSpace(values[0]), 10, 64)
	if err != nil || len(values) != 1 {
		return badValue(fmt.Sprint(strings.Join(values, ",")))
	}
	s.Seed = n
	return nil
}
