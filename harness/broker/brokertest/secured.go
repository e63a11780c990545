package brokertest

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"maps"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"strings"
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
	MutualTLS = "ssl" // the client has a certificate, whose key is encrypted by the password
)

// Secured starts a local broker of the test's own, to which only User gets in, with a password, or who has the certificate, and returns
// it with the settings of its clients, librdkafka's: the password in a file.
func Secured(tb testing.TB, protocol, password string) (*broker.Broker, map[string]string) {
	tb.Helper()
	dir := tb.TempDir()
	secret := filepath.Join(dir, "password")
	if err := os.WriteFile(secret, []byte(password+"\n"), 0o600); err != nil {
		tb.Fatal(err)
	}
	client := map[string]string{"security.protocol": protocol}
	properties := map[string]string{
		"listener.security.protocol.map":            "PLAINTEXT:" + strings.ToUpper(protocol) + ",CONTROLLER:PLAINTEXT",
		"connection.failed.authentication.delay.ms": "0",
	}
	if protocol != MutualTLS {
		maps.Copy(client, map[string]string{"sasl.mechanism": "PLAIN", "sasl.username": User, "sasl.password": "file:" + secret})
		properties["sasl.enabled.mechanisms"] = "PLAIN"
		properties["sasl.mechanism.inter.broker.protocol"] = "PLAIN"
		properties["listener.name.plaintext.plain.sasl.jaas.config"] = fmt.Sprintf(
			"org.apache.kafka.common.security.plain.PlainLoginModule required username=%q password=%q user_%s=%q;", User, password, User, password)
	}
	var trusted [][]byte
	if protocol != SASLPlain {
		certificate := filepath.Join(dir, "broker.pem")
		trusted = append(trusted, certify(tb, certificate, ""))
		client["ssl.ca.location"] = certificate
		properties["listener.name.plaintext.ssl.keystore.location"] = certificate
		properties["listener.name.plaintext.ssl.keystore.type"] = "PEM"
		properties["listener.name.plaintext.ssl.truststore.location"] = filepath.Join(dir, "trusted.pem")
		properties["listener.name.plaintext.ssl.truststore.type"] = "PEM"
	}
	if protocol == MutualTLS {
		certificate := filepath.Join(dir, "client.pem")
		trusted = append(trusted, certify(tb, certificate, password))
		maps.Copy(client, map[string]string{"ssl.certificate.location": certificate, "ssl.key.location": certificate, "ssl.key.password": "file:" + secret})
		properties["listener.name.plaintext.ssl.client.auth"] = "required"
	}
	if err := os.WriteFile(filepath.Join(dir, "trusted.pem"), bytes.Join(trusted, nil), 0o600); err != nil {
		tb.Fatal(err)
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

// certify writes a key, which a password encrypts unless it is "", and a certificate of this machine's loopback address, signed by itself,
// to one file. It returns the certificate.
func certify(tb testing.TB, path, password string) []byte {
	tb.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		tb.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "restorebench test"}, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(24 * time.Hour), IsCA: true, BasicConstraintsValid: true,
	}
	signed, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		tb.Fatal(err)
	}
	private, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		tb.Fatal(err)
	}
	block := &pem.Block{Type: "PRIVATE KEY", Bytes: private}
	if password != "" {
		if private, err = x509.MarshalECPrivateKey(key); err != nil {
			tb.Fatal(err)
		}
		//nolint:staticcheck // it does not protect much, which a test's key needs not
		if block, err = x509.EncryptPEMBlock(rand.Reader, "EC PRIVATE KEY", private, []byte(password), x509.PEMCipherAES256); err != nil {
			tb.Fatal(err)
		}
	}
	certificate := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: signed})
	if err := os.WriteFile(path, append(pem.EncodeToMemory(block), certificate...), 0o600); err != nil {
		tb.Fatal(err)
	}
	return certificate
}
