#include "batch.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static int64_t now_ns(void) {
	struct timespec ts;
	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (int64_t)ts.tv_sec * 1000000000 + ts.tv_nsec;
}

/* ---- clients ---- */

/* Acknowledgements find their batch through the message's opaque pointer. */
static void delivered(rd_kafka_t *rk, const rd_kafka_message_t *m, void *opaque) {
	rb_ticket *t = m->_private;
	(void)rk;
	(void)opaque;
	t->pending--;
	if (m->err) {
		t->failed++;
		if (!t->err)
			t->err = m->err;
	} else {
		/* In order, since the producer is idempotent. A retried record may
		 * come back without its offset. */
		t->last = m->offset >= 0 ? m->offset : -1;
	}
}

static rb_client *client_new(int type, const char **conf, int n, const char *topic, char *err,
                             size_t err_len) {
	rd_kafka_conf_t *c = rd_kafka_conf_new();
	for (int i = 0; i < n; i++) {
		char why[256];
		if (rd_kafka_conf_set(c, conf[2 * i], conf[2 * i + 1], why, sizeof why) != RD_KAFKA_CONF_OK) {
			/* A long value leaves room for the reason. */
			snprintf(err, err_len, "%s=%.200s: %s", conf[2 * i], conf[2 * i + 1], why);
			rd_kafka_conf_destroy(c);
			return NULL;
		}
	}
	if (type == RD_KAFKA_PRODUCER)
		rd_kafka_conf_set_dr_msg_cb(c, delivered);
	rb_client *cl = calloc(1, sizeof *cl);
	cl->rk = rd_kafka_new(type, c, err, err_len);
	if (!cl->rk) {
		rd_kafka_conf_destroy(c);
		free(cl);
		return NULL;
	}
	cl->rkt = rd_kafka_topic_new(cl->rk, topic, NULL);
	if (!cl->rkt) {
		snprintf(err, err_len, "%s", rd_kafka_err2str(rd_kafka_last_error()));
		rd_kafka_destroy(cl->rk);
		free(cl);
		return NULL;
	}
	return cl;
}

rb_client *rb_consumer_new(const char **conf, int n, const char *topic, char *err, size_t err_len) {
	return client_new(RD_KAFKA_CONSUMER, conf, n, topic, err, err_len);
}

rb_client *rb_producer_new(const char **conf, int n, const char *topic, char *err, size_t err_len) {
	return client_new(RD_KAFKA_PRODUCER, conf, n, topic, err, err_len);
}

void rb_client_close(rb_client *c) {
	if (!c)
		return;
	rd_kafka_topic_destroy(c->rkt);
	rd_kafka_destroy(c->rk);
	free(c);
}

/* ---- reading ---- */

/* Messages that librdkafka has handed out and that found no room yet wait in
 * held[head..count). */
struct rb_partition {
	rb_client *client;
	rd_kafka_queue_t *queue;
	int32_t partition;
	int max_records, head, count;
	rd_kafka_message_t *held[];
};

rb_partition *rb_partition_open(rb_client *c, int32_t partition, int64_t from, int max_records, char *err,
                                size_t err_len) {
	rb_partition *p = calloc(1, sizeof *p + (size_t)max_records * sizeof *p->held);
	p->client = c;
	p->partition = partition;
	p->max_records = max_records;
	p->queue = rd_kafka_queue_new(c->rk);
	if (rd_kafka_consume_start_queue(c->rkt, partition, from, p->queue) == -1) {
		snprintf(err, err_len, "%s", rd_kafka_err2str(rd_kafka_last_error()));
		rd_kafka_queue_destroy(p->queue);
		free(p);
		return NULL;
	}
	return p;
}

void rb_partition_close(rb_partition *p) {
	if (!p)
		return;
	rd_kafka_consume_stop(p->client->rkt, p->partition);
	while (p->head < p->count)
		rd_kafka_message_destroy(p->held[p->head++]);
	rd_kafka_queue_destroy(p->queue);
	free(p);
}

static int is_transient(int err) {
	return err == RD_KAFKA_RESP_ERR__TRANSPORT || err == RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN ||
	       err == RD_KAFKA_RESP_ERR__TIMED_OUT || err == RD_KAFKA_RESP_ERR__RESOLVE;
}

/* Moves one held message into the batch. Returns 0 when it is to be held on: the
 * batch has no room, or the message lies behind stop. */
static int take(const rd_kafka_message_t *m, int64_t stop, uint8_t *arena, uint32_t arena_cap,
                rb_entry *entries, int32_t entries_cap, rb_fill *out) {
	if (m->err == RD_KAFKA_RESP_ERR__PARTITION_EOF) {
		/* The fetch position at the log's end: behind markers and holes that
		 * no record stands for. It may lie behind stop, and is told once: a
		 * later stop asks for it. */
		int64_t at = m->offset < stop ? m->offset : stop;
		if (at > out->next)
			out->next = at;
		return m->offset <= stop;
	}
	if (m->err) {
		if (is_transient(m->err))
			out->transient = m->err;
		else if (!out->err)
			out->err = m->err;
		return 1;
	}
	if (m->offset >= stop) { /* everything below stop was seen; a later stop asks for this one */
		out->next = stop;
		return 0;
	}
	if (!m->key) {
		out->null_keys++;
		out->next = m->offset + 1;
		return 1;
	}
	uint64_t size = (uint64_t)m->key_len + (m->payload ? m->len : 0);
	if (out->records == entries_cap || size > arena_cap - out->bytes) {
		if (out->records == 0)
			out->need = size;
		return 0;
	}
	rb_entry *e = &entries[out->records++];
	e->offset = m->offset;
	e->timestamp = rd_kafka_message_timestamp(m, NULL);
	e->pos = out->bytes;
	e->key_len = (uint32_t)m->key_len;
	e->value_len = -1;
	memcpy(arena + out->bytes, m->key, m->key_len);
	out->bytes += (uint32_t)m->key_len;
	e->value_pos = out->bytes;
	if (m->payload) {
		e->value_len = (int32_t)m->len;
		memcpy(arena + out->bytes, m->payload, m->len);
		out->bytes += (uint32_t)m->len;
	}
	out->next = m->offset + 1;
	return 1;
}

void rb_partition_fill(rb_partition *p, int64_t stop, int timeout_ms, uint8_t *arena, uint32_t arena_cap,
                       rb_entry *entries, int32_t entries_cap, rb_fill *out) {
	memset(out, 0, sizeof *out);
	out->next = -1;
	int64_t t0 = now_ns();
	if (p->head == p->count) {
		p->head = p->count = 0;
		/* librdkafka waits until all that was asked for is there. So take what
		 * there is; only when there is nothing wait, for one. */
		ssize_t n = rd_kafka_consume_batch_queue(p->queue, 0, p->held, (size_t)p->max_records);
		if (n == 0)
			n = rd_kafka_consume_batch_queue(p->queue, timeout_ms, p->held, 1);
		if (n < 0)
			out->err = rd_kafka_last_error();
		else
			p->count = (int)n;
	}
	int64_t t1 = now_ns();
	out->wait_ns = t1 - t0;
	while (p->head < p->count && take(p->held[p->head], stop, arena, arena_cap, entries, entries_cap, out))
		rd_kafka_message_destroy(p->held[p->head++]);
	out->decode_ns = now_ns() - t1;
}

/* ---- writing ---- */

static int produce(rb_client *c, int32_t partition, const uint8_t *arena, const rb_entry *e, rb_ticket *t) {
	const void *key = arena + e->pos;
	const void *value = e->value_len >= 0 ? arena + e->value_pos : NULL;
	size_t value_len = e->value_len >= 0 ? (size_t)e->value_len : 0;
	return rd_kafka_producev(c->rk, RD_KAFKA_VTYPE_RKT, c->rkt, RD_KAFKA_VTYPE_PARTITION, partition,
	                         RD_KAFKA_VTYPE_MSGFLAGS, (int)RD_KAFKA_MSG_F_COPY, RD_KAFKA_VTYPE_KEY, key,
	                         (size_t)e->key_len, RD_KAFKA_VTYPE_VALUE, value, value_len,
	                         RD_KAFKA_VTYPE_TIMESTAMP, e->timestamp, RD_KAFKA_VTYPE_OPAQUE, t,
	                         RD_KAFKA_VTYPE_END);
}

int32_t rb_producer_send(rb_client *c, int32_t partition, const uint8_t *arena, const rb_entry *entries,
                         int32_t n, rb_ticket *ticket, int32_t *err) {
	*err = 0;
	for (int32_t i = 0; i < n; i++) {
		ticket->pending++;
		int e = produce(c, partition, arena, &entries[i], ticket);
		if (e == RD_KAFKA_RESP_ERR_NO_ERROR)
			continue;
		ticket->pending--;
		if (e != RD_KAFKA_RESP_ERR__QUEUE_FULL) {
			*err = e;
			return i;
		}
		rd_kafka_poll(c->rk, 10);
		if ((*err = rd_kafka_fatal_error(c->rk, NULL, 0)) != 0)
			return i;
		i--; /* the same record again */
	}
	rd_kafka_poll(c->rk, 0);
	return n;
}

int32_t rb_producer_wait(rb_client *c, rb_ticket *ticket, int timeout_ms) {
	int64_t deadline = now_ns() + (int64_t)timeout_ms * 1000000;
	while (ticket->pending > 0) {
		int64_t left = (deadline - now_ns()) / 1000000;
		if (left <= 0)
			return 0;
		int fatal = rd_kafka_fatal_error(c->rk, NULL, 0);
		if (fatal)
			return fatal;
		rd_kafka_poll(c->rk, left > 100 ? 100 : (int)left);
	}
	return 0;
}
