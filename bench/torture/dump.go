package torture

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"restorebench/harness/changelog"
)

// dump writes what each way of reading makes of the changelog, a line per record: its offset,
// its number in the input, its key, and the length of its value, -1 for null.
func (h *history) dump(dir string) error {
	var errs []error
	for _, fetcher := range []string{changelog.FetcherLibrdkafka, changelog.FetcherWire} {
		f, err := os.Create(filepath.Join(dir, "changelog-"+fetcher+".txt"))
		if err != nil {
			return err
		}
		out := bufio.NewWriter(f)
		errs = append(errs, h.dumpTo(out, fetcher), out.Flush(), f.Close())
	}
	return errors.Join(errs...)
}

// dumpTimeout bounds the reading of a changelog that may be what is wrong.
const dumpTimeout = 10 * time.Second

func (h *history) dumpTo(out *bufio.Writer, fetcher string) error {
	ctx, cancel := context.WithTimeout(context.Background(), dumpTimeout)
	defer cancel()
	reader, err := h.open(fetcher)
	if err != nil {
		return err
	}
	defer reader.Close()
	_, end, err := reader.EndOffsets(h.part, dumpTimeout)
	if err != nil || end == 0 {
		return err
	}
	records, err := reader.Partition(h.part, 0)
	if err != nil {
		return err
	}
	defer records.Close()
	for b := changelog.NewBatch(); b.Next < end; {
		if err := records.Read(ctx, b, end, 100*time.Millisecond); err != nil {
			fmt.Fprintln(out, err) // of a transaction that is open, for one
			return nil
		}
		for i, e := range b.Entries {
			fmt.Fprintf(out, "%d %d %s %d\n", e.Offset, numberOf(e.Timestamp), b.Key(i), e.ValueLen)
		}
	}
	return nil
}
