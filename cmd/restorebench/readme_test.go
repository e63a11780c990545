package main

import (
	"bytes"
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"restorebench/bench/report"
	"restorebench/bench/torture"
	"restorebench/harness/broker/brokertest"
	"restorebench/harness/record"
	"restorebench/harness/spec"
)

const repository = "../.."

// blocks returns the fenced blocks of a Markdown file in a language.
func blocks(t *testing.T, file, language string) []string {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(repository, file))
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	rest := string(data)
	for {
		_, after, found := strings.Cut(rest, "```"+language+"\n")
		if !found {
			return out
		}
		block, after, found := strings.Cut(after, "```")
		if !found {
			t.Fatalf("%s: a block of %s does not end", file, language)
		}
		out = append(out, block)
		rest = after
	}
}

// TestDocumentedCommands runs every command of the README and of CONTRIBUTING: the
// ones that measure with sizes that take seconds, make's targets as a dry run,
// since this test is part of one of them.
func TestDocumentedCommands(t *testing.T) {
	full(t)
	binary := build(t)
	results := t.TempDir()
	ran := 0
	for _, file := range []string{"README.md", "CONTRIBUTING.md"} {
		for _, block := range blocks(t, file, "sh") {
			for line := range strings.Lines(block) {
				command, _, _ := strings.Cut(line, "#")
				if args := strings.Fields(command); len(args) > 0 {
					ran++
					t.Run(strings.Join(args, " "), func(t *testing.T) { runDocumented(t, args, binary, results) })
				}
			}
		}
	}
	if ran < 10 {
		t.Errorf("only %d commands found", ran)
	}
}

func runDocumented(t *testing.T, args []string, binary, results string) {
	t.Helper()
	switch {
	case args[0] == "make":
		args = append([]string{"make", "-n"}, args[1:]...)
	case args[0] == "bin/restorebench":
		args[0] = binary
		kafka := brokertest.Start(t).Bootstrap() // one for all: those that start their own are in the scripts
		switch args[1] {
		case "run", "ceilings":
			args = append(args, "--broker", kafka, "--keys", "300", "--runs", "1", "--out", results)
		case "torture":
			args = append(args, "--broker", kafka, "--kills", "2", "--out", results)
		case "vote":
			args = append(args, "--broker", kafka, "--store", "memory-versioned")
		case "report", "plot":
			args = append(args, "--out", results)
		}
	case args[0] == "go" && args[1] == "test" && strings.Contains(strings.Join(args, " "), "-bench"):
		args = smallBenchmarks(args)
	}
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, args[0], args[1:]...)
	cmd.Dir = repository
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	if err := cmd.Run(); err != nil {
		t.Fatalf("%v: %v\n%s", args, err, out.String())
	}
	if args[0] == "go" && args[1] == "test" && strings.Contains(strings.Join(args, " "), "-bench") {
		for _, name := range []string{"drain", "load", "replay", "local"} {
			if !strings.Contains(strings.ToLower(out.String()), name) {
				t.Errorf("%v ran no benchmark of %s:\n%s", args, name, out.String())
			}
		}
	}
}

// smallBenchmarks makes go test's benchmarks run once and on few keys.
func smallBenchmarks(args []string) []string {
	own := args
	var behind []string
	for i, a := range args {
		if a == "-args" {
			own, behind = args[:i], args[i+1:]
		}
	}
	out := append([]string{}, own[:2]...)
	out = append(out, "-benchtime", "1x", "-run", "^$", "-vet", "off", "-ldflags=-w") // the tests beside them run on their own, and go vet too
	out = append(out, own[2:]...)
	out = append(out, "-args")
	out = append(out, behind...)
	return append(out, "-keys", "300")
}

// What the README says made its table of faults is a command that can be given: all of it, and of that fault.
func TestDocumentedFaultCommands(t *testing.T) {
	text, err := os.ReadFile(filepath.Join(repository, "README.md"))
	if err != nil {
		t.Fatal(err)
	}
	const head = "\n| fault | tried |"
	_, table, found := strings.Cut(string(text), head)
	if !found {
		t.Fatalf("no table begins with %q", head)
	}
	flags := regexp.MustCompile("`(--[^`]+)`")
	var last [][]string // of the row that "the same" means
	rows := 0
	for line := range strings.Lines(table[strings.Index(table, "\n|")+1:]) {
		columns := strings.Split(strings.Trim(strings.TrimSpace(line), "|"), "|")
		fault := strings.Trim(columns[0], "` ")
		if !strings.HasPrefix(line, "|") {
			break
		}
		if strings.HasPrefix(fault, "-") {
			continue // the rule
		}
		rows++
		made := strings.TrimSpace(columns[len(columns)-1])
		var commands [][]string
		for _, m := range flags.FindAllStringSubmatch(made, -1) {
			commands = append(commands, strings.Fields(m[1]))
		}
		if strings.HasPrefix(made, "the same") {
			for _, args := range last {
				args = slices.Clone(args)
				if i := slices.Index(args, "--fault"); i >= 0 {
					args[i+1] = fault
				}
				commands = append(commands, args)
			}
		} else {
			last = commands
		}
		if len(commands) == 0 {
			t.Errorf("%s: no command made it: %s", fault, made)
		}
		for i, args := range commands {
			if i > 0 && !slices.Contains(args, "--fault") { // said once
				args = append(args, "--fault", fault)
			}
			cmd, options := tortureCommand()
			if err := cmd.ParseFlags(append(args, "--broker", "local")); err != nil || cmd.Flags().NArg() > 0 {
				t.Errorf("%s: %v: %v, arguments %q", fault, args, err, cmd.Flags().Args())
				continue
			}
			o, err := options()
			var bad *spec.Error
			if errors.As(err, &bad) && strings.HasPrefix(bad.Allowed, "on Linux") && os.Getenv("RESTOREBENCH_REQUIRE_ROOT") != "1" {
				t.Logf("%s: not on this machine: %v", fault, err)
				continue
			}
			if err != nil || o.Fault != fault {
				t.Errorf("%s: %v: %v", fault, args, err)
			}
		}
	}
	if rows != len(torture.Faults()) {
		t.Errorf("%d rows, want %d", rows, len(torture.Faults()))
	}
}

// What repeats a failure says again what was said, in words for a shell.
func TestNotDefault(t *testing.T) {
	cmd, options := tortureCommand()
	args := []string{"--broker", "local", "--allow-remote", "--state-dir", "/tmp/it's here", "--seed", "7", "--kills", "3", "--out", "results", "--keys", "2k"}
	if err := cmd.ParseFlags(args); err != nil {
		t.Fatal(err)
	}
	o, err := options()
	if err != nil {
		t.Fatal(err)
	}
	want := []string{"--broker", "local", "--allow-remote=true", "--state-dir", `'/tmp/it'\''s here'`, "--keys", "2k"}
	if !slices.Equal(o.Given, want) || o.Keys != 2000 {
		t.Errorf("%q, want %q", o.Given, want)
	}
	again, options := tortureCommand()
	shell, err := exec.Command("/bin/sh", "-c", `for word in `+strings.Join(o.Given, " ")+`; do printf '%s\n' "$word"; done`).Output()
	if err == nil {
		err = again.ParseFlags(strings.Split(strings.TrimSpace(string(shell)), "\n"))
	}
	if err != nil {
		t.Fatal(err)
	}
	if o, err := options(); err != nil || !slices.Equal(o.Given, want) {
		t.Errorf("%q, %v, want %q", o.Given, err, want)
	}
}

func TestDocumentedYAML(t *testing.T) {
	found := blocks(t, "README.md", "yaml")
	if len(found) == 0 {
		t.Fatal("the README shows no YAML")
	}
	for _, text := range found {
		if err := spec.Default().Parse([]byte(text), "README.md"); err != nil {
			t.Error(err)
		}
	}
}

// The README's table is the one of the committed run.
func TestDocumentedTable(t *testing.T) {
	s, err := report.ReadSummary(filepath.Join(repository, "results", "reference", "summary.json"))
	if err != nil {
		t.Fatal(err)
	}
	var table bytes.Buffer
	if err := report.Table(&table, s); err != nil {
		t.Fatal(err)
	}
	want, _, _ := strings.Cut(table.String(), "\n\n") // the rows, without the notes
	for _, block := range blocks(t, "README.md", "text") {
		if strings.TrimSpace(block) == strings.TrimSpace(want) {
			return
		}
	}
	t.Errorf("README.md must show the table of results/reference/summary.json:\n%s", want)
}

// The fields of a raw line are those that results/README.md explains.
func TestDocumentedFields(t *testing.T) {
	text, err := os.ReadFile(filepath.Join(repository, "results", "README.md"))
	if err != nil {
		t.Fatal(err)
	}
	for section, line := range map[string]any{"raw": record.Record{}, "torture": torture.Line{}} {
		_, table, _ := strings.Cut(string(text), "## A line of `"+section+"/RUN.jsonl`\n")
		table, _, _ = strings.Cut(table, "\n## ")
		explained := map[string]bool{}
		for row := range strings.Lines(table) {
			if cells := strings.Split(row, "|"); len(cells) > 2 {
				for _, name := range regexp.MustCompile("`[a-z0-9_]+`").FindAllString(cells[1], -1) {
					explained[strings.Trim(name, "`")] = true
				}
			}
		}
		for _, f := range reflect.VisibleFields(reflect.TypeOf(line)) {
			if f.Anonymous {
				continue
			}
			name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
			if !explained[name] {
				t.Errorf("results/README.md does not explain the field %q of %s/RUN.jsonl", name, section)
			}
			delete(explained, name)
		}
		for name := range explained {
			t.Errorf("results/README.md explains the field %q, which %s/RUN.jsonl does not have", name, section)
		}
	}
}
