package page

import (
	"strconv"
	"strings"

	"restorebench/harness/record"
	"restorebench/harness/spec"
)

// command repeats a cell: its axes in full, and of the rest what differs from the defaults.
func command(c record.Cell, broker record.Broker, runs int) string {
	var b strings.Builder
	b.WriteString("restorebench run")
	flag := func(name, value string) { b.WriteString(" --" + name + " " + quote(value)) }
	differs := func(name, value string) {
		if k, known := spec.Find(name); known && value != "" && value != k.Default() {
			flag(name, value)
		}
	}
	share := func(x float64) string { return strconv.FormatFloat(100*x, 'f', -1, 64) + "%" }

	flag("keys", spec.FormatCount(c.Keys))
	flag("stores", c.Store)
	if c.Recovery == record.Standby {
		flag("standby", strconv.Itoa(c.Standby)) // whatever the recovery without it
	} else {
		flag("recovery", c.Recovery)
	}
	differs("subjects", c.Subject)
	differs("key-bytes", strconv.Itoa(c.KeyBytes))
	differs("value-bytes", strconv.Itoa(c.ValueBytes))
	differs("partitions", strconv.Itoa(c.Partitions))
	differs("updates-per-key", strconv.Itoa(c.UpdatesPerKey))
	if c.Tailed() {
		differs("tail", share(c.Tail))
	}
	differs("cache-bytes", strconv.FormatInt(c.CacheBytes, 10))
	differs("compressible", share(c.Compressible))
	if c.SortedKeys {
		flag("key-order", spec.KeyOrderSorted)
	}
	differs("group", c.Group)
	if c.SessionTimeoutMS > 0 {
		flag("session-timeout", strconv.FormatInt(c.SessionTimeoutMS, 10)+"ms")
	}
	differs("static-membership", strconv.FormatBool(c.StaticMembership))
	differs("instances", strconv.Itoa(max(c.Instances, 1)))
	differs("guarantee", c.Guarantee)
	differs("recovery-model", c.RecoveryModel)
	differs("restore-mode", c.RestoreMode)
	differs("compacted", strconv.FormatBool(c.Compacted))
	differs("page-cache", c.PageCache)
	differs("rocksdb", c.RocksDB)
	differs("consumer", c.Consumer)
	differs("producer", c.Producer)
	flag("runs", strconv.Itoa(max(runs, 1)))
	switch broker.Kind {
	case "local", "container":
		flag("broker", broker.Kind)
	case "remote":
		b.WriteString(" --broker HOST:PORT")
	}
	return b.String()
}

// quote makes a word of a POSIX shell out of any text.
func quote(text string) string {
	plain := func(r rune) bool {
		return r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || strings.ContainsRune("-_.,=+:/@%", r)
	}
	if text != "" && strings.IndexFunc(text, func(r rune) bool { return !plain(r) }) < 0 {
		return text
	}
	return "'" + strings.ReplaceAll(text, "'", `'\''`) + "'"
}
