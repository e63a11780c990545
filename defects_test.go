package restorebench_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// Every defect that there is, make defects seeds: a test that its pattern matches does, in a package that it names.
func TestEveryDefectIsSeeded(t *testing.T) {
	makefile, err := os.ReadFile("Makefile")
	if err != nil {
		t.Fatal(err)
	}
	command := regexp.MustCompile(`go test .*-tags defects .*-run (\S+)((?: \./\S+)+)`).FindSubmatch(makefile)
	if command == nil {
		t.Fatal("the Makefile runs no go test -tags defects")
	}
	pattern := regexp.MustCompile(strings.Trim(string(command[1]), "'"))
	seeded := map[string]bool{}
	for _, dir := range strings.Fields(string(command[2])) {
		for name := range seededBy(t, dir, pattern) {
			seeded[name] = true
		}
	}
	all := defects(t)
	if len(all) == 0 {
		t.Fatal("internal/defect has no defects")
	}
	for _, name := range all {
		if !seeded[name] {
			t.Errorf("no test of%s that %s matches seeds defect.%s", command[2], pattern, name)
		}
	}
}

// defects are the constants of internal/defect that are one.
func defects(t *testing.T) (names []string) {
	f, err := parser.ParseFile(token.NewFileSet(), "internal/defect/defect.go", nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	ast.Inspect(f, func(n ast.Node) bool {
		spec, ok := n.(*ast.ValueSpec)
		if !ok {
			return true
		}
		if typ, ok := spec.Type.(*ast.Ident); ok && typ.Name == "Name" && spec.Names[0].Name != "None" {
			names = append(names, spec.Names[0].Name)
		}
		return false
	})
	return names
}

// seededBy are the defects that the tests of a package name, if a pattern matches them, and what these tests use in turn.
func seededBy(t *testing.T, dir string, pattern *regexp.Regexp) map[string]bool {
	paths, err := filepath.Glob(filepath.Join(dir, "*_test.go"))
	if err != nil || len(paths) == 0 {
		t.Fatalf("%s has no tests, %v", dir, err)
	}
	declared := map[string]ast.Node{}
	var next []string // names of what is declared and used
	for _, path := range paths {
		f, err := parser.ParseFile(token.NewFileSet(), path, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		for _, d := range f.Decls {
			switch d := d.(type) {
			case *ast.FuncDecl:
				declared[d.Name.Name] = d
				if strings.HasPrefix(d.Name.Name, "Test") && pattern.MatchString(d.Name.Name) {
					next = append(next, d.Name.Name)
				}
			case *ast.GenDecl:
				for _, spec := range d.Specs {
					if values, ok := spec.(*ast.ValueSpec); ok {
						for _, name := range values.Names {
							declared[name.Name] = values
						}
					}
				}
			}
		}
	}
	seeded, used := map[string]bool{}, map[string]bool{}
	for len(next) > 0 {
		name := next[0]
		if next = next[1:]; used[name] || declared[name] == nil {
			continue
		}
		used[name] = true
		ast.Inspect(declared[name], func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.SelectorExpr:
				if from, ok := n.X.(*ast.Ident); ok && from.Name == "defect" {
					seeded[n.Sel.Name] = true
				}
			case *ast.Ident:
				next = append(next, n.Name)
			}
			return true
		})
	}
	return seeded
}
