package changelog

import (
	"errors"
	"fmt"
	"os"
	"strings"
)

// ErrSecret means that a setting which is a secret was given as it is: then it would stand in the
// list of processes, in specs and in records. The value is never part of the error.
var ErrSecret = errors.New("a secret is given as file:PATH or env:NAME, not as it is")

// IsSecret tells a setting's name whose value nobody is to see.
func IsSecret(name string) bool {
	return strings.Contains(name, "password") || strings.Contains(name, "secret") || strings.HasSuffix(name, ".pem") ||
		name == "sasl.oauthbearer.config"
}

// resolve returns s with its secrets, which were read from the file or the environment variable that the
// setting names; without a file's last line break. It is what goes to librdkafka, and nowhere else.
func (s Settings) resolve() (Settings, error) {
	out := Settings{}
	for name, value := range s {
		if out[name] = value; !IsSecret(name) {
			continue
		}
		if path, ok := strings.CutPrefix(value, "file:"); ok {
			text, err := os.ReadFile(path)
			if err != nil {
				return nil, fmt.Errorf("%s: %w", name, err)
			}
			out[name] = strings.TrimSuffix(strings.TrimSuffix(string(text), "\n"), "\r")
		} else if variable, ok := strings.CutPrefix(value, "env:"); ok {
			if out[name], ok = os.LookupEnv(variable); !ok {
				return nil, fmt.Errorf("%s: there is no environment variable %s", name, variable)
			}
		} else {
			return nil, fmt.Errorf("%s: %w", name, ErrSecret)
		}
	}
	return out, nil
}
