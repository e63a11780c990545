/* The part of librdkafka's C API that the batch reader and writer use.
 *
 * confluent-kafka-go links librdkafka statically but doesn't hand out its
 * handles, and polling record by record costs several times more than the
 * records themselves. So the few functions that are needed are declared here, as
 * in rdkafka.h 2.x, whose ABI is stable within the major version; Go checks
 * rd_kafka_version() before the first use. */
#ifndef RESTOREBENCH_LIBRDKAFKA_H
#define RESTOREBENCH_LIBRDKAFKA_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

typedef struct rd_kafka_s rd_kafka_t;
typedef struct rd_kafka_topic_s rd_kafka_topic_t;
typedef struct rd_kafka_conf_s rd_kafka_conf_t;
typedef struct rd_kafka_topic_conf_s rd_kafka_topic_conf_t;
typedef struct rd_kafka_queue_s rd_kafka_queue_t;
typedef struct rd_kafka_error_s rd_kafka_error_t;

typedef struct rd_kafka_message_s {
	int err;
	rd_kafka_topic_t *rkt;
	int32_t partition;
	void *payload; /* NULL: tombstone */
	size_t len;
	void *key; /* NULL: no key */
	size_t key_len;
	int64_t offset;
	void *_private;
} rd_kafka_message_t;

enum { RD_KAFKA_PRODUCER = 0, RD_KAFKA_CONSUMER = 1 };
enum { RD_KAFKA_CONF_OK = 0 };
enum { RD_KAFKA_MSG_F_COPY = 0x2 };
enum {
	RD_KAFKA_RESP_ERR_NO_ERROR = 0,
	RD_KAFKA_RESP_ERR__TRANSPORT = -195,
	RD_KAFKA_RESP_ERR__RESOLVE = -193,
	RD_KAFKA_RESP_ERR__PARTITION_EOF = -191,
	RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN = -187,
	RD_KAFKA_RESP_ERR__TIMED_OUT = -185,
	RD_KAFKA_RESP_ERR__QUEUE_FULL = -184,
};
/* Argument tags of rd_kafka_producev(). */
enum {
	RD_KAFKA_VTYPE_END = 0,
	RD_KAFKA_VTYPE_RKT = 2,
	RD_KAFKA_VTYPE_PARTITION = 3,
	RD_KAFKA_VTYPE_VALUE = 4,
	RD_KAFKA_VTYPE_KEY = 5,
	RD_KAFKA_VTYPE_OPAQUE = 6,
	RD_KAFKA_VTYPE_MSGFLAGS = 7,
	RD_KAFKA_VTYPE_TIMESTAMP = 8,
};

int rd_kafka_version(void);
const char *rd_kafka_err2str(int err);
int rd_kafka_last_error(void);
rd_kafka_conf_t *rd_kafka_conf_new(void);
void rd_kafka_conf_destroy(rd_kafka_conf_t *);
int rd_kafka_conf_set(rd_kafka_conf_t *, const char *, const char *, char *, size_t);
void rd_kafka_conf_set_dr_msg_cb(rd_kafka_conf_t *,
                                 void (*)(rd_kafka_t *, const rd_kafka_message_t *, void *));
rd_kafka_t *rd_kafka_new(int type, rd_kafka_conf_t *, char *, size_t);
void rd_kafka_destroy(rd_kafka_t *);
rd_kafka_topic_t *rd_kafka_topic_new(rd_kafka_t *, const char *, rd_kafka_topic_conf_t *);
void rd_kafka_topic_destroy(rd_kafka_topic_t *);
int rd_kafka_poll(rd_kafka_t *, int timeout_ms);
int rd_kafka_flush(rd_kafka_t *, int timeout_ms);
int rd_kafka_purge(rd_kafka_t *, int flags);
int rd_kafka_producev(rd_kafka_t *, ...);
int rd_kafka_fatal_error(rd_kafka_t *, char *, size_t);
int rd_kafka_query_watermark_offsets(rd_kafka_t *, const char *, int32_t, int64_t *, int64_t *, int);
rd_kafka_queue_t *rd_kafka_queue_new(rd_kafka_t *);
void rd_kafka_queue_destroy(rd_kafka_queue_t *);
int rd_kafka_consume_start_queue(rd_kafka_topic_t *, int32_t, int64_t, rd_kafka_queue_t *);
int rd_kafka_consume_stop(rd_kafka_topic_t *, int32_t);
ssize_t rd_kafka_consume_batch_queue(rd_kafka_queue_t *, int, rd_kafka_message_t **, size_t);
int64_t rd_kafka_message_timestamp(const rd_kafka_message_t *, int *);
void rd_kafka_message_destroy(rd_kafka_message_t *);

#endif
