package wire

import (
	"context"
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kmsg"
)

// Topic settings that say how long a tombstone is there to be read.
const (
	CleanupPolicy   = "cleanup.policy"
	DeleteRetention = "delete.retention.ms"
)

// Forever is how long a topic keeps tombstones that is not compacted: it loses what is old from its beginning on, which its
// first offset tells.
const Forever = math.MaxInt64

// ErrUntold means that the broker does not tell a topic's settings, or not to this client, and will not when it is asked again.
var ErrUntold = errors.New("the broker does not tell")

// Kept is for how many milliseconds after it was written a tombstone is sure to be in a topic with these settings. (The
// cleaner takes it away that long after it first came by, KIP-534; before Kafka 3.1 sooner, sometimes.)
func Kept(cleanupPolicy, deleteRetention string) (ms int64, err error) {
	if !strings.Contains(cleanupPolicy, "compact") {
		return Forever, nil
	}
	if ms, err = strconv.ParseInt(deleteRetention, 10, 64); err != nil || ms < 0 {
		return 0, fmt.Errorf("%s is %q, want milliseconds", DeleteRetention, deleteRetention)
	}
	return ms, nil
}

// KeepsTombstones asks the broker for Kept. The error wraps [ErrUntold] where it has no answer for this client.
func (r *Reader) KeepsTombstones(timeout time.Duration) (ms int64, err error) {
	ctx, cancel := context.WithTimeout(r.ctx, timeout)
	defer cancel()
	err = r.insist(ctx, func(again bool) (err error) {
		if again || r.control == nil {
			if err := r.locate(ctx); err != nil {
				return err
			}
		}
		ms, err = r.describeConfigs(ctx)
		if err != nil && !isKafka(err) {
			r.disconnect()
		}
		return err
	})
	if err != nil {
		return 0, fmt.Errorf("%s of topic %s: %w", DeleteRetention, r.topic, err)
	}
	return ms, nil
}

// configsVersion of DescribeConfigs is known to brokers since Kafka 2.6.
const configsVersion = 4

func (r *Reader) describeConfigs(ctx context.Context) (ms int64, err error) {
	req := kmsg.NewPtrDescribeConfigsRequest()
	req.Version = configsVersion
	resource := kmsg.NewDescribeConfigsRequestResource()
	resource.ResourceType, resource.ResourceName = kmsg.ConfigResourceTypeTopic, r.topic
	resource.ConfigNames = []string{CleanupPolicy, DeleteRetention}
	req.Resources = append(req.Resources, resource)
	var resp kmsg.DescribeConfigsResponse
	if err := r.control.Ask(ctx, req, &resp); err != nil {
		return 0, err
	}
	if len(resp.Resources) != 1 {
		return 0, fmt.Errorf("settings of %d topics", len(resp.Resources))
	}
	switch err := kerr.ErrorForCode(resp.Resources[0].ErrorCode); {
	case errors.Is(err, kerr.TopicAuthorizationFailed), errors.Is(err, kerr.ClusterAuthorizationFailed):
		return 0, fmt.Errorf("%w: %w", ErrUntold, err)
	case err != nil:
		return 0, err
	}
	values := map[string]string{}
	for _, c := range resp.Resources[0].Configs {
		if c.Value != nil {
			values[c.Name] = *c.Value
		}
	}
	if len(values) < 2 {
		return 0, fmt.Errorf("%w: of %s and %s there are %d", ErrUntold, CleanupPolicy, DeleteRetention, len(values))
	}
	return Kept(values[CleanupPolicy], values[DeleteRetention])
}
