package subject

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"reflect"
	"strings"
	"testing"

	"restorebench/internal/alloctest"
)

// Any line becomes an event, and one that was an event is the same again when it is written
// and read. It takes no more memory than the line explains.
func FuzzEvent(f *testing.F) {
	for _, line := range []string{
		`{"event":"hello","name":"x","version":"1"}`, `{"event":"opened","path":"wiped","reason":"r"}`,
		`{"event":"caught_up","partition":3,"offset":-1,"records":9223372036854775807}`,
		`{"event":"digest","count":1,"digest":"00","sums":"AAAA"}`, `{"event":"reads","values":[{"value":""},{"value":null},{}]}`,
		`{"event":"settled","ready":{"bytes_written":1,"files":[1]},"settled_ns":1}`, `{"event":""}`, `nonsense`, ``,
	} {
		f.Add([]byte(line))
	}
	f.Fuzz(func(t *testing.T, line []byte) {
		var e Event
		// A 0 and a comma, even where it is an error, are an Entry of 48 bytes in a list that is copied as it grows. What
		// encoding/json learns of a type once comes to it.
		alloctest.AtMost(t, 512*len(line)+512<<10, func() { e = parseEvent(line) })
		if e.Event == "" || len(e.Message) > len(line)+1000 {
			t.Fatalf("%+v", e)
		}
		text, err := json.Marshal(e)
		if err != nil {
			t.Fatal(err)
		}
		if text, err = json.Marshal(parseEvent(text)); err != nil { // an empty list is left out the second time
			t.Fatal(err)
		}
		if again, err := json.Marshal(parseEvent(text)); !bytes.Equal(again, text) || err != nil {
			t.Errorf("%s\nis %s when it is read again, %v", text, again, err)
		}
	})
}

// Lines are taken apart as they are, and one that is too long is the end.
func FuzzReadLine(f *testing.F) {
	f.Add("a\nb\n", 3)
	f.Add(strings.Repeat("x", 100)+"\n\n\nz", 64)
	f.Fuzz(func(t *testing.T, text string, limit int) {
		if limit < 1 || limit > 1<<10 {
			return
		}
		r := bufio.NewReaderSize(strings.NewReader(text), 16)
		var got, want []string
		var line []byte
		var err error
		alloctest.AtMost(t, 256*len(text)+64<<10, func() { // an empty line of a byte is a string of 16 in a list that is copied as it grows
			for line, err = readLine(r, limit); err == nil; line, err = readLine(r, limit) {
				got = append(got, string(line))
			}
		})
		for part := range strings.Lines(text) {
			if len(part) > limit || !strings.HasSuffix(part, "\n") {
				break
			}
			want = append(want, part)
		}
		if !reflect.DeepEqual(got, want) || len(line) > limit || !errors.Is(err, io.EOF) && !errors.Is(err, ErrProtocol) {
			t.Errorf("%q, then %q with %v; want %q", got, line, err, want)
		}
	})
}
