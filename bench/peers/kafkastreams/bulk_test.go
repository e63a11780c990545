package kafkastreams_test

import (
	"testing"

	peer "restorebench/bench/peers/kafkastreams"
	"restorebench/stores"
)

// bulkSpace loads the stores that are opened in it in bulk, until endBulk.
type bulkSpace struct {
	stores.Space
	opened map[string]stores.BulkLoader
}

func (s *bulkSpace) Open(name string) (stores.Store, error) {
	bytes, err := s.Space.Open(name)
	if err != nil {
		return nil, err
	}
	s.opened[name] = bytes.(stores.BulkLoader)
	return bytes, s.opened[name].BeginBulk(8 << 20)
}

func (s *bulkSpace) Remove(name string) error {
	delete(s.opened, name)
	return s.Space.Remove(name)
}

// bulkStore ends the bulk load where a restore ends.
type bulkStore struct {
	stores.Store
	space *bulkSpace
}

func (b bulkStore) Flush() error {
	for _, loader := range b.space.opened {
		if err := loader.EndBulk(); err != nil {
			return err
		}
	}
	return nil
}

// inBulk says whether a variant can be restored so: versioned stores read before they
// write.
func (v variant) inBulk() bool { return v.Engine == peer.Rocks && v.Type != peer.VersionedKeyValue }

// restoreInBulk restores a changelog of Kafka Streams' on the fast path.
func restoreInBulk(t *testing.T, v variant, its peer.App) []peer.Entry {
	t.Helper()
	space := &bulkSpace{v.space(peer.App{ID: its.ID, StateDir: t.TempDir()}), map[string]stores.BulkLoader{}}
	ours, err := v.open(space, v.Store, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer ours.Close()
	restoreAll(t, bulkStore{ours.Store, space}, its, its.Changelog(v.Store))
	return entries(t, ours)
}
