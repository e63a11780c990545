package changelog

import (
	"errors"
	"sort"

	"github.com/confluentinc/confluent-kafka-go/v2/kafka"

	"restorebench/harness/secret"
)

// Settings are librdkafka's configuration properties by name.
type Settings map[string]string

// ReplaySettings are the consumer's settings for reading a changelog from end to
// end as fast as the machine allows.
func ReplaySettings() Settings {
	return Settings{
		// The default of 1,000 ms stalls a replay each time the local queue is
		// full; that one setting is worth a factor of three.
		"fetch.queue.backoff.ms": "2",
		// Keep the fetcher ahead of the reader, but bound the memory.
		"queued.min.messages":        "1000000",
		"queued.max.messages.kbytes": "65536",
		// Large fetches: fewer round trips to a broker that has the whole log.
		"fetch.message.max.bytes": "4194304",
		"fetch.max.bytes":         "16777216",
		// The end of the log is known; never wait for more than a moment.
		"fetch.wait.max.ms": "10",
		"fetch.min.bytes":   "1",
		// The end of the partition tells the position behind markers and holes.
		"enable.partition.eof": "true",
		// A position that no longer exists is an error, not a silent jump.
		"auto.offset.reset": "error",
		// No group and no commits: whoever restores a partition owns it.
		"enable.auto.commit": "false",
		// Leave the order of records to the log: read what is there, as Kafka
		// Streams does under at-least-once.
		"isolation.level": "read_uncommitted",
		// Small requests must not wait for Nagle's algorithm.
		"socket.nagle.disable": "true",
		// A broker that is not back yet is tried again soon.
		"reconnect.backoff.ms":     "20",
		"reconnect.backoff.max.ms": "1000",
		"log_level":                errorsOnly,
	}
}

// errorsOnly is syslog's level 3: no warnings of what librdkafka then retries.
const errorsOnly = "3"

// LoadSettings are the producer's settings for writing a changelog: as safe as
// Kafka Streams' own producer (acks=all, idempotent), in large batches.
func LoadSettings() Settings {
	return Settings{
		"acks":                         "all",
		"enable.idempotence":           "true",
		"linger.ms":                    "5",
		"batch.size":                   "1000000",
		"batch.num.messages":           "100000",
		"queue.buffering.max.messages": "500000",
		"queue.buffering.max.kbytes":   "262144",
		"socket.nagle.disable":         "true",
		"reconnect.backoff.ms":         "20",
		"reconnect.backoff.max.ms":     "1000",
		"message.timeout.ms":           "120000",
		"log_level":                    errorsOnly,
	}
}

// with returns a copy of s with bootstrap servers and overrides set.
func (s Settings) with(bootstrap string, overrides ...Settings) Settings {
	out := Settings{"bootstrap.servers": bootstrap}
	for _, m := range append([]Settings{s}, overrides...) {
		for k, v := range m {
			out[k] = v
		}
	}
	return out
}

// resolve returns s with its secrets, for librdkafka alone.
func (s Settings) resolve() (Settings, error) { return secret.Resolve(s) }

// configMap is s with its secrets, as confluent-kafka-go takes it.
func (s Settings) configMap() (*kafka.ConfigMap, error) {
	resolved, err := s.resolve()
	if err != nil {
		return nil, err
	}
	m := kafka.ConfigMap{}
	for name, value := range resolved {
		m[name] = value
	}
	return &m, nil
}

// made is the error of a client that was to be made of s, without its secrets; nil if there is none.
func (s Settings) made(err error) error {
	if err == nil {
		return nil
	}
	resolved, _ := s.resolve()
	if text := err.Error(); secret.Hide(text, s, resolved) != text {
		return errors.New(secret.Hide(text, s, resolved))
	}
	return err
}

// MessageBytes is the limit that lets a record with such a key and value through:
// the default of Kafka and librdkafka, or more when the record needs it. Headers,
// framing and the batch around a single record take less than 1 KiB.
func MessageBytes(key, value int) int { return max(1_000_000, key+value+1024) }

// names returns the settings' names in order, so that a refused one is the same
// one every time.
func (s Settings) names() []string {
	names := make([]string, 0, len(s))
	for k := range s {
		names = append(names, k)
	}
	sort.Strings(names)
	return names
}
