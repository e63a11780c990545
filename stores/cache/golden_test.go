package cache

import (
	"fmt"
	"os"
	"strings"
	"testing"
)

// The golden file is Kafka Streams' own: see its first lines.
func TestLikeThreadCache(t *testing.T) {
	text, err := os.ReadFile("testdata/threadcache.txt")
	if err != nil {
		t.Fatal(err)
	}
	var c *Cache
	var got, want []string // since the last operation
	steps := 0
	for number, line := range strings.Split(string(text), "\n") {
		switch word, _, _ := strings.Cut(line, " "); word {
		case "life":
			c = golden(t, line, &got)
		case "w":
			want = append(want, line)
		case "size":
			want = append(want, line)
			got = append(got, fmt.Sprintf("size %d %d", c.budget.used, len(c.entries)))
			if g, w := strings.Join(got, ", "), strings.Join(want, ", "); g != w {
				t.Fatalf("line %d: %s, want %s", number+1, g, w)
			}
			got, want = nil, nil
			steps++
		case "put", "get", "range", "flush":
			if err := operate(c, strings.Fields(line)); err != nil {
				t.Fatalf("line %d: %v", number+1, err)
			}
		}
	}
	if steps < 400 {
		t.Errorf("only %d steps", steps)
	}
}

// golden is a cache that notes what it writes.
func golden(t *testing.T, life string, got *[]string) *Cache {
	t.Helper()
	var limit int64
	if _, err := fmt.Sscanf(life, "life %d", &limit); err != nil {
		t.Fatal(err)
	}
	b := newBelow()
	return New(NewBudget(limit), b, Options{Topic: "votes", Write: func(key, value []byte, timestamp int64) error {
		text := "-"
		if value != nil {
			text = string(value)
		}
		*got = append(*got, fmt.Sprintf("w %s %s %d", key, text, timestamp))
		return b.write(key, value, timestamp)
	}})
}

func operate(c *Cache, words []string) (err error) {
	switch words[0] {
	case "put":
		var at int64
		if _, err := fmt.Sscan(words[3], &at); err != nil {
			return err
		}
		value := []byte(words[2])
		if words[2] == "-" {
			value = nil
		}
		return c.Put([]byte(words[1]), value, at)
	case "get":
		_, err = c.Get([]byte(words[1]))
	case "range":
		_, err = show(c.Range([]byte(words[1]), []byte("~")))
	case "flush":
		err = c.Flush()
	}
	return err
}
