package spec

import (
	"maps"
	"slices"
	"strings"
)

// Settings are name=value settings that are passed through by name.
type Settings map[string]string

// String is the form that ParseSettings reads: "name=value,name=value", by name.
func (s Settings) String() string {
	var pairs []string
	for _, name := range slices.Sorted(maps.Keys(s)) {
		pairs = append(pairs, name+"="+s[name])
	}
	return strings.Join(pairs, ",")
}

// ParseSettings reads what String writes; "" is nil.
func ParseSettings(text string) (Settings, error) {
	var s Settings
	if strings.TrimSpace(text) == "" {
		return s, nil
	}
	for _, pair := range split(text) {
		name, value, ok := strings.Cut(pair, "=")
		if !ok || name == "" {
			return nil, badValue(pair)
		}
		if s == nil {
			s = Settings{}
		}
		s[name] = value
	}
	return s, nil
}

// variant separates settings that are measured one after the other.
const variant = "|"

func variantsInto(field func(*Spec) *[]Settings) func(*Spec, []string) error {
	return func(s *Spec, values []string) error {
		var out []Settings
		for _, text := range strings.Split(strings.Join(values, ","), variant) {
			one, err := ParseSettings(text)
			if err != nil {
				return err
			}
			if !slices.ContainsFunc(out, func(o Settings) bool { return maps.Equal(o, one) }) {
				out = append(out, one)
			}
		}
		*field(s) = out
		return nil
	}
}

func settingsInto(field func(*Spec) *Settings) func(*Spec, []string) error {
	return func(s *Spec, values []string) (err error) {
		*field(s), err = ParseSettings(strings.Join(values, ","))
		return err
	}
}

func setExclude(s *Spec, values []string) error {
	s.Exclude = nil
	for _, text := range strings.Split(strings.Join(values, ","), variant) {
		one, err := ParseSettings(text)
		if err != nil {
			return err
		}
		if len(one) > 0 {
			s.Exclude = append(s.Exclude, one)
		}
	}
	return nil
}
