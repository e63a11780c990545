package changelog_test

import (
	"context"
	"errors"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"restorebench/harness/broker/brokertest"
	"restorebench/harness/changelog"
	"restorebench/harness/secret"
	"restorebench/stores"
)

const canary = "hunter2-canary"

// Every kind of client gets in where a password is asked for, in the clear and by TLS, or a certificate.
func TestSecuredCluster(t *testing.T) {
	for _, protocol := range []string{brokertest.SASLPlain, brokertest.SASLTLS, brokertest.MutualTLS} {
		t.Run(protocol, func(t *testing.T) {
			t.Parallel()
			b, client := brokertest.Secured(t, protocol, canary)
			useEveryClient(t, b.Bootstrap(), client)
			refused(t, b.Bootstrap(), client)
		})
	}
}

func useEveryClient(t *testing.T, bootstrap string, client changelog.Settings) {
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	must := func(what string, err error) {
		t.Helper()
		if err != nil {
			t.Fatalf("%s: %v", what, err)
		}
	}
	const topic = "secured-store-changelog"
	admin, err := changelog.NewAdmin(bootstrap, client)
	must("admin", err)
	defer admin.Close()
	must("admin", admin.Create(ctx, topic, 1, changelog.TopicConfig(nil)))

	write(t, bootstrap, topic, client, rec{[]byte("k"), []byte("v"), 1})
	h, err := changelog.NewHeaderWriter(bootstrap, topic, 0, map[string]string{"a": "1"}, client)
	must("header writer", err)
	defer h.Close()
	_, err = h.Write(ctx, one("k", "v"))
	must("header writer", err)
	tx, err := changelog.NewTransactions(ctx, bootstrap, topic, client)
	must("transactions", err)
	defer tx.Close()
	must("transactions", tx.Begin())
	_, err = tx.Send(ctx, topic, one("k", "v"))
	must("transactions", err)
	must("transactions", tx.Commit(ctx))

	settings := maps.Clone(client)
	maps.Copy(settings, changelog.Committed())
	r, err := changelog.NewReader(bootstrap, topic, changelog.ReaderOptions{Settings: settings})
	must("reader", err)
	defer r.Close()
	if _, end, err := r.EndOffsets(0, 10*time.Second); err != nil || end < 3 || r.Fetcher() != changelog.FetcherLibrdkafka {
		t.Errorf("reader by %s: end offset %d (%v), want 3, or 4 with the marker", r.Fetcher(), end, err)
	}
	if id, err := r.Identity(10 * time.Second); err != nil || id.Partitions != 1 {
		t.Errorf("identity %+v (%v)", id, err)
	}

	g, err := changelog.NewGroup(bootstrap, topic+"-offsets", client)
	must("group", err)
	defer g.Close()
	must("group", g.Commit(topic, 3))
	if next, err := g.Committed(topic); err != nil || next != stores.Offset(3) {
		t.Errorf("committed %d (%v)", next, err)
	}
	for _, group := range []string{"classic", "consumer"} {
		m, partitions, err := changelog.Join(ctx, bootstrap, topic+group, topic, changelog.GroupOptions{Protocol: group, Settings: client})
		must("member "+group, err)
		if len(partitions) != 1 {
			t.Errorf("member %s: partitions %v", group, partitions)
		}
		must("member "+group, m.Leave())
	}
}

// A cluster that does not let us in says so at once, and the error has no password.
func refused(t *testing.T, bootstrap string, client changelog.Settings) {
	wrong := filepath.Join(t.TempDir(), "wrong")
	if err := os.WriteFile(wrong, []byte(canary+"-wrong"), 0o600); err != nil {
		t.Fatal(err)
	}
	set := func(name, value string) func(changelog.Settings) {
		return func(s changelog.Settings) { s[name] = value }
	}
	cases := map[string]func(changelog.Settings){}
	protocol := client["security.protocol"]
	if protocol != brokertest.MutualTLS {
		cases["password"], cases["user"] = set("sasl.password", "file:"+wrong), set("sasl.username", "nobody")
	}
	if protocol != brokertest.SASLPlain {
		cases["authority"] = set("ssl.ca.location", "") // those of the system
	}
	if protocol == brokertest.MutualTLS {
		cases["certificate, which is none"] = func(s changelog.Settings) {
			maps.DeleteFunc(s, func(name, _ string) bool {
				return strings.HasPrefix(name, "ssl.certificate.") || strings.HasPrefix(name, "ssl.key.")
			})
		}
	}
	for what, change := range cases {
		settings := maps.Clone(client)
		change(settings)
		ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
		err := changelog.Prober(settings)(ctx, bootstrap)
		late := ctx.Err() != nil
		cancel()
		if !errors.Is(err, changelog.ErrRefused) || late || strings.Contains(err.Error(), canary) {
			t.Errorf("a wrong %s: %v", what, err)
		}
	}
}

// A key that the password does not fit is found out before anybody is asked.
func TestPasswordOfAKey(t *testing.T) {
	b, client := brokertest.Secured(t, brokertest.MutualTLS, canary)
	wrong := filepath.Join(t.TempDir(), "wrong")
	if err := os.WriteFile(wrong, []byte(canary+"-wrong"), 0o600); err != nil {
		t.Fatal(err)
	}
	client["ssl.key.password"] = "file:" + wrong
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	err := changelog.Prober(client)(ctx, b.Bootstrap())
	if err == nil || ctx.Err() != nil || !strings.Contains(err.Error(), "ssl.key.location") || strings.Contains(err.Error(), canary) {
		t.Error(err)
	}
	client["ssl.key.password"] = canary
	if err := changelog.Prober(client)(ctx, b.Bootstrap()); !errors.Is(err, secret.ErrPlain) || strings.Contains(err.Error(), canary) {
		t.Errorf("as it is: %v", err)
	}
}
