package spec

import (
	"maps"
	"slices"
	"strconv"
	"strings"

	"restorebench/harness/secret"
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

// With returns a copy of s with others over it.
func (s Settings) With(over Settings) Settings {
	out := Settings{}
	maps.Copy(out, s)
	maps.Copy(out, over)
	return out
}

// clientSettings are the names, or with a dot at the end how they begin, of what secures a connection: no other setting concerns
// every client alike.
var clientSettings = []string{"security.protocol", "sasl.", "ssl.", "enable.ssl.certificate.verification", "https.ca."}

// named says whether names, some of them beginnings, have a name.
func named(names []string, name string) bool {
	return slices.ContainsFunc(names, func(n string) bool { return n == name || strings.HasSuffix(n, ".") && strings.HasPrefix(name, n) })
}

func setClient(s *Spec, values []string) error {
	settings, err := ParseSettings(strings.Join(values, ","))
	if err != nil {
		return err
	}
	for _, name := range slices.Sorted(maps.Keys(settings)) {
		if !named(clientSettings, name) {
			return badValue(name)
		}
	}
	s.Client = settings
	return nil
}

// Security is how clients speak to the brokers, security.protocol in lower case: "" is in plain text.
func (s *Spec) Security() string {
	if p := strings.ToLower(s.Client["security.protocol"]); p != "plaintext" {
		return p
	}
	return ""
}

// ParseSettings reads what String writes; "" is nil. A secret that is given as it is is refused, before anything can show it.
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
		if err := secret.Check(s); err != nil { // at once: what follows may be the rest of it
			return nil, err
		}
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

// rocksSizes are the settings of RocksDB that are bytes.
var rocksSizes = []string{"write_buffer_size", "offsets_write_buffer_size", "block_cache_bytes", "block_size"}

// setRocksDB sets plain numbers for sizes such as 64Mi: so RocksDB has them, and equal cells are equal.
func setRocksDB(s *Spec, values []string) error {
	if err := variantsInto(func(s *Spec) *[]Settings { return &s.RocksDB })(s, values); err != nil {
		return err
	}
	for _, variant := range s.RocksDB {
		for _, name := range rocksSizes {
			if n, err := ParseSize(variant[name]); err == nil {
				variant[name] = strconv.FormatInt(n, 10)
			}
		}
	}
	return nil
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
