/* Bulk loading: records are collected outside of Go's heap, sorted, and written as
 * RocksDB's files, each with one call from Go for many records. */
#ifndef RESTOREBENCH_BULK_H
#define RESTOREBENCH_BULK_H

#include <stddef.h>
#include <stdint.h>

#include "rocksdb/c.h"

/* Same layout as stores.Entry. */
typedef struct {
	int64_t offset;
	int64_t timestamp;
	uint32_t pos;
	uint32_t key_len;
	int32_t value_len; /* RB_TOMBSTONE: deletes the key */
	uint32_t value_pos;
} rb_batch_entry;

enum {
	RB_TOMBSTONE = -1,
	RB_DEAD = -2, /* a later write of the key has won */
};

/* A record that was collected, aligned to its integers. */
typedef struct {
	uint32_t key_len;
	int32_t value_len;
	uint8_t bytes[]; /* the key, then the value */
} rb_record;

/* What is sorted in place of a record. */
typedef struct {
	uint64_t word;	 /* a part of the key that sorts as it does, see word() */
	uint64_t record; /* position << 1, and 1 for a tombstone */
} rb_entry;

/* One piece of memory: records grow from its beginning, entries from its end towards
 * them, so that the latest comes first. Between the two there is always room for as
 * many entries again, which sorting needs. */
typedef struct {
	uint8_t *memory;
	size_t size;
	size_t used; /* bytes of records */
	size_t dead; /* of these, bytes of records that are not needed any more */
	rb_entry *entries;
	size_t count;
} rb_buffer;

/* Both fail with NULL or 0 when there is no memory. rb_add takes over as many of the n
 * records as there is room for, and at least one if the buffer is empty. */
rb_buffer *rb_buffer_new(size_t size);
size_t rb_add(rb_buffer *, const uint8_t *arena, const rb_batch_entry *, size_t n);
void rb_buffer_clear(rb_buffer *);
void rb_buffer_free(rb_buffer *);

/* Sorts by key and keeps the latest record of each; on request no tombstones either.
 * Nothing can be added then, unless rb_squeeze has brought the records that were kept
 * back together, as it does when this makes at least half of the room free again. */
void rb_sort(rb_buffer *, int drop_tombstones);
int rb_squeeze(rb_buffer *);

/* How files are written, with what concerns them of a column family's options. */
rocksdb_options_t *rb_file_options(size_t block_size, double bloom_bits, int compression);
/* Writes the entries from..to, at least one, of a sorted buffer into a new file and
 * syncs it. On failure err is set, to be freed by the caller. */
void rb_write(const rb_buffer *, size_t from, size_t to, rocksdb_options_t *, const char *path, char **err);

/* The record of an entry. */
static inline rb_record *rb_record_of(const rb_buffer *b, const rb_entry *e)
{
	return (rb_record *)(b->memory + (e->record >> 1));
}

#endif
