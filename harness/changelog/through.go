package changelog

import (
	"context"
	"fmt"
	"time"

	"restorebench/stores"
)

// throughWait is how long a read waits for records, before it is looked whether any came.
const throughWait = 100 * time.Millisecond

// Through reads a partition from one offset up to another, and shows each batch to see. It gives up once the position
// has not moved for so long: a read alone waits for a broker that does not come back for ever.
func Through(ctx context.Context, r Reader, partition int32, from, to stores.Offset, stall time.Duration, see func(*stores.Batch) error) error {
	p, err := r.Partition(partition, from)
	if err != nil {
		return err
	}
	defer p.Close()
	b, moved := NewBatch(), time.Now()
	for at := from; at < to; at = b.Next {
		if err := p.Read(ctx, b, to, throughWait); err != nil {
			return err
		}
		if err := see(b); err != nil {
			return err
		}
		if b.Next > at {
			moved = time.Now()
		} else if time.Since(moved) > stall {
			return fmt.Errorf("nothing came from partition %d at offset %d, of offsets %d to %d, for %v", partition, at, from, to, stall)
		}
	}
	return nil
}
