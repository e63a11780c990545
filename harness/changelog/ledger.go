package changelog

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"github.com/confluentinc/confluent-kafka-go/v2/kafka"
)

// ErrNotOurs means that a topic is not the one that was created here, and was left alone.
var ErrNotOurs = errors.New("not a topic that was created here; it is left alone")

// ledger are the topics that an Admin created, by name, with their topic ids (KIP-516): a name alone may by
// now belong to a topic of somebody else. The id is random, a version 4 UUID that no other cluster has given to another topic: so
// it stands for the cluster, too.
type ledger struct {
	mu      sync.Mutex
	created map[string]string
}

// unknownID is that of a topic whose creation was asked for and not confirmed. There was none of that name just before, so one that is
// there later is taken for it.
const unknownID = ""

func (l *ledger) enter(topic, id string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.created[topic] = id
}

func (l *ledger) strike(topic string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	delete(l.created, topic)
}

func (l *ledger) find(topic string) (id string, ok bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	id, ok = l.created[topic]
	return id, ok
}

// ours says whether a topic is in the ledger; ErrNotOurs if there is one of that name and it is another.
func (a *Admin) ours(ctx context.Context, topic string) (ok bool, err error) {
	created, ok := a.ledger.find(topic)
	id, err := a.topicID(ctx, topic)
	switch {
	case unknownTopic(err): // to the broker that was asked; the controller knows better
		return ok, nil
	case err != nil:
		return false, err
	case !ok:
		return false, ErrNotOurs
	case created != unknownID && created != id:
		return false, fmt.Errorf("%w: its id is %s, that of ours was %s", ErrNotOurs, id, created)
	}
	return true, nil
}

func unknownTopic(err error) bool {
	var code kafka.Error
	return errors.As(err, &code) && code.Code() == kafka.ErrUnknownTopicOrPart
}

// topicID asks the cluster for a topic's id.
func (a *Admin) topicID(ctx context.Context, topic string) (string, error) {
	d, err := a.describe(ctx, topic)
	return d.TopicID.String(), err
}

func (a *Admin) describe(ctx context.Context, topic string) (d kafka.TopicDescription, err error) {
	res, err := a.client.DescribeTopics(ctx, kafka.NewTopicCollectionOfTopicNames([]string{topic}))
	if err == nil {
		if d = res.TopicDescriptions[0]; d.Error.Code() != kafka.ErrNoError {
			err = d.Error
		}
	}
	if err != nil {
		return kafka.TopicDescription{}, fmt.Errorf("describe topic %s: %w", topic, err)
	}
	return d, nil
}
