package changelog

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"time"

	"github.com/confluentinc/confluent-kafka-go/v2/kafka"

	"restorebench/stores"
)

// Admin creates, describes and deletes changelog topics.
type Admin struct {
	client *kafka.AdminClient
	ledger ledger
}

// NewAdmin creates an admin client. It connects when first used. overrides are settings that not every cluster asks for.
func NewAdmin(bootstrap string, overrides ...Settings) (*Admin, error) {
	a, err := newAdmin(Settings{
		"reconnect.backoff.ms":     "20",
		"reconnect.backoff.max.ms": "500",
		"socket.nagle.disable":     "true",
	}.with(bootstrap, overrides...))
	if err != nil {
		return nil, fmt.Errorf("admin client for %s: %w", bootstrap, err)
	}
	return a, nil
}

// newAdmin creates an admin client with settings.
func newAdmin(s Settings) (*Admin, error) {
	m, err := s.configMap()
	if err != nil {
		return nil, err
	}
	(*m)["log_level"] = 0 // failures come back as errors
	c, err := kafka.NewAdminClient(m)
	if err != nil {
		return nil, s.made(err)
	}
	return &Admin{client: c, ledger: ledger{created: map[string]string{}}}, nil
}

// Close ends the client.
func (a *Admin) Close() { a.client.Close() }

// TopicConfig is how Kafka Streams configures the changelog of a key-value store
// (InternalTopicConfig, UnwindowedUnversionedChangelogTopicConfig), plus
// overrides.
func TopicConfig(overrides map[string]string) map[string]string {
	c := map[string]string{
		"cleanup.policy":         "compact",
		"message.timestamp.type": "CreateTime",
	}
	for k, v := range overrides {
		c[k] = v
	}
	return c
}

// Create creates a topic with one replica per partition and waits until every
// partition has a leader. From then on it is one of those that Delete deletes.
func (a *Admin) Create(ctx context.Context, topic string, partitions int, config map[string]string) error {
	// Before anything is entered: what is there already, a request that is not answered cannot have made.
	switch _, err := a.topicID(ctx, topic); {
	case err == nil:
		return fmt.Errorf("create topic %s: %w", topic, kafka.NewError(kafka.ErrTopicAlreadyExists, "it exists already", false))
	case !unknownTopic(err):
		return fmt.Errorf("create topic %s: %w", topic, err)
	}
	before, had := a.ledger.find(topic)
	a.ledger.enter(topic, unknownID) // a request that is not answered may have made it
	res, err := a.client.CreateTopics(ctx, []kafka.TopicSpecification{{
		Topic: topic, NumPartitions: partitions, ReplicationFactor: 1, Config: config,
	}})
	if err != nil {
		return fmt.Errorf("create topic %s: %w", topic, err)
	}
	if code := res[0].Error.Code(); code != kafka.ErrNoError {
		if a.ledger.strike(topic); had {
			a.ledger.enter(topic, before)
		}
		return fmt.Errorf("create topic %s: %w", topic, res[0].Error)
	}
	if err := a.waitForLeaders(ctx, topic, partitions); err != nil {
		return err
	}
	for {
		id, err := a.topicID(ctx, topic)
		if err == nil {
			a.ledger.enter(topic, id)
			return nil
		}
		if !unknownTopic(err) { // to the broker that is asked, not yet
			return err
		}
		select {
		case <-time.After(leaderPause):
		case <-ctx.Done():
			return err
		}
	}
}

func (a *Admin) waitForLeaders(ctx context.Context, topic string, partitions int) error {
	for {
		md, err := a.client.GetMetadata(&topic, false, 1000)
		if err == nil && ready(md.Topics[topic], partitions) {
			return nil
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("topic %s got no leaders: %w", topic, cmp.Or(err, ctx.Err()))
		case <-time.After(5 * time.Millisecond):
		}
	}
}

func ready(t kafka.TopicMetadata, partitions int) bool {
	if t.Error.Code() != kafka.ErrNoError || len(t.Partitions) != partitions {
		return false
	}
	for _, p := range t.Partitions {
		if p.Error.Code() != kafka.ErrNoError || p.Leader < 0 {
			return false
		}
	}
	return true
}

// AlterTopic changes settings of a topic.
func (a *Admin) AlterTopic(ctx context.Context, topic string, config map[string]string) error {
	return a.alter(ctx, kafka.ResourceTopic, topic, config)
}

// AlterBrokers changes settings of all brokers that can be changed while they run.
func (a *Admin) AlterBrokers(ctx context.Context, config map[string]string) error {
	md, err := a.client.GetMetadata(nil, false, 5000)
	if err != nil {
		return fmt.Errorf("list the brokers: %w", err)
	}
	for _, b := range md.Brokers {
		err = errors.Join(err, a.alter(ctx, kafka.ResourceBroker, strconv.Itoa(int(b.ID)), config))
	}
	return err
}

func (a *Admin) alter(ctx context.Context, typ kafka.ResourceType, name string, config map[string]string) error {
	resource := kafka.ConfigResource{Type: typ, Name: name}
	for key, value := range config {
		resource.Config = append(resource.Config, kafka.ConfigEntry{Name: key, Value: value, IncrementalOperation: kafka.AlterConfigOpTypeSet})
	}
	results, err := a.client.IncrementalAlterConfigs(ctx, []kafka.ConfigResource{resource})
	if err == nil && results[0].Error.Code() != kafka.ErrNoError {
		err = results[0].Error
	}
	if err != nil {
		return fmt.Errorf("alter the configuration of %s %q: %w", typ, name, err)
	}
	return nil
}

// Delete deletes topics that this Admin created, and returns once no broker that is asked lists them any more. One that
// does not exist is no error; ErrNotOurs is one that somebody else created, which stays.
func (a *Admin) Delete(ctx context.Context, topics ...string) error {
	var ours []string
	var failed []error
	for _, topic := range topics {
		switch ok, err := a.ours(ctx, topic); {
		case err != nil:
			failed = append(failed, fmt.Errorf("delete topic %s: %w", topic, err))
		case ok:
			ours = append(ours, topic)
		}
	}
	if len(ours) == 0 {
		return errors.Join(failed...)
	}
	res, err := a.client.DeleteTopics(ctx, ours)
	if err != nil {
		return errors.Join(append(failed, fmt.Errorf("delete topics: %w", err))...)
	}
	for _, r := range res {
		if c := r.Error.Code(); c != kafka.ErrNoError && c != kafka.ErrUnknownTopicOrPart {
			failed = append(failed, fmt.Errorf("delete topic %s: %w", r.Topic, r.Error))
		}
	}
	if len(failed) > 0 {
		return errors.Join(failed...)
	}
	return a.awaitGone(ctx, ours)
}

// awaitGone waits until topics are not listed: the controller confirms a deletion before the
// brokers know of it, 30 to 90 ms on a busy machine.
func (a *Admin) awaitGone(ctx context.Context, topics []string) error {
	for {
		listed, err := a.Topics()
		if err != nil {
			return err
		}
		i := slices.IndexFunc(topics, func(t string) bool { return slices.Contains(listed, t) })
		if i < 0 {
			return nil
		}
		select {
		case <-time.After(leaderPause):
		case <-ctx.Done():
			return fmt.Errorf("delete topic %s: it is still listed: %w", topics[i], ctx.Err())
		}
	}
}

// Topics lists the cluster's topics.
func (a *Admin) Topics() ([]string, error) {
	md, err := a.client.GetMetadata(nil, true, 5000)
	if err != nil {
		return nil, fmt.Errorf("list topics: %w", err)
	}
	names := make([]string, 0, len(md.Topics))
	for name := range md.Topics {
		names = append(names, name)
	}
	return names, nil
}

// Config returns the value of one of a topic's configuration entries.
func (a *Admin) Config(ctx context.Context, topic, name string) (string, error) {
	res, err := a.client.DescribeConfigs(ctx, []kafka.ConfigResource{{Type: kafka.ResourceTopic, Name: topic}})
	if err != nil {
		return "", fmt.Errorf("describe topic %s: %w", topic, err)
	}
	switch err := res[0].Error; err.Code() {
	case kafka.ErrNoError:
	case kafka.ErrTopicAuthorizationFailed, kafka.ErrClusterAuthorizationFailed:
		return "", fmt.Errorf("describe topic %s: %w: %w", topic, ErrUntold, err)
	default:
		return "", fmt.Errorf("describe topic %s: %w", topic, err)
	}
	entry, ok := res[0].Config[name]
	if !ok {
		return "", fmt.Errorf("describe topic %s: %w: no entry %s", topic, ErrUntold, strconv.Quote(name))
	}
	return entry.Value, nil
}

// Recreate deletes a topic that this Admin created and creates it again, empty and with another id.
func (a *Admin) Recreate(ctx context.Context, topic string, partitions int, config map[string]string) error {
	if err := a.Delete(ctx, topic); err != nil {
		return err
	}
	for {
		err := a.Create(ctx, topic, partitions, config)
		var code kafka.Error
		if err == nil || !errors.As(err, &code) || code.Code() != kafka.ErrTopicAlreadyExists { // to the controller, for a moment
			return err
		}
		select {
		case <-time.After(leaderPause):
		case <-ctx.Done():
			return err
		}
	}
}

// AddPartitions makes the partitions of a topic that this Admin created as many as total.
func (a *Admin) AddPartitions(ctx context.Context, topic string, total int) error {
	if ok, err := a.ours(ctx, topic); err != nil || !ok {
		return fmt.Errorf("add partitions to topic %s: %w", topic, cmp.Or(err, ErrNotOurs))
	}
	res, err := a.client.CreatePartitions(ctx, []kafka.PartitionsSpecification{{Topic: topic, IncreaseTo: total}})
	if err == nil && res[0].Error.Code() != kafka.ErrNoError {
		err = res[0].Error
	}
	if err != nil {
		return fmt.Errorf("add partitions to topic %s: %w", topic, err)
	}
	return a.waitForLeaders(ctx, topic, total)
}

// DeleteRecords deletes the records of a partition that lie before an offset, of a topic that this Admin created. Its
// log begins there when this returns.
func (a *Admin) DeleteRecords(ctx context.Context, topic string, partition int32, before stores.Offset) error {
	if ok, err := a.ours(ctx, topic); err != nil || !ok {
		return fmt.Errorf("delete records of %s-%d: %w", topic, partition, cmp.Or(err, ErrNotOurs))
	}
	res, err := a.client.DeleteRecords(ctx, []kafka.TopicPartition{{Topic: &topic, Partition: partition, Offset: kafka.Offset(before)}})
	if err == nil {
		err = res.DeleteRecordsResults[0].TopicPartition.Error
	}
	if err != nil {
		return fmt.Errorf("delete records of %s-%d before offset %d: %w", topic, partition, before, err)
	}
	return nil
}
