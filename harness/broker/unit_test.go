package broker

import (
	"bytes"
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"
)

func TestValidate(t *testing.T) {
	for _, good := range []string{"auto", "container", "local", "localhost:9092", "a.example:1,b.example:65535", "[::1]:9092"} {
		if err := Validate(good); err != nil {
			t.Errorf("Validate(%q) = %v", good, err)
		}
	}
	for _, bad := range []string{
		"", "docker", "Auto", "localhost", "localhost:", ":9092", "localhost:0", "localhost:65536",
		"localhost:-1", "localhost:http", "a:1,", "a:1,,b:2", "a:1, b:2", "kafka://a:1", "::1:9092",
	} {
		err := Validate(bad)
		if !errors.Is(err, ErrBadKind) {
			t.Errorf("Validate(%q) = %v, want ErrBadKind", bad, err)
			continue
		}
		for _, want := range []string{"--broker", strconv.Quote(bad), "auto, container, local, or HOST:PORT"} {
			if !strings.Contains(err.Error(), want) {
				t.Errorf("Validate(%q) = %q, which does not contain %s", bad, err, want)
			}
		}
	}
}

func TestStartRefusesBadOptions(t *testing.T) {
	probe := func(context.Context, string) error { return nil }
	for name, o := range map[string]Options{
		"kind":  {Kind: "docker", Dir: t.TempDir(), Probe: probe},
		"dir":   {Kind: Local, Dir: filepath.Join(t.TempDir(), "none"), Probe: probe},
		"probe": {Kind: Local, Dir: t.TempDir()},
	} {
		if b, err := Start(t.Context(), o); err == nil {
			t.Errorf("%s: started %s", name, b.Bootstrap())
		}
	}
}

// What the jars are and what the code asks for must be the same version.
func TestVersionIsThatOfThePom(t *testing.T) {
	pom, err := os.ReadFile("../../scripts/pom.xml")
	if err != nil {
		t.Fatal(err)
	}
	if got := regexp.MustCompile(`<kafka.version>(.*)</`).FindSubmatch(pom); len(got) != 2 || string(got[1]) != KafkaVersion {
		t.Errorf("scripts/pom.xml pins Kafka %s, the code wants %s", got, KafkaVersion)
	}
}

// The image's wrapper undoes environment: lower case, and "_" is ".". A key with one of
// the characters that it escapes would not survive.
func TestEnvironmentMirrorsProperties(t *testing.T) {
	s := settings(layout{listen: "0.0.0.0", port: 1234, controllerPort: 9093, dataDir: "/data"})
	env := environment(s)
	for key, value := range s {
		if strings.ContainsAny(key, "_-") {
			t.Errorf("key %s cannot be written as a variable", key)
		}
		name := "KAFKA_" + strings.ToUpper(strings.ReplaceAll(key, ".", "_"))
		if env[name] != value {
			t.Errorf("%s = %q, want %q", name, env[name], value)
		}
	}
	if text := properties(s); strings.Count(text, "\n") != len(s) || !strings.Contains(text, "listeners=PLAINTEXT://0.0.0.0:1234,") {
		t.Errorf("properties:\n%s", text)
	}
}

// A second listener names the address that it was given, and the first one stays.
func TestRoutedListener(t *testing.T) {
	s := settings(layout{listen: "127.0.0.1", port: 1, controllerPort: 2, routed: routed{3, "127.0.0.1:4"}})
	for key, want := range map[string]string{
		"listeners":                      "PLAINTEXT://127.0.0.1:1,CONTROLLER://127.0.0.1:2,ROUTED://127.0.0.1:3",
		"advertised.listeners":           "PLAINTEXT://127.0.0.1:1,ROUTED://127.0.0.1:4",
		"listener.security.protocol.map": "PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT,ROUTED:PLAINTEXT",
	} {
		if s[key] != want {
			t.Errorf("%s=%s, want %s", key, s[key], want)
		}
	}
}

func TestLocalNotInstalled(t *testing.T) {
	t.Setenv(homeVariable, t.TempDir())
	_, err := Start(t.Context(), Options{Kind: Local, Dir: t.TempDir(), Probe: func(context.Context, string) error { return nil }})
	if !errors.Is(err, ErrNotInstalled) || !strings.Contains(err.Error(), homeVariable) {
		t.Errorf("Start = %v", err)
	}
	t.Setenv(homeVariable, "")
	t.Chdir(t.TempDir())
	if _, _, err := findKafka(); !errors.Is(err, ErrNotInstalled) || !strings.Contains(err.Error(), "scripts/setup") {
		t.Errorf("findKafka = %v", err)
	}
}

// Another process looks, because testcontainers looks for an engine only once per process: the
// tests of containers would find none either.
func TestLook(t *testing.T) {
	const noEngine = "tcp://127.0.0.1:1"
	if os.Getenv("DOCKER_HOST") != noEngine {
		look := exec.Command(os.Args[0], "-test.run", "^TestLook$", "-test.v")
		look.Env = append(os.Environ(), "DOCKER_HOST="+noEngine)
		if out, err := look.CombinedOutput(); err != nil || !bytes.Contains(out, []byte("--- PASS: TestLook")) {
			t.Errorf("%v\n%s", err, out)
		}
		return
	}
	java := filepath.Join(t.TempDir(), "bin", "java")
	script := "#!/bin/sh\necho 'openjdk version \"99.1\" 2030-01-01' >&2\necho more\n"
	libs := filepath.Join(t.TempDir(), "libs")
	if err := errors.Join(os.Mkdir(filepath.Dir(java), 0o700), os.WriteFile(java, []byte(script), 0o700),
		os.Mkdir(libs, 0o700), os.WriteFile(filepath.Join(libs, "kafka_2.13-9.8.7.jar"), nil, 0o600)); err != nil {
		t.Fatal(err)
	}
	t.Setenv("JAVA_HOME", filepath.Dir(filepath.Dir(java)))
	t.Setenv(homeVariable, filepath.Dir(libs))
	s := Look(t.Context())
	if kind, version, ready := s.Auto(); kind != Local || version != "9.8.7" || !ready || s.Java != "99.1" || !errors.Is(s.EngineErr, ErrNoEngine) || !errors.Is(s.ImageErr, ErrNoEngine) {
		t.Errorf("%+v", s)
	}
	t.Setenv("JAVA_HOME", t.TempDir())
	if s = Look(t.Context()); !errors.Is(s.JavaErr, ErrNotInstalled) {
		t.Errorf("%+v", s)
	}
	if _, _, ready := s.Auto(); ready {
		t.Error("a Kafka without Java is said to be ready")
	}
	if kind, version, _ := (Survey{Image: "apache/kafka:1.2"}).Auto(); kind != Container || version != "1.2" {
		t.Errorf("%s %s", kind, version)
	}
}

func TestRemoteIsOnlyAsked(t *testing.T) {
	const address = "kafka.example:9092"
	b, err := Start(t.Context(), Options{Kind: address, Probe: func(_ context.Context, at string) error {
		if at != address {
			t.Errorf("probed %s", at)
		}
		return nil
	}})
	if err != nil {
		t.Fatal(err)
	}
	if b.Kind() != Remote || b.Bootstrap() != address || b.Version() != "unknown" || b.Pid() != 0 || b.LogTail(9) != "" {
		t.Errorf("%+v", b)
	}
	if err := b.Stop(t.Context()); err != nil {
		t.Error(err)
	}
}

func TestRemoteUnreachable(t *testing.T) {
	t.Parallel()
	refused := func(context.Context, string) error { return errors.New("refused") }
	_, err := Start(t.Context(), Options{Kind: "kafka.example:9092", Probe: refused})
	if err == nil || errors.Is(err, ErrUnreachable) || !strings.Contains(err.Error(), "kafka.example:9092: refused") { // it did answer
		t.Errorf("Start = %v", err)
	}
	silent := func(ctx context.Context, _ string) error { <-ctx.Done(); return ctx.Err() }
	if _, err := Start(t.Context(), Options{Kind: "kafka.example:9092", Probe: silent}); !errors.Is(err, ErrUnreachable) || !strings.Contains(err.Error(), "kafka.example:9092") {
		t.Errorf("Start = %v", err)
	}
	ctx, cancel := context.WithCancelCause(t.Context())
	stop := errors.New("stop now")
	cancel(stop)
	if _, err := Start(ctx, Options{Kind: "kafka.example:9092", Probe: refused}); !errors.Is(err, stop) {
		t.Errorf("Start = %v, want the reason of the cancellation", err)
	}
}

// fake is an instance whose start can fail.
type fake struct {
	done    chan struct{}
	log     string
	stopped *int
}

func (fake) bootstrap() string            { return "127.0.0.1:1" }
func (fake) version() string              { return "fake" }
func (fake) pid() int                     { return 0 }
func (f fake) logTail(int) string         { return f.log }
func (f fake) ended() <-chan struct{}     { return f.done }
func (f fake) stop(context.Context) error { *f.stopped++; return nil }

func TestLaunchTriesAgainOnlyWhenThePortIsTaken(t *testing.T) {
	untilCancelled := func(ctx context.Context, _ string) error { <-ctx.Done(); return ctx.Err() }
	for log, want := range map[string]int{
		"java.net.BindException: Address already in use": startAttempts,
		"out of memory": 1,
	} {
		launched, stopped := 0, 0
		_, err := launchAndWait(t.Context(), Options{Probe: untilCancelled}, func(context.Context, Options) (instance, error) {
			launched++
			done := make(chan struct{})
			close(done)
			return fake{done, log, &stopped}, nil
		})
		if err == nil || !strings.Contains(err.Error(), log) {
			t.Errorf("error %v does not show the log %q", err, log)
		}
		if launched != want || stopped != want {
			t.Errorf("%s: launched %d, stopped %d, want %d", log, launched, stopped, want)
		}
	}
}

func TestOrphaned(t *testing.T) {
	child := exec.Command("sleep", "60")
	if err := child.Start(); err != nil {
		t.Fatal(err)
	}
	labels := ownLabels()
	labels[labelPid], labels[labelPidStart] = strconv.Itoa(child.Process.Pid), processStart(child.Process.Pid)
	if labels[labelPidStart] == "" {
		t.Fatal("a living process has no start time")
	}
	if orphaned(ownLabels()) || orphaned(labels) {
		t.Error("a living process is taken for dead")
	}
	if err := child.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	deadline := time.Now().Add(10 * time.Second)
	for !orphaned(labels) && time.Now().Before(deadline) { // a zombie until the Wait below
		time.Sleep(time.Millisecond)
	}
	if !orphaned(labels) {
		t.Error("a killed process is taken for living")
	}
	_ = child.Wait()
	if !orphaned(labels) {
		t.Error("a reaped process is taken for living")
	}
	labels[labelHost] = "another machine"
	if orphaned(labels) {
		t.Error("a process of another machine is judged")
	}
	if orphaned(map[string]string{}) {
		t.Error("a container without labels is judged")
	}
}

func TestLastLines(t *testing.T) {
	for _, c := range []struct {
		text string
		n    int
		want string
	}{{"", 3, ""}, {"a\n", 3, "a"}, {"a\nb\nc\n", 2, "b\nc"}, {"a\nb", 0, ""}} {
		if got := lastLines(c.text, c.n); got != c.want {
			t.Errorf("lastLines(%q, %d) = %q, want %q", c.text, c.n, got, c.want)
		}
	}
}

// Only addresses of this machine are used unasked.
func TestCheckRemote(t *testing.T) {
	for kind, remote := range map[string]string{
		Auto: "", Container: "", Local: "", "localhost:1": "", "127.0.0.1:1": "", "127.9.9.9:1,[::1]:2": "",
		"10.0.0.1:1": "10.0.0.1", "kafka:9092": "kafka", "localhost:1,[2001:db8::1]:2": "2001:db8::1", "localhost.example:1": "localhost.example", "0.0.0.0:1": "0.0.0.0",
	} {
		err := CheckRemote(kind, false)
		if (err == nil) != (remote == "") || err != nil && (!errors.Is(err, ErrBadKind) || !strings.Contains(err.Error(), ": "+remote+" is not this machine")) {
			t.Errorf("%s: %v, want %q refused", kind, err, remote)
		}
		if err := CheckRemote(kind, true); err != nil {
			t.Errorf("%s, allowed: %v", kind, err)
		}
	}
}

// So it is with brokers that a cluster names.
func TestCheckHosts(t *testing.T) {
	for remote, hosts := range map[string][]string{
		"": {"localhost", "127.0.0.1", "::1"}, "10.0.0.1": {"127.0.0.1", "10.0.0.1"}, "kafka": {"kafka"}, "2001:db8::1": {"::1", "2001:db8::1"},
	} {
		err := CheckHosts("localhost:1", hosts, false)
		if (err == nil) != (remote == "") || err != nil && (!errors.Is(err, ErrBadKind) || !strings.Contains(err.Error(), "--broker localhost:1: "+remote+" is not this machine")) {
			t.Errorf("%v: %v, want %q refused", hosts, err, remote)
		}
		if err := CheckHosts("localhost:1", hosts, true); err != nil {
			t.Errorf("%v, allowed: %v", hosts, err)
		}
	}
}
