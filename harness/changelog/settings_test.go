package changelog

import (
	"errors"
	"strings"
	"testing"

	"restorebench/harness/secret"
)

// A secret reaches every kind of client from where the setting says that it is; as it is, it is refused, and no error shows
// it, librdkafka's own included.
func TestSecrets(t *testing.T) {
	const canary = "hunter2-canary"
	t.Setenv("CANARY", canary)
	t.Setenv("LONG", strings.Repeat(canary, 100)) // longer than what an error has room for
	sasl := func(name, password string) Settings {
		return Settings{"security.protocol": "sasl_plaintext", "sasl.mechanisms": "PLAIN", "sasl.username": "u", name: password, "log_level": "0"}
	}
	const nowhere = "127.0.0.1:1"
	kinds := map[string]func(Settings) error{
		"consumer": func(s Settings) error { return CheckSettings(s, false) },
		"producer": func(s Settings) error { return CheckSettings(s, true) },
		"admin": func(s Settings) error {
			a, err := NewAdmin(nowhere, s)
			if err == nil {
				a.Close()
			}
			return err
		},
		"group": func(s Settings) error {
			g, err := NewGroup(nowhere, "g", s)
			if err == nil {
				err = g.Close()
			}
			return err
		},
		"headers": func(s Settings) error {
			w, err := NewHeaderWriter(nowhere, "t", 0, nil, s)
			if err == nil {
				w.Close()
			}
			return err
		},
	}
	for kind, create := range kinds {
		for _, c := range []struct{ name, value, why string }{
			{"sasl.password", "env:CANARY", ""},
			{"sasl.password", canary, "file:PATH or env:NAME"},
			{"sasl.password", "env:CANARYx", "no environment variable CANARYx"},
			{"SASL.password", "env:CANARY", "No such configuration property"},
			{"SSL.key.PEM", "env:LONG", "No such"},
		} {
			err := create(sasl(c.name, c.value))
			if (err == nil) != (c.why == "") || err != nil && (!strings.Contains(err.Error(), c.why) || strings.Contains(err.Error(), canary)) {
				t.Errorf("%s, %s=%s: %v, want ...%s...", kind, c.name, c.value, err, c.why)
			}
		}
	}
	if err := CheckSettings(sasl("sasl.password", canary), false); !errors.Is(err, secret.ErrPlain) {
		t.Errorf("%v, want ErrPlain", err)
	}
}
