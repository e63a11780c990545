// Package secret keeps passwords of Kafka clients out of what is printed, kept and listed: a setting that is
// a secret is given as a reference to a file or an environment variable, and read where a client is made.
package secret

import (
	"errors"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
)

// ErrPlain means that a setting which is a secret was given as it is: then it would stand in the list of
// processes, in specs and in records. The value is never part of the error.
var ErrPlain = errors.New("want a secret as file:PATH or env:NAME, not as it is")

// Named tells a setting's name whose value nobody is to see, by librdkafka's names and by Java's.
func Named(name string) bool {
	name = strings.ToLower(name) // a client would not know it then, and say so with its value
	for _, part := range []string{"password", "passphrase", "secret", "jaas"} {
		if strings.Contains(name, part) {
			return true
		}
	}
	return strings.HasSuffix(name, ".pem") || name == "ssl.keystore.key" || name == "sasl.oauthbearer.config"
}

const (
	fromFile        = "file:"
	fromEnvironment = "env:"
)

// Check is ErrPlain, with the setting's name, where one of the secrets among settings is no reference.
func Check(settings map[string]string) error {
	for _, name := range slices.Sorted(maps.Keys(settings)) {
		if v := settings[name]; Named(name) && !strings.HasPrefix(v, fromFile) && !strings.HasPrefix(v, fromEnvironment) {
			return fmt.Errorf("%s: %w", name, ErrPlain)
		}
	}
	return nil
}

// Resolve returns settings with their secrets, which it reads; of a file without its last line break. What it
// returns goes to a client, and nowhere else.
func Resolve(settings map[string]string) (map[string]string, error) {
	if err := Check(settings); err != nil {
		return nil, err
	}
	out := maps.Clone(settings)
	for name, value := range settings {
		if !Named(name) {
			continue
		}
		if path, ok := strings.CutPrefix(value, fromFile); ok {
			text, err := os.ReadFile(path)
			if err != nil {
				return nil, fmt.Errorf("%s: %w", name, err)
			}
			out[name] = strings.TrimSuffix(strings.TrimSuffix(string(text), "\n"), "\r")
			continue
		}
		variable := strings.TrimPrefix(value, fromEnvironment)
		var ok bool
		if out[name], ok = os.LookupEnv(variable); !ok {
			return nil, fmt.Errorf("%s: there is no environment variable %s", name, variable)
		}
	}
	return out, nil
}

// Hide puts the references of settings back where text, such as a client's error, has what Resolve made of them. A client may
// cut what it quotes: the beginning of a long secret is one.
func Hide(text string, settings, resolved map[string]string) string {
	for name, value := range resolved {
		if !Named(name) || value == "" {
			continue
		}
		begin := value[:min(len(value), leastQuoted)]
		var b strings.Builder
		for {
			before, rest, found := strings.Cut(text, begin)
			b.WriteString(before)
			if text = rest; !found {
				break
			}
			b.WriteString(settings[name])
			text = text[commonPrefix(text, value[len(begin):]):]
		}
		text = b.String()
	}
	return text
}

// leastQuoted is how much of a secret, from its beginning, is not left in a text: a part that is shorter tells little.
const leastQuoted = 16

func commonPrefix(a, b string) int {
	n := 0
	for n < min(len(a), len(b)) && a[n] == b[n] {
		n++
	}
	return n
}
