package main

import (
	"os"
	"path/filepath"
	"slices"
	"testing"
)

func TestMutants(t *testing.T) {
	const text = `package p

const outside = 1

func f(a, b int, ok bool) (int, error) {
	if ok {
		a = b
	}
	if !ok && a < b {
		a++
	}
	if a == 0x10 {
		return 1, fmt.Errorf("at %d", a-7)
	}
	if a == b {
		return 0, errBad
	}
	if defect.Is(defect.Wrong) {
		return 2, nil
	}
	return g(true), errors.Join(errBad)
}
`
	want := []string{
		"if !ok {", "{}",
		"if ok && a < b {", "if !ok || a < b {", "if !ok && a <= b {", "{}",
		"if a != 0x10 {", "if a == 17 {", `return 1, fmt.Errorf("at %d", a+7)`, `return 1, fmt.Errorf("at %d", a-8)`,
		"if a != b {",
		"return g(false), errors.Join(errBad)",
	}
	found, err := mutantsOf("p.go", []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, m := range found {
		got = append(got, m.becomes)
	}
	slices.Sort(want)
	slices.Sort(got)
	if !slices.Equal(got, want) {
		t.Errorf("mutants are\n%q\nwant\n%q", got, want)
	}
}

// Each explanation is of a mutant that there is.
func TestExplanations(t *testing.T) {
	found := map[string][]mutant{}
	for _, e := range explanations {
		if found[e.file] == nil {
			text, err := os.ReadFile(filepath.Join("..", "..", e.file))
			if err != nil {
				t.Fatal(err)
			}
			if found[e.file], err = mutantsOf(e.file, text); err != nil {
				t.Fatal(err)
			}
		}
		if !slices.ContainsFunc(found[e.file], func(m mutant) bool { return m.was == e.was && m.becomes == e.becomes }) || e.why == "" {
			t.Errorf("%s: no mutant makes %q of %q, or it is not said why that is the same", e.file, e.becomes, e.was)
		}
	}
}

// The quickest tests that take a fifth of the time are tried first; what is within another one is not a test of its own.
func TestQuickest(t *testing.T) {
	out := `--- PASS: TestSlow (7.00s)
    --- PASS: TestSlow/part (0.00s)
--- PASS: TestB (0.50s)
--- SKIP: TestLeftOut (0.00s)
--- PASS: FuzzA (0.00s)
--- PASS: TestC (1.50s)
--- PASS: TestD (1.00s)
PASS
`
	if got, want := quickest(out), "^(FuzzA|TestB|TestD)$"; got != want {
		t.Errorf("%s, want %s", got, want)
	}
}
