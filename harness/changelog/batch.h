/* Whole batches of records in and out of librdkafka, one call from Go each. */
#ifndef RESTOREBENCH_BATCH_H
#define RESTOREBENCH_BATCH_H

#include <stdint.h>

#include "librdkafka.h"

/* Same layout as stores.Entry. */
typedef struct {
	int64_t offset;
	int64_t timestamp;
	uint32_t pos;
	uint32_t key_len;
	int32_t value_len; /* -1: tombstone */
	uint32_t value_pos;
} rb_entry;

/* A client for one topic. conf holds n pairs of name and value. NULL on failure,
 * with the reason in err. */
typedef struct {
	rd_kafka_t *rk;
	rd_kafka_topic_t *rkt;
} rb_client;

rb_client *rb_consumer_new(const char **conf, int n, const char *topic, char *err, size_t err_len);
rb_client *rb_producer_new(const char **conf, int n, const char *topic, char *err, size_t err_len);
void rb_client_close(rb_client *);

/* Reading one partition. */
typedef struct rb_partition rb_partition;

rb_partition *rb_partition_open(rb_client *, int32_t partition, int64_t from, int max_records,
                                char *err, size_t err_len);
void rb_partition_close(rb_partition *);

typedef struct {
	int32_t records;    /* entries filled */
	uint32_t bytes;     /* of the arena used */
	int64_t next;       /* position after what was delivered, -1: unchanged */
	int64_t null_keys;  /* records skipped for want of a key */
	int64_t wait_ns;    /* waiting for librdkafka */
	int64_t decode_ns;  /* copying into the arena */
	uint64_t need;      /* arena bytes that the next record wants, when it fits no empty arena */
	int32_t err;        /* librdkafka's code of an error that ends the reading, else 0 */
	int32_t transient;  /* code of an error that librdkafka itself retries, else 0 */
} rb_fill;

/* Fills arena and entries with records below stop, waiting up to timeout_ms for
 * the first ones. The position also moves over records that carry no data:
 * markers, aborted and compacted ones. */
void rb_partition_fill(rb_partition *, int64_t stop, int timeout_ms, uint8_t *arena, uint32_t arena_cap,
                       rb_entry *entries, int32_t entries_cap, rb_fill *out);

/* Writing. A ticket counts the acknowledgements of one batch. */
typedef struct {
	int64_t pending; /* sent and not yet acknowledged */
	int64_t last;    /* offset of the batch's last record, -1: the broker didn't say */
	int64_t failed;
	int32_t err; /* first failure */
} rb_ticket;

/* Sends n records to partition; serves acknowledgements when the queue is full.
 * Returns how many were taken; fewer than n only with *err set. */
int32_t rb_producer_send(rb_client *, int32_t partition, const uint8_t *arena, const rb_entry *entries,
                         int32_t n, rb_ticket *ticket, int32_t *err);
/* Serves acknowledgements until ticket has none pending or timeout_ms is over.
 * Returns a fatal error's code, else 0. */
int32_t rb_producer_wait(rb_client *, rb_ticket *ticket, int timeout_ms);

#endif
