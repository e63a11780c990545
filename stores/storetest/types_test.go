package storetest_test

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"restorebench/stores"
	"restorebench/stores/format"
	"restorebench/stores/keyvalue"
	"restorebench/stores/rocks"
	"restorebench/stores/session"
	"restorebench/stores/storetest"
	"restorebench/stores/versioned"
	"restorebench/stores/window"
)

const retention = 150_000

type storeType struct {
	name string
	open func(dir string) (stores.Store, error)
	key  []byte
}

var (
	user  = []byte("user-0001")
	types = []storeType{
		{"plain", func(dir string) (stores.Store, error) { return keyvalue.Open(space(dir, ""), "", nil) }, user},
		{"timestamped", func(dir string) (stores.Store, error) {
			return keyvalue.OpenTimestamped(space(dir, rocks.TimestampedFamily), "", nil)
		}, user},
		{"versioned", func(dir string) (stores.Store, error) {
			return versioned.Open(space(dir, ""), "", versioned.Options{History: retention}, nil)
		}, user},
		{"window", func(dir string) (stores.Store, error) { return openWindow(dir, "", false) }, format.AppendWindowKey(nil, user, 80_000, 0)},
		{"timestamped window", func(dir string) (stores.Store, error) {
			return openWindow(dir, rocks.TimestampedFamily, true)
		}, format.AppendWindowKey(nil, user, 80_000, 0)},
		{"session", func(dir string) (stores.Store, error) {
			return session.New(space(dir, ""), session.Options{Name: "s", Retention: retention})
		}, format.AppendSessionKey(nil, user, 80_000, 80_001)},
	}
)

func space(dir, family string) stores.Space {
	return rocks.NewSpace(dir, rocks.Options{Topic: "t", Family: family})
}

func openWindow(dir, family string, timestamped bool) (*window.Store, error) {
	return window.New(space(dir, family), window.Options{Name: "s", Retention: retention, Timestamped: timestamped})
}

// Each type refuses the directory of each other one, and leaves it as it is. One pair
// can't be told apart: to a plain store, any bytes are keys and values.
func TestDirectoryOfAnotherType(t *testing.T) {
	storetest.Needs(t, rocks.Version)
	for _, wrote := range types {
		for _, opens := range types {
			if wrote.name == opens.name || wrote.name == "versioned" && opens.name == "plain" {
				continue
			}
			t.Run(fmt.Sprintf("%s opens %s", opens.name, wrote.name), func(t *testing.T) {
				dir := storetest.TempDir(t)
				write(t, wrote, dir)
				before := tables(t, dir)
				s, err := opens.open(dir)
				if !errors.Is(err, stores.ErrLayout) || !strings.Contains(err.Error(), "want") {
					t.Errorf("error is %v", err)
				}
				if err == nil {
					_ = s.Close()
				}
				after := tables(t, dir)
				for file, text := range before {
					if after[file] != text {
						t.Errorf("%s has changed or is gone", file)
					}
				}
				if s, err = wrote.open(dir); err != nil {
					t.Fatal(err)
				}
				defer s.Close()
				if value, err := s.Get(wrote.key); !bytes.HasSuffix(value, []byte("value")) && wrote.name != "versioned" || err != nil {
					t.Errorf("its own type reads %q, %v", value, err)
				}
			})
		}
	}
}

func write(t *testing.T, typ storeType, dir string) {
	t.Helper()
	s, err := typ.open(dir)
	if err != nil {
		t.Fatal(err)
	}
	b := &stores.Batch{}
	b.Append(typ.key, []byte("value"), 1000, 0)
	if err := errors.Join(s.Apply(b), s.Close()); err != nil {
		t.Fatal(err)
	}
}

// tables are the files that hold a directory's records. Opening adds one, that the store
// was open.
func tables(t *testing.T, dir string) map[string]string {
	t.Helper()
	all := map[string]string{}
	for _, pattern := range []string{"*.sst", "*/*.sst"} {
		files, _ := filepath.Glob(filepath.Join(dir, pattern))
		for _, file := range files {
			text, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			all[file] = string(text)
		}
	}
	if len(all) == 0 {
		t.Fatal("there are no tables")
	}
	return all
}
