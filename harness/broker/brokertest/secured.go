package brokertest

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"testing"
	"time"

	"restorebench/harness/broker"
	"restorebench/harness/changelog"
)

// The user of a secured broker, and the protocols that it can speak.
const (
	User      = "canary-owner"
	SASLPlain = "sasl_plaintext"
	SASLTLS   = "sasl_ssl"
)

// Secured starts a local broker of the test's own, to which only User gets in, with a password, and returns it with the settings of
// its clients, librdkafka's: the password in a file.
func Secured(tb testing.TB, protocol, password string) (*broker.Broker, map[string]string) {
	tb.Helper()
	dir := tb.TempDir()
	secret, certificate := filepath.Join(dir, "password"), filepath.Join(dir, "broker.pem")
	if err := os.WriteFile(secret, []byte(password+"\n"), 0o600); err != nil {
		tb.Fatal(err)
	}
	client := map[string]string{
		"security.protocol": protocol, "sasl.mechanism": "PLAIN", "sasl.username": User, "sasl.password": "file:" + secret,
	}
	login := fmt.Sprintf("org.apache.kafka.common.security.plain.PlainLoginModule required username=%q password=%q user_%s=%q;", User, password, User, password)
	properties := map[string]string{
		"listener.security.protocol.map":                 "PLAINTEXT:SASL_PLAINTEXT,CONTROLLER:PLAINTEXT",
		"sasl.enabled.mechanisms":                        "PLAIN",
		"sasl.mechanism.inter.broker.protocol":           "PLAIN",
		"listener.name.plaintext.plain.sasl.jaas.config": login,
		"connection.failed.authentication.delay.ms":      "0",
	}
	if protocol == SASLTLS {
		properties["listener.name.plaintext.ssl.keystore.location"] = certificate
		properties["listener.name.plaintext.ssl.keystore.type"] = "PEM"
		properties["listener.name.plaintext.ssl.truststore.location"] = certificate
		properties["listener.name.plaintext.ssl.truststore.type"] = "PEM"
		properties["listener.security.protocol.map"] = "PLAINTEXT:SASL_SSL,CONTROLLER:PLAINTEXT"
		client["ssl.ca.location"] = certificate
		if err := certify(certificate); err != nil {
			tb.Fatal(err)
		}
	}
	ctx, cancel := context.WithTimeout(tb.Context(), 2*time.Minute)
	defer cancel()
	b, err := broker.Start(ctx, broker.Options{
		Kind: broker.Local, Dir: tb.TempDir(), Probe: changelog.Prober(client), Properties: properties,
	})
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(tb.Context()), time.Minute)
		defer cancel()
		if err := b.Stop(ctx); err != nil {
			tb.Error(err)
		}
	})
	return b, client
}

// certify writes a key and a certificate of this machine's loopback address, signed by itself, to one file.
func certify(path string) error {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return err
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "restorebench test"}, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(24 * time.Hour), IsCA: true, BasicConstraintsValid: true,
	}
	certificate, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		return err
	}
	private, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return err
	}
	text := append(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: private}),
		pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: certificate})...)
	return os.WriteFile(path, text, 0o600)
}
