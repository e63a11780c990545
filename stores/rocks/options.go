package rocks

// Options says which store to open.
type Options struct {
	// Topic and Partition name the changelog whose offset is saved with the data.
	Topic     string
	Partition int32
	// CreateIfMissing makes an empty store where there is none. Without it, a
	// directory without a store is an error that wraps fs.ErrNotExist.
	CreateIfMissing bool
	// Settings of RocksDB, normally KafkaStreams(); the zero value means these.
	Settings Settings
}
