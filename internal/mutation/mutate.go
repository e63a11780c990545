package main

import (
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// mutant is one change of one file: the bytes from..to are replaced.
type mutant struct {
	file     string
	line     int
	from, to int
	with     string

	was, becomes string // the line
}

// swapped are the operators that are mistaken for each other.
var swapped = map[token.Token]string{
	token.LSS: "<=", token.LEQ: "<", token.GTR: ">=", token.GEQ: ">", token.EQL: "!=", token.NEQ: "==",
	token.LAND: "||", token.LOR: "&&", token.ADD: "-", token.SUB: "+", token.MUL: "/", token.QUO: "*",
	token.REM: "*", token.SHL: ">>", token.SHR: "<<", token.AND: "|", token.OR: "&", token.AND_NOT: "&",
}

// mutants are all changes of the files of a package that are built here and match the pattern,
// but for tests and seeded defects.
func mutants(dir, pattern string) ([]mutant, error) {
	files, err := filepath.Glob(filepath.Join(dir, pattern))
	if err != nil {
		return nil, err
	}
	var all []mutant
	for _, file := range files {
		switch base := filepath.Base(file); {
		case strings.HasSuffix(base, "_test.go"), base == "defects.go", strings.HasSuffix(base, "_other.go"), base == "unavailable.go":
			continue
		}
		text, err := os.ReadFile(file)
		if err != nil {
			return nil, err
		}
		found, err := mutantsOf(file, text)
		if err != nil {
			return nil, err
		}
		all = append(all, found...)
	}
	return all, nil
}

// finder walks one file.
type finder struct {
	file  string
	text  []byte
	fset  *token.FileSet
	found []mutant
}

func mutantsOf(file string, text []byte) ([]mutant, error) {
	f := &finder{file: file, text: text, fset: token.NewFileSet()}
	parsed, err := parser.ParseFile(f.fset, file, text, 0)
	if err != nil {
		return nil, err
	}
	for _, d := range parsed.Decls {
		if body, ok := d.(*ast.FuncDecl); ok && body.Body != nil {
			ast.Inspect(body.Body, f.visit)
		}
	}
	return f.found, nil
}

func (f *finder) visit(n ast.Node) bool {
	switch n := n.(type) {
	case *ast.BinaryExpr:
		if with, ok := swapped[n.Op]; ok {
			f.replace(n.OpPos, n.OpPos+token.Pos(len(n.Op.String())), with)
		}
	case *ast.UnaryExpr:
		if n.Op == token.NOT {
			f.replace(n.OpPos, n.OpPos+1, "")
		}
	case *ast.IfStmt:
		if strings.Contains(f.line(f.fset.Position(n.Pos()).Offset), "defect.") {
			return false // not built
		}
		if _, ok := n.Cond.(*ast.Ident); ok {
			f.replace(n.Cond.Pos(), n.Cond.Pos(), "!")
		}
	case *ast.Ident:
		if with, ok := map[string]string{"true": "false", "false": "true"}[n.Name]; ok {
			f.replace(n.Pos(), n.End(), with)
		}
	case *ast.BasicLit:
		if i, err := strconv.ParseInt(n.Value, 0, 64); n.Kind == token.INT && err == nil {
			f.replace(n.Pos(), n.End(), strconv.FormatInt(i+1, 10))
		}
	case *ast.ReturnStmt:
		if last := len(n.Results) - 1; last > 0 && isError(n.Results[last]) {
			ast.Inspect(n.Results[last], f.visit)
			return false // nobody looks at what is returned beside an error
		}
	case *ast.BlockStmt:
		f.removals(n.List)
	case *ast.CaseClause:
		f.removals(n.Body)
	}
	return true
}

// isError is whether an expression is an error for sure: one that is made right there, or a package's own.
func isError(e ast.Expr) bool {
	if call, ok := e.(*ast.CallExpr); ok {
		made, ok := call.Fun.(*ast.SelectorExpr)
		if !ok {
			return false
		}
		of, ok := made.X.(*ast.Ident)
		return ok && (of.Name == "fmt" && made.Sel.Name == "Errorf" || of.Name == "errors" && made.Sel.Name == "New")
	}
	name, ok := e.(*ast.Ident)
	return ok && len(name.Name) > 3 && strings.HasPrefix(name.Name, "err") && ast.IsExported(name.Name[3:])
}

// removals leaves out one statement at a time.
func (f *finder) removals(list []ast.Stmt) {
	for _, s := range list {
		switch s := s.(type) {
		case *ast.ExprStmt, *ast.IncDecStmt, *ast.BranchStmt, *ast.DeferStmt:
			f.replace(s.Pos(), s.End(), "{}")
		case *ast.AssignStmt:
			if s.Tok != token.DEFINE {
				f.replace(s.Pos(), s.End(), "{}")
			}
		}
	}
}

func (f *finder) replace(from, to token.Pos, with string) {
	at := f.fset.Position(from)
	m := mutant{file: f.file, line: at.Line, from: at.Offset, to: f.fset.Position(to).Offset, with: with}
	m.was = f.line(m.from)
	start := strings.LastIndexByte(string(f.text[:m.from]), '\n') + 1
	rest, _, _ := strings.Cut(string(f.text[m.to:]), "\n")
	m.becomes = strings.TrimSpace(string(f.text[start:m.from]) + with + rest)
	if !strings.Contains(m.was, "defect.") {
		f.found = append(f.found, m)
	}
}

// line is the text of the line around a position.
func (f *finder) line(at int) string {
	from := strings.LastIndexByte(string(f.text[:at]), '\n') + 1
	line, _, _ := strings.Cut(string(f.text[from:]), "\n")
	return strings.TrimSpace(line)
}
