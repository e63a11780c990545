package broker

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// clusterID is constant: the storage is always new, and a record of a run can be compared with another.
const clusterID = "cmVzdG9yZWJlbmNoLS0tMQ"

// jvmHeap is what the official image and scripts set. It is fixed, or a run would depend on the machine's memory.
var jvmHeap = []string{"-Xms1g", "-Xmx1g"}

// jvmOptions are those of Kafka's own start script, plus: no file in the temporary directory for
// jps, since a killed JVM would leave it there.
var jvmOptions = []string{
	"-server", "-XX:+UseG1GC", "-XX:MaxGCPauseMillis=20", "-XX:InitiatingHeapOccupancyPercent=35",
	"-XX:+ExplicitGCInvokesConcurrent", "-Djava.awt.headless=true", "-XX:-UsePerfData",
}

// layout is what differs between the kinds of broker.
type layout struct {
	listen         string // address that the client listener binds
	port           int    // its port, the same inside and outside of a container, so that Kafka reaches itself by it
	controllerPort int
	dataDir        string
	routed         routed
	properties     map[string]string // see Options
}

// routed is a second client listener, for those who come another way; its zero value is none.
type routed struct {
	port       int
	advertised string // HOST:PORT that clients are told to come to
}

// settings are the server properties of a benchmark's single broker. What is not here
// has Kafka's default, so that retention, cleaning and flushing are those of a real broker.
func settings(l layout) map[string]string {
	s := map[string]string{
		// KRaft in one process, reached only through this machine's loopback address.
		"node.id":                        "1",
		"process.roles":                  "broker,controller",
		"listeners":                      fmt.Sprintf("PLAINTEXT://%s:%d,CONTROLLER://127.0.0.1:%d", l.listen, l.port, l.controllerPort),
		"advertised.listeners":           fmt.Sprintf("PLAINTEXT://127.0.0.1:%d", l.port),
		"controller.quorum.voters":       fmt.Sprintf("1@127.0.0.1:%d", l.controllerPort),
		"controller.listener.names":      "CONTROLLER",
		"inter.broker.listener.name":     "PLAINTEXT",
		"listener.security.protocol.map": "PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT",
		"log.dirs":                       l.dataDir,

		// One broker cannot hold the three copies that these want; and the
		// internal topics' 50 partitions would be created inside a trial.
		"offsets.topic.replication.factor":                 "1",
		"offsets.topic.num.partitions":                     "1",
		"transaction.state.log.replication.factor":         "1",
		"transaction.state.log.min.isr":                    "1",
		"transaction.state.log.num.partitions":             "1",
		"share.coordinator.state.topic.replication.factor": "1",
		"share.coordinator.state.topic.min.isr":            "1",

		// A group's first rebalance would wait 3 s for more members; none come.
		"group.initial.rebalance.delay.ms": "0",
		// A mistyped topic must fail, not appear.
		"auto.create.topics.enable": "false",
		"num.partitions":            "1",
		// Values of 1 MiB are allowed; with key and headers they exceed the default of 1 MiB a batch.
		"message.max.bytes": "4194304",
		// A deleted topic's files go after a second, not a minute: a suite makes many topics.
		"log.segment.delete.delay.ms": "1000",
	}
	if l.routed.port != 0 {
		s["listeners"] += fmt.Sprintf(",ROUTED://%s:%d", l.listen, l.routed.port)
		s["advertised.listeners"] += ",ROUTED://" + l.routed.advertised
		s["listener.security.protocol.map"] += ",ROUTED:PLAINTEXT"
	}
	maps.Copy(s, l.properties)
	return s
}

// properties renders settings as a server.properties file, in a stable order.
func properties(s map[string]string) string {
	var text strings.Builder
	for _, key := range slices.Sorted(maps.Keys(s)) {
		fmt.Fprintf(&text, "%s=%s\n", key, strings.ReplaceAll(s[key], `\`, `\\`))
	}
	return text.String()
}

// environment renders settings as the variables that the image turns into properties again.
func environment(s map[string]string) map[string]string {
	env := map[string]string{
		"CLUSTER_ID":                 clusterID,
		"KAFKA_HEAP_OPTS":            strings.Join(jvmHeap, " "),
		"KAFKA_JVM_PERFORMANCE_OPTS": strings.Join(jvmOptions, " "),
		"KAFKA_LOG4J_ROOT_LOGLEVEL":  "WARN",
	}
	for key, value := range s {
		env["KAFKA_"+strings.ToUpper(strings.ReplaceAll(key, ".", "_"))] = value
	}
	return env
}
