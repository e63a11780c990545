package restorebench_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// allowed says which packages of this module each package may import, outside of
// its tests. Imports point one way: cmd -> bench -> harness/trial -> the stages ->
// stores.
var allowed = map[string][]string{
	"stores":                          {},
	"stores/cache":                    {"internal/defect", "stores"},
	"stores/format":                   {"internal/defect", "stores"},
	"stores/keyvalue":                 {"internal/defect", "stores", "stores/format", "stores/timestamped"},
	"stores/killpoint":                {},
	"stores/memory":                   {"internal/defect", "internal/durable", "internal/lockholder", "stores", "stores/killpoint"},
	"stores/rocks":                    {"internal/defect", "internal/lockholder", "stores", "stores/killpoint", "stores/rocks/internal/installed"},
	"stores/rocks/internal/installed": {},
	"stores/timestamped":              {"stores", "stores/format"},
	"stores/segments":                 {"internal/defect", "stores", "stores/format"},
	"stores/session":                  {"internal/defect", "stores", "stores/format", "stores/segments"},
	"stores/versioned":                {"internal/defect", "stores", "stores/format"},
	"stores/window":                   {"stores", "stores/format", "stores/segments"},

	"internal/balloon":    {},
	"internal/defect":     {},
	"internal/durable":    {},
	"internal/lockholder": {},
	"internal/mutation":   {},

	"harness/record":         {},
	"harness/secret":         {},
	"harness/spec":           {"harness/record", "harness/secret"},
	"harness/child":          {},
	"harness/broker":         {"harness/child"},
	"harness/proxy":          {},
	"harness/workload":       {"stores"},
	"harness/changelog":      {"harness/changelog/wire", "harness/secret", "stores"},
	"harness/changelog/wire": {"internal/defect", "stores"},
	"harness/subject":        {"internal/defect", "harness/child", "stores/killpoint"},
	"harness/verify":         {"internal/defect"},
	"harness/restore":        {"internal/defect", "harness/changelog", "stores"},
	"harness/topology":       {"harness/changelog", "harness/workload", "stores", "stores/cache"},
	"harness/processor": {
		"internal/defect", "internal/durable",
		"harness/changelog", "harness/restore", "harness/spec", "harness/subject", "harness/topology",
		"harness/verify", "stores", "stores/cache", "stores/format", "stores/keyvalue", "stores/killpoint", "stores/memory", "stores/rocks", "stores/session",
		"stores/versioned", "stores/window",
	},
	"harness/trial": {
		"internal/balloon", "internal/defect",
		"harness/broker", "harness/changelog", "harness/record", "harness/spec", "harness/subject",
		"harness/topology", "harness/verify", "harness/workload", "stores", "stores/format",
	},

	"bench/stats": {},
	"bench/ceilings": {
		"bench/stats", "harness/changelog", "harness/changelog/wire", "harness/record", "harness/restore", "harness/spec", "harness/topology", "harness/workload",
		"stores", "stores/memory", "stores/rocks",
	},
	"bench/report":  {"internal/durable", "bench/stats", "harness/record", "harness/spec"},
	"bench/compare": {"bench/report", "bench/stats", "harness/record", "harness/spec"},
	"bench/model":   {"bench/report", "bench/stats", "harness/record", "harness/spec"},
	"bench/page":    {"internal/durable", "bench/model", "bench/report", "bench/stats", "harness/record", "harness/spec"},
	"bench/plot":    {"bench/report", "bench/stats", "harness/record"},
	"bench/doctor":  {"harness/broker", "harness/record", "internal/balloon"},
	"bench/suite":   {"bench/doctor", "bench/stats", "harness/broker", "harness/changelog", "harness/record", "harness/spec", "harness/subject", "harness/trial", "stores/rocks"},
	"bench/targets": {
		"bench/ceilings", "harness/changelog", "harness/spec", "harness/workload", "internal/balloon", "stores", "stores/memory", "stores/rocks",
	},
	"bench/torture":        {"internal/durable", "harness/broker", "harness/changelog", "harness/proxy", "harness/record", "harness/spec", "harness/subject", "stores", "stores/killpoint"},
	"bench/progress":       {"bench/report", "bench/suite", "harness/record", "harness/spec"},
	"bench/peers":          {"harness/record", "harness/spec", "harness/subject"},
	"bench/peers/naive-go": {"harness/secret", "harness/subject", "harness/verify"},

	"cmd/restorebench": {
		"bench/ceilings", "bench/compare", "bench/doctor", "bench/model", "bench/page", "bench/peers", "bench/plot", "bench/progress", "bench/report", "bench/suite", "bench/targets", "bench/torture", "harness/processor", "harness/record", "harness/topology", "harness/trial",
		"harness/spec", "harness/subject",
	},

	// For tests only, see testOnly.
	"internal/alloctest":        {},
	"stores/storetest":          {"stores"},
	"harness/broker/brokertest": {"harness/broker", "harness/changelog"},
	"bench/peers/kafkastreams":  {"harness/changelog"},
	"bench/benchmarks/sizes":    {},
	"bench/benchmarks": {
		"bench/benchmarks/sizes", "harness/broker/brokertest", "harness/changelog", "harness/restore", "harness/spec", "harness/topology",
		"harness/workload", "stores", "stores/memory", "stores/rocks",
	},
}

// testOnly are packages that only tests and each other import.
var testOnly = []string{"internal/alloctest", "stores/storetest", "harness/broker/brokertest", "bench/benchmarks", "bench/benchmarks/sizes", "bench/peers/kafkastreams"}

// only says which third-party modules are confined to one package; naive-go is a program of its own.
var only = map[string]string{
	"github.com/linxGnu/grocksdb":                 "stores/rocks",
	"github.com/confluentinc/confluent-kafka-go":  "harness/changelog",
	"github.com/testcontainers/testcontainers-go": "harness/broker",
	"github.com/twmb/franz-go":                    "harness/changelog/wire",
	"gonum.org/v1/plot":                           "bench/plot",
	"github.com/spf13/cobra":                      "cmd/restorebench",
	"github.com/vbauerster/mpb":                   "bench/progress",
}

func TestImportsPointOneWay(t *testing.T) {
	seen := map[string]bool{}
	err := filepath.WalkDir(".", func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() && path != "." && (strings.HasPrefix(d.Name(), ".") || d.Name() == "testdata") {
			return filepath.SkipDir
		}
		if strings.HasSuffix(path, ".go") && !strings.HasSuffix(path, "_test.go") {
			pkg := filepath.ToSlash(filepath.Dir(path))
			seen[pkg] = true
			checkImports(t, path, pkg)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	for pkg := range allowed {
		if !seen[pkg] {
			t.Errorf("%s is listed here but has no code", pkg)
		}
	}
}

func checkImports(t *testing.T, path, pkg string) {
	f, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.ImportsOnly)
	if err != nil {
		t.Error(err)
		return
	}
	list, known := allowed[pkg]
	if !known && len(f.Imports) > 0 {
		t.Errorf("%s: package %s has no entry in the list of allowed imports", path, pkg)
		return
	}
	for _, spec := range f.Imports {
		name, err := strconv.Unquote(spec.Path.Value)
		if err != nil {
			t.Fatal(err)
		}
		if own, ok := strings.CutPrefix(name, "restorebench/"); ok {
			if !slices.Contains(list, own) {
				t.Errorf("%s: %s must not import %s", path, pkg, own)
			}
			if slices.Contains(testOnly, own) && !slices.Contains(testOnly, pkg) {
				t.Errorf("%s: %s is for tests only", path, own)
			}
			continue
		}
		for module, home := range only {
			if (name == module || strings.HasPrefix(name, module+"/")) && pkg != home && pkg != "bench/peers/naive-go" {
				t.Errorf("%s: only %s imports %s", path, home, module)
			}
		}
	}
}

// Flags behind -args reach every test package below ./bench, and one that does not
// know them fails.
func TestBenchPackagesKnowTheSizes(t *testing.T) {
	knows := map[string]bool{}
	err := filepath.WalkDir("bench", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || !strings.HasSuffix(path, "_test.go") {
			return err
		}
		f, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.ImportsOnly)
		if err != nil {
			return err
		}
		dir := filepath.Dir(path)
		knows[dir] = knows[dir] || slices.ContainsFunc(f.Imports, func(i *ast.ImportSpec) bool {
			return strings.HasPrefix(i.Path.Value, `"restorebench/bench/benchmarks`)
		})
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	for dir, ok := range knows {
		if !ok {
			t.Errorf("no test of %s imports bench/benchmarks/sizes", dir)
		}
	}
}
