package ceilings

import (
	"context"
	"encoding/binary"
	"errors"
	"io"
	"net"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kmsg"

	"restorebench/harness/changelog"
	"restorebench/stores"
)

// header is a record batch of n records at an offset, of which only the header is right.
func header(offset int64, n int32, body int) []byte {
	b := kmsg.RecordBatch{
		FirstOffset: offset, Length: int32(batchHeader - lengthAt - 4 + body), Magic: 2,
		LastOffsetDelta: n - 1, NumRecords: n, Records: make([]byte, body),
	}
	return b.AppendTo(nil)
}

// Nothing but headers is looked at, and what the response cut off is left.
func TestWalk(t *testing.T) {
	raw := append(header(10, 5, 1000), header(15, 1, 0)...)
	raw = append(raw, header(16, 7, 300)...)
	for _, c := range []struct {
		bytes   int
		records int64
		next    stores.Offset
	}{
		{len(raw), 13, 23},
		{len(raw) - 1, 6, 16}, // the last batch misses a byte
		{1061 + batchHeader, 6, 16},
		{1061 + 20, 5, 15}, // not even a header
		{1061, 5, 15},
		{0, 0, 10},
	} {
		w := walk{span: changelog.Span{To: 100}}
		next, err := w.batches(raw[:c.bytes], 10)
		if err != nil || next != c.next || w.records != c.records {
			t.Errorf("%d bytes: %d records, position %d (%v), want %d and %d", c.bytes, w.records, next, err, c.records, c.next)
		}
	}
}

// Bytes that are no record batches are an error and no endless loop.
func TestWalkRefusesNonsense(t *testing.T) {
	old := header(0, 1, 100)
	old[magicAt] = 1
	short := header(0, 1, 100)
	binary.BigEndian.PutUint32(short[lengthAt:], 3)
	negative := header(0, 1, 100)
	binary.BigEndian.PutUint32(negative[lengthAt:], 0xffffff00)
	holes := header(0, 5, 100) // no records, as compressed as they are
	binary.BigEndian.PutUint32(holes[batchHeader-4:], 2)
	for name, raw := range map[string][]byte{"old": old, "short": short, "negative": negative, "holes": holes} {
		w := walk{span: changelog.Span{From: 1, To: 100}}
		if _, err := w.batches(raw, 0); err == nil {
			t.Errorf("%s: no error, %d records", name, w.records)
		}
	}
}

// A port that belongs to something else.
func TestNoKafka(t *testing.T) {
	for name, c := range map[string]struct{ answer, want string }{
		"http":   {"HTTP/1.1 400 Bad Request\r\n\r\n", "is this a Kafka listener"},
		"closed": {"", "EOF"},
		"other":  {"\x00\x00\x00\x04\x00\x00\x00\x63", "response 99 to request 1"},
		"empty":  {"\x00\x00\x00\x04\x00\x00\x00\x01", "response"},
	} {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { l.Close() })
		go func() {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			_, _ = conn.Read(make([]byte, 1000))
			_, _ = io.WriteString(conn, c.answer)
			conn.Close()
		}()
		_, err = Wire(t.Context(), Source{Brokers: l.Addr().String(), Topic: "t", Spans: []changelog.Span{{To: 1}}})
		if err == nil || !strings.Contains(err.Error(), c.want) || !strings.Contains(err.Error(), l.Addr().String()) {
			t.Errorf("%s: %v, want %s", name, err, c.want)
		}
	}
}

func TestWhileMoving(t *testing.T) {
	var count atomic.Int64
	ctx, stop := whileMoving(t.Context(), 200*time.Millisecond, &count)
	defer stop()
	for range 20 { // twice the limit
		count.Add(1)
		time.Sleep(20 * time.Millisecond)
	}
	if err := context.Cause(ctx); err != nil {
		t.Fatalf("%v while records arrived", err)
	}
	<-ctx.Done()
	if err := context.Cause(ctx); !errors.Is(err, ErrStalled) {
		t.Errorf("%v, want ErrStalled", err)
	}
}

// The first error ends the others and is the one that is returned.
func TestSideBySide(t *testing.T) {
	bad := errors.New("bad")
	err := sideBySide(t.Context(), 3, func(ctx context.Context, i int) error {
		if i == 1 {
			return bad
		}
		<-ctx.Done()
		return ctx.Err()
	})
	if !errors.Is(err, bad) {
		t.Errorf("%v, want the first error", err)
	}
}
