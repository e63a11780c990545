package doctor

import (
	"context"
	"errors"

	"restorebench/harness/broker"
	"restorebench/harness/record"
)

// Software looks for what a run starts: a Docker engine, Kafka and Java. Records have the versions of those that it
// took among their environment, so these findings are not part of them.
func Software(ctx context.Context) []record.Finding { return software(broker.Look(ctx)) }

func software(s broker.Survey) []record.Finding {
	engine := ok("Docker", s.Engine)
	switch {
	case s.EngineErr != nil:
		engine.Value = "no engine answers"
		engine.Remedy = "only --broker container needs one"
	case errors.Is(s.ImageErr, broker.ErrNoImage):
		engine.Value += ", without a Kafka image"
		engine.Remedy = "scripts/kafka-image builds one; --broker container tries to pull it"
	}
	java := ok("Java", s.Java)
	if s.JavaErr != nil {
		java.Value, java.Remedy = "none", s.JavaErr.Error()
	}
	kafka := ok("Kafka", "")
	if kind, version, ready := s.Auto(); ready {
		kafka.Value = version + " (" + kind + ")"
	} else {
		kafka = warning("Kafka", "none", "make setup installs it; or --broker HOST:PORT with one of yours")
	}
	return []record.Finding{engine, kafka, java}
}
