package secret_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"restorebench/harness/secret"
)

const canary = "hunter2-canary"

func TestResolve(t *testing.T) {
	path := filepath.Join(t.TempDir(), "password")
	if err := os.WriteFile(path, []byte(canary+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	t.Setenv("CANARY", canary)
	for value, why := range map[string]string{
		"file:" + path: "", "env:CANARY": "", canary: "file:PATH or env:NAME", "": "file:PATH or env:NAME",
		"file:" + path + "x": "no such file", "env:CANARYx": "no environment variable CANARYx",
	} {
		given := map[string]string{"sasl.password": value, "client.id": "file:x"}
		got, err := secret.Resolve(given)
		switch {
		case why == "" && (err != nil || got["sasl.password"] != canary || got["client.id"] != "file:x" || given["sasl.password"] != value):
			t.Errorf("%s: %q, %v", value, got, err)
		case why != "" && (err == nil || got != nil || !strings.Contains(err.Error(), "sasl.password: ") || !strings.Contains(err.Error(), why)):
			t.Errorf("%s: %v, want ...%s...", value, err, why)
		case err != nil && strings.Contains(err.Error(), canary):
			t.Errorf("%s: the error shows it: %v", value, err)
		}
		if plain := errors.Is(secret.Check(given), secret.ErrPlain); plain != (value == canary || value == "") {
			t.Errorf("%q is taken for plain: %v", value, plain)
		}
	}
}

func TestNamed(t *testing.T) {
	for name, want := range map[string]bool{
		"sasl.password": true, "SASL.Password": true, "ssl.key.password": true, "ssl.keystore.password": true, "ssl.key.pem": true, "ssl.keystore.key": true,
		"sasl.oauthbearer.client.secret": true, "sasl.oauthbearer.config": true, "sasl.jaas.config": true,
		"sasl.oauthbearer.assertion.private.key.passphrase": true,
		"sasl.username": false, "ssl.key.location": false, "security.protocol": false, "client.id": false,
	} {
		if secret.Named(name) != want {
			t.Errorf("%s is a secret: %v", name, !want)
		}
	}
}

// A client's error may quote the value that it does not take.
func TestHide(t *testing.T) {
	given, resolved := map[string]string{"ssl.key.pem": "env:KEY", "client.id": "x", "sasl.password": "file:p"}, map[string]string{"ssl.key.pem": canary, "client.id": "x", "sasl.password": ""}
	if got := secret.Hide("ssl.key.pem="+canary+": extra", given, resolved); got != "ssl.key.pem=env:KEY: extra" {
		t.Error(got)
	}
	// What is too long for the client's own buffer is cut by it.
	key := strings.Repeat("MIIEvQIBADANBgkqhkiG", 90)
	long := map[string]string{"ssl.key.pem": key}
	for text, want := range map[string]string{
		"ssl.key.pem=" + key[:400]:                "ssl.key.pem=env:KEY",
		"no " + key[:400] + "... and " + key[:20]: "no env:KEY... and env:KEY",
		"no " + key[:15]:                          "no " + key[:15],
	} {
		if got := secret.Hide(text, given, long); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}
