package restorebench_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// What make runs without the race detector alone starts no goroutine: no package of the Makefile's list, nor its tests, nor what
// they import of ours.
func TestNothingToRace(t *testing.T) {
	makefile, err := os.ReadFile("Makefile")
	if err != nil {
		t.Fatal(err)
	}
	_, list, _ := strings.Cut(string(makefile), "\nALONE := ")
	list, _, _ = strings.Cut(list, "\n")
	alone := strings.Fields(list)
	if len(alone) == 0 {
		t.Fatal("the Makefile lists no packages")
	}
	seen := map[string]bool{}
	for _, pkg := range alone {
		checkAlone(t, pkg, true, seen)
	}
}

// checkAlone looks into the files of a package, with those of its tests or without, and then into what they import.
func checkAlone(t *testing.T, pkg string, tests bool, seen map[string]bool) {
	paths, err := filepath.Glob(filepath.Join(pkg, "*.go"))
	if err != nil || len(paths) == 0 {
		t.Fatalf("%s has no Go files, %v", pkg, err)
	}
	for _, path := range paths {
		if seen[path] || strings.HasSuffix(path, "_test.go") && !tests {
			continue
		}
		seen[path] = true
		set := token.NewFileSet()
		f, err := parser.ParseFile(set, path, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(f, func(n ast.Node) bool {
			if starts(n) {
				t.Errorf("%s starts a goroutine: take what leads here from ALONE in the Makefile", set.Position(n.Pos()))
			}
			return true
		})
		for _, spec := range f.Imports {
			name, err := strconv.Unquote(spec.Path.Value)
			if err != nil {
				t.Fatal(err)
			}
			if own, ok := strings.CutPrefix(name, "restorebench/"); ok {
				checkAlone(t, own, false, seen)
			}
		}
	}
}

// starts says whether a node starts a goroutine, or names a method that does.
func starts(n ast.Node) bool {
	switch n := n.(type) {
	case *ast.GoStmt:
		return true
	case *ast.SelectorExpr:
		return slices.Contains([]string{"Go", "AfterFunc", "Parallel"}, n.Sel.Name)
	}
	return false
}
