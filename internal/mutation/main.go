// Mutation changes one operator, literal or statement of a package at a time, and runs the
// package's own tests on each: what they do not notice survives, and is printed. The byte formats have
// a mutation run of their own, against Kafka Streams, in bench/peers/kafkastreams.
//
//	go run ./internal/mutation [-n 50] [-seed 1] [-skip 0] [-jobs 2] [-by PACKAGE,...] PACKAGE|FILE...
//
// Of a file it changes that one alone. A survivor that changes nothing that anybody could see is explained
// in explained.go, and is counted, not printed.
package main

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"
)

var (
	most    = flag.Int("n", 0, "mutants of each package, chosen by the seed; 0 is all")
	seed    = flag.Uint64("seed", 1, "of the choice, and of the order")
	skip    = flag.Int("skip", 0, "mutants of each package that were tried before, in the seed's order")
	by      = flag.String("by", "", "other packages whose tests count too, with commas between them")
	timeout = flag.Duration("timeout", time.Minute, "after which a mutant counts as noticed")
	jobs    = flag.Int("jobs", runtime.NumCPU(), "mutants that are tried at a time")
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
	var judges []testsOf
	for _, dir := range append([]string{dir}, strings.FieldsFunc(*by, func(r rune) bool { return r == ',' })...) {
		if tests, err := filepath.Glob(filepath.Join(dir, "*_test.go")); err != nil || len(tests) == 0 {
			continue // those of another package are its tests
		}
		quick, err := quickOf(dir)
		if err != nil {
			return err
		}
		judges = append(judges, testsOf{dir, quick})
	}

	if len(judges) == 0 {
		return errors.New("no tests; name packages that have some by -by")
	}

	var fates [explained + 1]int
	tried := func() int { return fates[noticed] + fates[hung] + fates[survived] + fates[explained] }
	var mu sync.Mutex // of fates, and of what is printed
	var g errgroup.Group
	g.SetLimit(*jobs)
	for _, m := range all[min(*skip, len(all)):] {
		g.Go(func() error {
			mu.Lock()
			enough := *most > 0 && tried() >= *most
			mu.Unlock()
			if enough {
				return nil
			}
			f, err := m.judge(judges)
			if err != nil {
				return err
			}
			if f == survived && m.why() != "" {
				f = explained
			}
			mu.Lock()
			defer mu.Unlock()
			if fates[f]++; tried()%100 == 0 && f != unbuilt {
				fmt.Fprintf(os.Stderr, "%s: %d tried of %d\n", of, tried(), len(all))
			}
			switch f {
			case survived:
				m.print("nobody notices")
			case hung: // or the machine is busy
				m.print("the tests do not end")
			}
			return nil
		})
	}
	if err := g.Wait(); err != nil {
		return err
	}
	fmt.Printf("%s: of %d mutants %d were noticed, %d hung, %d survived, %d of these explained\n",
		of, tried(), fates[noticed], fates[hung], fates[survived]+fates[explained], fates[explained])
	return nil
}

func (m *mutant) print(what string) {
	fmt.Printf("%s:%d: %s\n\t%s\n\t%s\n", m.file, m.line, what, m.was, m.becomes)
}

// testsOf is a package whose tests are asked, and the pattern of the quick ones.
type testsOf struct{ dir, quick string }

// judge asks the tests of one package after the other.
func (m *mutant) judge(judges []testsOf) (fate, error) {
	for _, t := range judges {
		if f, err := m.judgedBy(t); f != survived || err != nil {
			return f, err
		}
	}
	return survived, nil
}

// judgedBy builds a package's tests with the mutant in place of its file, and runs the quick ones, and then the others.
func (m *mutant) judgedBy(t testsOf) (fate, error) {
	tmp, err := os.MkdirTemp("", "mutation-")
	if err != nil {
		return 0, err
	}
	defer os.RemoveAll(tmp)
	overlay, err := m.overlay(tmp)
	if err != nil {
		return 0, err
	}
	binary, err := build(t.dir, tmp, "-overlay", overlay)
	if err != nil {
		return unbuilt, nil
	}
	if f, _, err := try(binary, t.dir, tmp, "-test.failfast", "-test.run", t.quick); f != survived || err != nil {
		return f, err
	}
	f, _, err := try(binary, t.dir, tmp, "-test.failfast", "-test.skip", t.quick)
	return f, err
}

// quickOf is a pattern of the tests of a package that together take a fifth of the time: they notice most mutants.
func quickOf(dir string) (string, error) {
	tmp, err := os.MkdirTemp("", "mutation-")
	if err != nil {
		return "", err
	}
	defer os.RemoveAll(tmp)
	binary, err := build(dir, tmp)
	if err != nil {
		return "", fmt.Errorf("the tests of %s: %w", dir, err)
	}
	f, out, err := try(binary, dir, tmp, "-test.v")
	if err != nil {
		return "", err
	}
	if f != survived {
		return "", fmt.Errorf("the tests of %s fail, or take longer than %v, before anything is changed", dir, *timeout)
	}
	return quickest(out), nil
}

var passed = regexp.MustCompile(`(?m)^--- PASS: (\w+) \(([0-9.]+)s\)$`)

// quickest reads what -test.v says, see quickOf.
func quickest(out string) (pattern string) {
	type test struct {
		name    string
		seconds float64
	}
	var tests []test
	total := 0.0
	for _, found := range passed.FindAllStringSubmatch(out, -1) {
		seconds, _ := strconv.ParseFloat(found[2], 64) // the pattern has only numbers
		tests = append(tests, test{found[1], seconds})
		total += seconds
	}
	slices.SortStableFunc(tests, func(a, b test) int { return cmp.Compare(a.seconds, b.seconds) })
	var names []string
	sum := 0.0
	for _, t := range tests {
		if sum += t.seconds; sum > total/5 {
			break
		}
		names = append(names, t.name)
	}
	return "^(" + strings.Join(names, "|") + ")$"
}

// build builds the tests of a package.
func build(dir, tmp string, flags ...string) (binary string, err error) {
	binary = filepath.Join(tmp, "mutant.test")
	// vet is left out: it would notice some by their looks. Nobody debugs it: it is linked sooner without DWARF.
	args := append([]string{"test", "-c", "-vet=off", "-ldflags=-w", "-o", binary}, flags...)
	return binary, exec.Command("go", append(args, "./"+dir)...).Run()
}

// try runs tests that are built.
func try(binary, dir, tmp string, flags ...string) (_ fate, out string, err error) {
	ctx, cancel := context.WithTimeout(context.Background(), *timeout)
	defer cancel()
	// A mutant may ask for any amount of memory.
	args := append([]string{"-c", `ulimit -v 16000000; exec "$@"`, "sh", binary, "-test.short"}, flags...)
	if help, _ := exec.Command(binary, "-h").CombinedOutput(); strings.Contains(string(help), "rapid.nofailfile") {
		args = append(args, "-rapid.nofailfile", "-rapid.shrinktime=1s")
	}
	test := exec.CommandContext(ctx, "sh", args...)
	test.Dir, test.Env = dir, append(os.Environ(), "TMPDIR="+tmp)
	test.WaitDelay = time.Second
	said, err := test.Output()
	var failed *exec.ExitError
	switch {
	case ctx.Err() != nil:
		return hung, "", nil
	case err == nil:
		return survived, string(said), nil
	case errors.As(err, &failed), errors.Is(err, exec.ErrWaitDelay):
		return noticed, "", nil
	}
	return 0, "", err
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
