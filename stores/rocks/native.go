//go:build cgo && !norocksdb

package rocks

import "github.com/linxGnu/grocksdb"

// openOptions is all that RocksDB wants to have configured, kept for as long as
// the store is open.
type openOptions struct {
	db      *grocksdb.Options // the database and its data
	offsets *grocksdb.Options
	read    *grocksdb.ReadOptions
	write   *grocksdb.WriteOptions

	unlogged *grocksdb.WriteOptions // without the write-ahead log
	flush    *grocksdb.FlushOptions
}

func newOpenOptions(o Options) *openOptions {
	s := o.settings()
	options := &openOptions{
		db:      dataOptions(s),
		offsets: grocksdb.NewDefaultOptions(),
		read:    grocksdb.NewDefaultReadOptions(),
		write:   grocksdb.NewDefaultWriteOptions(),

		unlogged: grocksdb.NewDefaultWriteOptions(),
		flush:    grocksdb.NewDefaultFlushOptions(),
	}
	options.db.SetCreateIfMissing(o.CreateIfMissing)
	options.db.SetCreateIfMissingColumnFamilies(o.CreateIfMissing)
	options.db.SetAtomicFlush(true)
	options.db.SetInfoLogLevel(grocksdb.ErrorInfoLogLevel)
	options.db.SetMaxOpenFiles(s.MaxOpenFiles)
	options.db.IncreaseParallelism(s.Parallelism)
	options.offsets.SetCompression(grocksdb.NoCompression)
	options.offsets.SetWriteBufferSize(uint64(s.OffsetsWriteBufferSize))
	options.write.DisableWAL(!s.WAL)
	options.unlogged.DisableWAL(true)
	options.flush.SetWait(true)
	if s.WAL {
		options.trackLogs()
	}
	return options
}

// trackLogs has each write-ahead log say which one came before it, and that verified when they are read: else a MANIFEST
// that has lost its last flush, whose log is deleted, would be completed by the logs behind that, and the hole between them
// not be noticed. The C API knows the option by its name only.
func (o *openOptions) trackLogs() {
	tracking, err := grocksdb.GetOptionsFromString(o.db, "track_and_verify_wals=true")
	if err != nil {
		return // a RocksDB before 9.11 does not know it
	}
	o.db.Destroy()
	o.db = tracking
}

// dataOptions is the part of the settings that concerns the data's column family.
func dataOptions(s Settings) *grocksdb.Options {
	table := grocksdb.NewDefaultBlockBasedTableOptions()
	defer table.Destroy()
	cache := grocksdb.NewLRUCache(uint64(s.BlockCacheBytes))
	defer cache.Destroy() // the table options share it
	table.SetBlockCache(cache)
	table.SetBlockSize(s.BlockSize)
	if s.BloomBitsPerKey > 0 {
		table.SetFilterPolicy(grocksdb.NewBloomFilterFull(s.BloomBitsPerKey))
	}
	options := grocksdb.NewDefaultOptions()
	options.SetBlockBasedTableFactory(table)
	options.SetOptimizeFiltersForHits(s.OptimizeFiltersForHits)
	options.SetWriteBufferSize(uint64(s.WriteBufferSize))
	options.SetMaxWriteBufferNumber(s.MaxWriteBufferNumber)
	options.SetCompression(compressionTypes[s.Compression])
	if s.CompactionStyle == "universal" {
		options.SetCompactionStyle(grocksdb.UniversalCompactionStyle)
	}
	return options
}

var compressionTypes = map[string]grocksdb.CompressionType{
	"none":   grocksdb.NoCompression,
	"snappy": grocksdb.SnappyCompression,
	"zlib":   grocksdb.ZLibCompression,
	"lz4":    grocksdb.LZ4Compression,
	"zstd":   grocksdb.ZSTDCompression,
}

func (o *openOptions) destroy() {
	o.db.Destroy()
	o.offsets.Destroy()
	o.read.Destroy()
	o.write.Destroy()
	o.unlogged.Destroy()
	o.flush.Destroy()
}
