package changelog

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

const canary = "hunter2-canary"

// A secret reaches librdkafka from a file or the environment; as it is, it is refused, and no
// error shows it.
func TestSecrets(t *testing.T) {
	path := filepath.Join(t.TempDir(), "password")
	if err := os.WriteFile(path, []byte(canary+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	t.Setenv("CANARY", canary)
	for _, value := range []string{"file:" + path, "env:CANARY"} {
		s, err := Settings{"sasl.password": value, "client.id": "file:x"}.resolve()
		if err != nil || s["sasl.password"] != canary || s["client.id"] != "file:x" {
			t.Errorf("%s: %q, %v", value, s, err)
		}
	}
	sasl := func(password string) Settings {
		return Settings{"security.protocol": "sasl_plaintext", "sasl.mechanisms": "PLAIN", "sasl.username": "u", "sasl.password": password}
	}
	for value, why := range map[string]string{
		"env:CANARY": "", canary: "file:PATH or env:NAME", "file:" + path + "x": "no such file", "env:CANARYx": "no environment variable CANARYx",
	} {
		for _, producer := range []bool{false, true} {
			err := CheckSettings(sasl(value), producer)
			if (err == nil) != (why == "") || err != nil && (!strings.Contains(err.Error(), why) || strings.Contains(err.Error(), canary)) {
				t.Errorf("%s: %v, want ...%s...", value, err, why)
			}
		}
	}
	if err := CheckSettings(sasl(canary), false); !errors.Is(err, ErrSecret) {
		t.Errorf("%v, want ErrSecret", err)
	}
}
