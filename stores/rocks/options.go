package rocks

// TimestampedFamily is the column family in which Kafka Streams keeps the records of
// a timestamped store (RocksDBTimestampedStore, RocksDBTimestampedSegment), so that
// one written without timestamps is told from it.
const TimestampedFamily = "keyValueWithTimestamp"

// Options says which store to open.
type Options struct {
	// Topic and Partition name the changelog whose offset is saved with the data.
	Topic     string
	Partition int32
	// CreateIfMissing makes an empty store where there is none. Without it, a
	// directory without a store is an error that wraps fs.ErrNotExist.
	CreateIfMissing bool
	// Family is the column family that holds the records: empty for RocksDB's
	// "default", TimestampedFamily where values begin with a timestamp.
	Family string
	// Settings of RocksDB, normally KafkaStreams(); the zero value means these.
	Settings Settings
}

func (o *Options) settings() Settings {
	if o.Settings == (Settings{}) {
		return KafkaStreams()
	}
	return o.Settings
}
