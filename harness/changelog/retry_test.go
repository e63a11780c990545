package changelog

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/confluentinc/confluent-kafka-go/v2/kafka"
)

// A step that could be repeated for ever ends.
func TestStepOfATransactionEnds(t *testing.T) {
	p, err := kafka.NewProducer(&kafka.ConfigMap{"bootstrap.servers": "127.0.0.1:1", "transactional.id": "nobody", "log_level": 0})
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	err = retry(context.Background(), time.Second, p.InitTransactions)
	var failure kafka.Error
	if !errors.As(err, &failure) || !failure.IsRetriable() || !strings.Contains(err.Error(), "not done within 1s") {
		t.Error(err)
	}
}
