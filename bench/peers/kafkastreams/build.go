package kafkastreams

import (
	"crypto/sha256"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"
)

// requireJava names the variable that makes a missing Java or Maven a failure: a
// test that is silently skipped proves nothing.
const requireJava = "RESTOREBENCH_REQUIRE_JAVA"

var built struct {
	once sync.Once
	p    *Program
	err  error
}

// Build returns the program, which it builds when its sources have changed. project
// is the directory of its pom.xml. Without java or mvn the test is skipped.
func Build(tb testing.TB, project string) *Program {
	tb.Helper()
	for _, tool := range []string{"java", "mvn"} {
		if _, err := exec.LookPath(tool); err != nil {
			if os.Getenv(requireJava) == "1" {
				tb.Fatalf("%s=1: %v", requireJava, err)
			}
			tb.Skipf("needs Kafka Streams: %v", err)
		}
	}
	built.once.Do(func() { built.p, built.err = build(project) })
	if built.err != nil {
		tb.Fatal(built.err)
	}
	return built.p
}

func build(project string) (*Program, error) {
	p := &Program{java: "java", jar: filepath.Join(project, "target", "kafka-streams-peer.jar")}
	want, err := sources(project)
	if err != nil {
		return nil, err
	}
	stamp := filepath.Join(project, "target", "sources.sha256")
	if have, err := os.ReadFile(stamp); err == nil && string(have) == want {
		return p, nil
	}
	mvn := exec.Command("mvn", "-q", "-B", "-ntp", "clean", "package")
	mvn.Dir = project
	if out, err := mvn.CombinedOutput(); err != nil {
		return nil, fmt.Errorf("build %s: %w\n%s", project, err, out)
	}
	return p, os.WriteFile(stamp, []byte(want), 0o600)
}

// sources is a digest of everything that the program is built from.
func sources(project string) (string, error) {
	digest := sha256.New()
	add := func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		text, err := os.ReadFile(path)
		fmt.Fprintf(digest, "%s %d\n%s", path, len(text), text)
		return err
	}
	for _, root := range []string{"pom.xml", "src"} {
		if err := filepath.WalkDir(filepath.Join(project, root), add); err != nil {
			return "", err
		}
	}
	return fmt.Sprintf("%x", digest.Sum(nil)), nil
}
