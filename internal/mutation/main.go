// Mutation changes one operator, literal or statement of a package at a time, and runs the
// package's own tests on each: what they do not notice survives, and is printed. The byte formats have
// a mutation run of their own, against Kafka Streams, in bench/peers/kafkastreams.
//
//	go run ./internal/mutation [-n 50] [-seed 1] [-by PACKAGE,...] PACKAGE|FILE...
//
// Of a file it changes that one alone. A survivor that changes nothing that anybody could see is explained
// in explained.go, and is counted, not printed.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"
)

var (
	most    = flag.Int("n", 0, "mutants of each package, chosen by the seed; 0 is all")
	seed    = flag.Uint64("seed", 1, "of the choice")
	by      = flag.String("by", "", "other packages whose tests count too, with commas between them")
	timeout = flag.Duration("timeout", time.Minute, "after which a mutant counts as noticed")
)

// The fates of a mutant.
type fate int

const (
	unbuilt fate = iota // it does not compile
	noticed             // a test failed
	hung                // the tests did not end
	survived
	explained // survived, as it should
)

func main() {
	flag.Parse()
	for _, of := range flag.Args() {
		if err := run(filepath.Clean(of)); err != nil {
			fmt.Fprintf(os.Stderr, "%s: %v\n", of, err)
			os.Exit(1)
		}
	}
}

// run takes a package's directory, or one file of it.
func run(of string) error {
	dir, pattern := of, "*.go"
	if strings.HasSuffix(of, ".go") {
		dir, pattern = filepath.Split(of)
		dir = filepath.Clean(dir)
	}
	all, err := mutants(dir, pattern)
	if err != nil {
		return err
	}
	rand.New(rand.NewPCG(*seed, 0)).Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] })
	var fates [explained + 1]int
	tried := func() int { return fates[noticed] + fates[hung] + fates[survived] + fates[explained] }
	for _, m := range all {
		if *most > 0 && tried() == *most {
			break
		}
		f, err := m.judge(dir)
		if err != nil {
			return err
		}
		if f == survived && m.why() != "" {
			f = explained
		}
		if fates[f]++; f == survived {
			fmt.Printf("%s:%d: nobody notices\n\t%s\n\t%s\n", m.file, m.line, m.was, m.becomes)
		}
	}
	fmt.Printf("%s: of %d mutants %d were noticed, %d hung, %d survived, %d of these explained\n",
		of, tried(), fates[noticed], fates[hung], fates[survived]+fates[explained], fates[explained])
	return nil
}

// judge asks the package's tests, and then those of the other ones.
func (m *mutant) judge(dir string) (fate, error) {
	for _, tested := range append([]string{dir}, strings.FieldsFunc(*by, func(r rune) bool { return r == ',' })...) {
		if f, err := m.judgedBy(tested); f != survived || err != nil {
			return f, err
		}
	}
	return survived, nil
}

// judgedBy builds a package's tests with the mutant in place of its file, and runs them.
func (m *mutant) judgedBy(dir string) (fate, error) {
	tmp, err := os.MkdirTemp("", "mutation-")
	if err != nil {
		return 0, err
	}
	defer os.RemoveAll(tmp)
	overlay, err := m.overlay(tmp)
	if err != nil {
		return 0, err
	}
	binary := filepath.Join(tmp, "mutant.test")
	// vet is left out: it would notice some by their looks.
	if exec.Command("go", "test", "-c", "-vet=off", "-overlay", overlay, "-o", binary, "./"+dir).Run() != nil {
		return unbuilt, nil
	}
	ctx, cancel := context.WithTimeout(context.Background(), *timeout)
	defer cancel()
	// A mutant may ask for any amount of memory.
	args := []string{"-c", `ulimit -v 16000000; exec "$@"`, "sh", binary, "-test.short", "-test.failfast"}
	if help, _ := exec.Command(binary, "-h").CombinedOutput(); strings.Contains(string(help), "rapid.nofailfile") {
		args = append(args, "-rapid.nofailfile", "-rapid.shrinktime=1s")
	}
	test := exec.CommandContext(ctx, "sh", args...)
	test.Dir, test.Env = dir, append(os.Environ(), "TMPDIR="+tmp)
	test.WaitDelay = time.Second
	err = test.Run()
	var failed *exec.ExitError
	switch {
	case ctx.Err() != nil:
		return hung, nil
	case err == nil:
		return survived, nil
	case errors.As(err, &failed), errors.Is(err, exec.ErrWaitDelay):
		return noticed, nil
	}
	return 0, err
}

// overlay writes the changed file, and the file that makes go take it.
func (m *mutant) overlay(tmp string) (string, error) {
	text, err := os.ReadFile(m.file)
	if err != nil {
		return "", err
	}
	changed := filepath.Join(tmp, "mutant.go")
	if err := os.WriteFile(changed, append(append(append([]byte{}, text[:m.from]...), m.with...), text[m.to:]...), 0o600); err != nil {
		return "", err
	}
	path, err := filepath.Abs(m.file)
	if err != nil {
		return "", err
	}
	list, err := json.Marshal(map[string]any{"Replace": map[string]string{path: changed}})
	if err != nil {
		return "", err
	}
	overlay := filepath.Join(tmp, "overlay.json")
	return overlay, os.WriteFile(overlay, list, 0o600)
}
