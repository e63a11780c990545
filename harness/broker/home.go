package broker

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

const homeVariable = "RESTOREBENCH_KAFKA_HOME"

// findKafka returns the directory of Kafka's jars and their version: of
// RESTOREBENCH_KAFKA_HOME, else of what scripts/setup put into .deps of this project.
func findKafka() (libs, version string, err error) {
	if home := os.Getenv(homeVariable); home != "" {
		libs = filepath.Join(home, "libs")
		if version = versionOf(libs); version == "" {
			return "", "", fmt.Errorf("%w: %s=%s has no libs with Kafka's jars", ErrNotInstalled, homeVariable, home)
		}
		return libs, version, nil
	}
	var from []string
	if dir, err := os.Getwd(); err == nil {
		from = append(from, dir)
	}
	if program, err := os.Executable(); err == nil {
		from = append(from, filepath.Dir(program))
	}
	for _, dir := range from {
		for ; ; dir = filepath.Dir(dir) {
			libs = filepath.Join(dir, ".deps", "kafka-"+KafkaVersion, "libs")
			if version = versionOf(libs); version != "" {
				return libs, version, nil
			}
			if dir == filepath.Dir(dir) {
				break
			}
		}
	}
	return "", "", fmt.Errorf("%w: run scripts/setup, or name a Kafka %s in %s", ErrNotInstalled, KafkaVersion, homeVariable)
}

// versionOf returns the version of the Kafka in a directory of jars; none when there is no Kafka.
func versionOf(libs string) string {
	const prefix, suffix = "kafka_2.13-", ".jar"
	jars, _ := filepath.Glob(filepath.Join(libs, prefix+"[0-9]*"+suffix))
	if len(jars) == 0 {
		return ""
	}
	return strings.TrimSuffix(strings.TrimPrefix(filepath.Base(jars[0]), prefix), suffix)
}

// classArchive is the archive of classes beside Kafka's jars, named as in the official image (KIP-975), "" if there is none. A JVM
// that can't use it, being another one than it was made with, leaves it aside.
func classArchive(libs string) string {
	archive := filepath.Join(filepath.Dir(libs), "kafka.jsa")
	if info, err := os.Stat(archive); err != nil || !info.Mode().IsRegular() {
		return ""
	}
	return archive
}

// findJava returns the java of JAVA_HOME, else of PATH.
func findJava() (string, error) {
	if home := os.Getenv("JAVA_HOME"); home != "" {
		java := filepath.Join(home, "bin", "java")
		if _, err := os.Stat(java); err != nil {
			return "", fmt.Errorf("%w: JAVA_HOME=%s has no bin/java", ErrNotInstalled, home)
		}
		return java, nil
	}
	java, err := exec.LookPath("java")
	if err != nil {
		return "", fmt.Errorf("%w: there is no java in PATH; run scripts/setup", ErrNotInstalled)
	}
	return java, nil
}
