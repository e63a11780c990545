package rocks

import (
	"encoding/binary"
	"fmt"
	"math"
	"strconv"

	"restorebench/internal/defect"
	"restorebench/stores"
)

const (
	defaultFamily = "default" // which every RocksDB has
	offsetsFamily = "offsets"
	statusKey     = "status"

	statusClosed = 0
	statusOpen   = 1

	offsetUnknown = -4 // OffsetCheckpoint.OFFSET_UNKNOWN of Kafka Streams
)

// offsetKey is TopicPartition.toString of Kafka.
func offsetKey(topic string, partition int32) []byte {
	return []byte(topic + "-" + strconv.Itoa(int(partition)))
}

// Kafka Streams saves the offset of the LAST record applied and resumes at the one
// behind it; stores.Offset is the NEXT one to read. The two functions below are
// the only place where one becomes the other.

func savedOffset(next stores.Offset) int64 {
	if next == 0 {
		return offsetUnknown // no record was applied, so there is no last one
	}
	if defect.Is(defect.OffsetAhead) {
		next++
	}
	if defect.Is(defect.OffsetBehind) && next > 1 {
		next--
	}
	return int64(next) - 1
}

func nextOffset(saved []byte) (next stores.Offset, ok bool, err error) {
	if saved == nil {
		return 0, false, nil
	}
	if len(saved) != 8 {
		return 0, false, fmt.Errorf("saved offset %x has %d bytes, want 8", saved, len(saved))
	}
	last := int64(binary.BigEndian.Uint64(saved))
	switch {
	case last == offsetUnknown:
		return 0, false, nil
	case last < 0 || last == math.MaxInt64: // behind which there is no other
		return 0, false, fmt.Errorf("saved offset %x is %d, want one from 0 on, or %d for unknown", saved, last, offsetUnknown)
	}
	return stores.Offset(last) + 1, true, nil
}
