package rocks

import (
	"fmt"
	"runtime"
	"slices"
	"strconv"
	"strings"
)

// Settings is what can be tuned in RocksDB. Sizes are bytes.
type Settings struct {
	WriteBufferSize        int     // of one memtable of the data
	MaxWriteBufferNumber   int     // memtables in memory: the active one and those being flushed
	OffsetsWriteBufferSize int     // of one memtable of the offsets
	BlockCacheBytes        int     // LRU cache for blocks read from files
	BlockSize              int     // uncompressed bytes in a block of a file
	BloomBitsPerKey        float64 // 0: no Bloom filter
	OptimizeFiltersForHits bool    // no filter for the last level
	CompactionStyle        string  // universal or level
	Compression            string  // none, snappy, zlib, lz4 or zstd
	WAL                    bool    // write-ahead log
	Parallelism            int     // background threads
	MaxOpenFiles           int     // -1: all of them stay open
}

// KafkaStreams returns the settings that Kafka Streams 4.3.1 opens RocksDB with
// (RocksDBStore.openDB). The two that it leaves to RocksDB are the Bloom filter's
// 10 bits (BloomFilter of rocksdbjni) and the number of open files.
func KafkaStreams() Settings {
	return Settings{
		WriteBufferSize:        16 << 20,
		MaxWriteBufferNumber:   3,
		OffsetsWriteBufferSize: 1 << 20,
		BlockCacheBytes:        50 << 20,
		BlockSize:              4096,
		BloomBitsPerKey:        10,
		OptimizeFiltersForHits: true,
		CompactionStyle:        "universal",
		Compression:            "none",
		WAL:                    false,
		Parallelism:            max(runtime.NumCPU(), 2),
		MaxOpenFiles:           -1,
	}
}

// The settings by name. The names are RocksDB's own where it has one.
var knobs = map[string]func(s *Settings, value string) error{
	"write_buffer_size":         func(s *Settings, v string) error { return number(&s.WriteBufferSize, v, 64<<10) },
	"max_write_buffer_number":   func(s *Settings, v string) error { return number(&s.MaxWriteBufferNumber, v, 2) },
	"offsets_write_buffer_size": func(s *Settings, v string) error { return number(&s.OffsetsWriteBufferSize, v, 64<<10) },
	"block_cache_bytes":         func(s *Settings, v string) error { return number(&s.BlockCacheBytes, v, 0) },
	"block_size":                func(s *Settings, v string) error { return number(&s.BlockSize, v, 512) },
	"bloom_bits_per_key":        func(s *Settings, v string) error { return bits(&s.BloomBitsPerKey, v) },
	"optimize_filters_for_hits": func(s *Settings, v string) error { return flag(&s.OptimizeFiltersForHits, v) },
	"compaction_style":          func(s *Settings, v string) error { return choice(&s.CompactionStyle, v, compactionStyles) },
	"compression":               func(s *Settings, v string) error { return choice(&s.Compression, v, compressions) },
	"wal":                       func(s *Settings, v string) error { return flag(&s.WAL, v) },
	"parallelism":               func(s *Settings, v string) error { return number(&s.Parallelism, v, 1) },
	"max_open_files":            func(s *Settings, v string) error { return number(&s.MaxOpenFiles, v, -1) },
}

var (
	compactionStyles = []string{"universal", "level"}
	compressions     = []string{"none", "snappy", "zlib", "lz4", "zstd"}
)

// SettingNames lists the names that Set knows.
func SettingNames() []string {
	names := make([]string, 0, len(knobs))
	for name := range knobs {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

// Set overrides one setting by its name, as a spec or a flag gives it. The error
// names the setting, the value and what is allowed.
func (s *Settings) Set(name, value string) error {
	set, known := knobs[name]
	if !known {
		return fmt.Errorf("RocksDB setting %q is unknown; allowed: %s", name, strings.Join(SettingNames(), ", "))
	}
	if err := set(s, value); err != nil {
		return fmt.Errorf("RocksDB setting %s is %q; allowed: %w", name, value, err)
	}
	return nil
}

func number(to *int, value string, least int) error {
	n, err := strconv.Atoi(value)
	if err != nil || n < least {
		return fmt.Errorf("a whole number from %d on", least)
	}
	*to = n
	return nil
}

func bits(to *float64, value string) error {
	f, err := strconv.ParseFloat(value, 64)
	if err != nil || !(f >= 0 && f <= 100) {
		return fmt.Errorf("a number from 0 (no filter) to 100")
	}
	*to = f
	return nil
}

func flag(to *bool, value string) error {
	b, err := strconv.ParseBool(value)
	if err != nil {
		return fmt.Errorf("true or false")
	}
	*to = b
	return nil
}

func choice(to *string, value string, allowed []string) error {
	if !slices.Contains(allowed, value) {
		return fmt.Errorf("%s", strings.Join(allowed, ", "))
	}
	*to = value
	return nil
}
