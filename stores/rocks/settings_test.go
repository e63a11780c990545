package rocks

import (
	"runtime"
	"slices"
	"strings"
	"testing"
)

// Errors and help list the settings, which are looked for by the eye.
func TestSettingNamesAreSorted(t *testing.T) {
	if names := SettingNames(); !slices.IsSorted(names) || len(names) != len(knobs) {
		t.Errorf("%q", names)
	}
}

func TestSettingsSet(t *testing.T) {
	s := KafkaStreams()
	for name, value := range map[string]string{
		"write_buffer_size": "67108864", "max_write_buffer_number": "4", "offsets_write_buffer_size": "65536",
		"block_cache_bytes": "0", "block_size": "16384", "bloom_bits_per_key": "0", "optimize_filters_for_hits": "false",
		"compaction_style": "level", "compression": "lz4", "wal": "true", "parallelism": "7", "max_open_files": "100",
	} {
		if err := s.Set(name, value); err != nil {
			t.Error(err)
		}
	}
	want := Settings{67108864, 4, 65536, 0, 16384, 0, false, "level", "lz4", true, 7, 100}
	if s != want {
		t.Errorf("settings are %+v, want %+v", s, want)
	}
	if n := len(SettingNames()); n != 12 {
		t.Errorf("%d settings have a name, %d are tested", n, 12)
	}
}

func TestLeastAndMost(t *testing.T) {
	s := KafkaStreams()
	for name, value := range map[string]string{
		"write_buffer_size": "65536", "max_write_buffer_number": "2", "block_size": "512", "bloom_bits_per_key": "100", "parallelism": "1", "max_open_files": "-1",
	} {
		if err := s.Set(name, value); err != nil {
			t.Error(err)
		}
	}
}

// The numbers of RocksDBStore.openDB.
func TestKafkaStreamsNumbers(t *testing.T) {
	want := Settings{16777216, 3, 1048576, 52428800, 4096, 10, true, "universal", "none", false, max(runtime.NumCPU(), 2), -1}
	if s := KafkaStreams(); s != want {
		t.Errorf("settings are %+v, want %+v", s, want)
	}
}

func TestSettingsRefuse(t *testing.T) {
	for _, bad := range []struct{ name, value, names string }{
		{"write_buffer", "1", "write_buffer_size"},
		{"write_buffer_size", "16MB", "write_buffer_size is \"16MB\""},
		{"write_buffer_size", "-1", "from 65536 on"},
		{"bloom_bits_per_key", "NaN", "0 (no filter) to 100"},
		{"bloom_bits_per_key", "-0.5", "0 (no filter) to 100"},
		{"bloom_bits_per_key", "100.5", "0 (no filter) to 100"},
		{"write_buffer_size", "65535", "from 65536 on"},
		{"max_open_files", "-2", "from -1 on"},
		{"wal", "perhaps", "true or false"},
		{"compression", "zip", "none, snappy, zlib, lz4, zstd"},
		{"compaction_style", "", "universal, level"},
	} {
		s := KafkaStreams()
		err := s.Set(bad.name, bad.value)
		if err == nil || !strings.Contains(err.Error(), bad.names) {
			t.Errorf("%s = %q: error is %v, which does not name %q", bad.name, bad.value, err, bad.names)
		}
		if s != KafkaStreams() {
			t.Errorf("%s = %q changed the settings", bad.name, bad.value)
		}
	}
}
