package record

// The recovery models, by the version of Kafka Streams that has them.
const (
	Model42 = "4.2" // offsets in a file .checkpoint beside the store
	Model43 = "4.3" // offsets in the store (KIP-1035)
	Model44 = "4.4" // a transactional store as well (KIP-892), which survives an unclean end
)

// RightPath is the recovery path that is right where Recovery was asked for: under exactly once, the
// models before 4.4 trust no files after an unclean end.
func (c *Cell) RightPath() string {
	if c.Guarantee == "eos" && (c.RecoveryModel == Model42 || c.RecoveryModel == Model43) {
		return Replay
	}
	return c.Recovery
}
