//go:build cgo && !norocksdb

#define _DEFAULT_SOURCE
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "bulk.h"
#include "word.h"

static int map(rb_buffer *b, size_t size)
{
	void *memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANON, -1, 0);
	if (memory == MAP_FAILED)
		return 0;
#ifdef MADV_HUGEPAGE
	madvise(memory, size, MADV_HUGEPAGE); /* sorted records are read all over it */
#endif
	b->memory = memory;
	b->size = size;
	rb_buffer_clear(b);
	return 1;
}

rb_buffer *rb_buffer_new(size_t size)
{
	rb_buffer *b = malloc(sizeof *b);
	if (b != NULL && !map(b, size & ~(sizeof(rb_entry) - 1))) {
		free(b);
		b = NULL;
	}
	return b;
}

void rb_buffer_clear(rb_buffer *b)
{
	b->used = b->dead = b->count = 0;
	b->entries = (rb_entry *)(b->memory + b->size);
}

void rb_buffer_free(rb_buffer *b)
{
	munmap(b->memory, b->size);
	free(b);
}

/* The bytes that a record takes, without its entry. */
static size_t footprint(uint32_t key_len, int32_t value_len)
{
	size_t n = sizeof(rb_record) + key_len + (value_len > 0 ? (size_t)value_len : 0);
	return (n + _Alignof(rb_record) - 1) & ~(_Alignof(rb_record) - 1);
}

/* What a buffer needs for count records of together so many bytes: an entry each, and
 * another to sort with, which has to be aligned. */
static size_t need(size_t bytes, size_t count)
{
	return bytes + (2 * count + 1) * sizeof(rb_entry);
}

/* Makes an entry for the record at the end of those in use, which becomes one. */
static void take(rb_buffer *b, size_t bytes)
{
	rb_record *r = (rb_record *)(b->memory + b->used);
	rb_entry *e = --b->entries;
	e->word = word(r->bytes, r->key_len);
	e->record = (uint64_t)b->used << 1 | (r->value_len == RB_TOMBSTONE);
	b->count++;
	b->used += bytes;
}

/* Makes an empty buffer large enough for one record. */
static int grow(rb_buffer *b, size_t bytes)
{
	rb_buffer larger;
	if (!map(&larger, (need(bytes, 1) + sizeof(rb_entry) - 1) & ~(sizeof(rb_entry) - 1)))
		return 0;
	munmap(b->memory, b->size);
	*b = larger;
	return 1;
}

size_t rb_add(rb_buffer *b, const uint8_t *arena, const rb_batch_entry *from, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		size_t bytes = footprint(from[i].key_len, from[i].value_len);
		if (need(b->used + bytes, b->count + 1) > b->size && (b->count > 0 || !grow(b, bytes)))
			return i;
		rb_record *r = (rb_record *)(b->memory + b->used);
		r->key_len = from[i].key_len;
		r->value_len = from[i].value_len;
		memcpy(r->bytes, arena + from[i].pos, r->key_len);
		if (r->value_len > 0)
			memcpy(r->bytes + r->key_len, arena + from[i].value_pos, (size_t)r->value_len);
		take(b, bytes);
	}
	return n;
}

void rb_strike(rb_buffer *b, rb_entry *e)
{
	rb_record *r = rb_record_of(b, e);
	b->dead += footprint(r->key_len, r->value_len) + 2 * sizeof *e;
	r->key_len += r->value_len > 0 ? (uint32_t)r->value_len : 0; /* so that its end is still known */
	r->value_len = RB_DEAD;
	e->record = RB_STRUCK;
}

int rb_squeeze(rb_buffer *b)
{
	if (b->dead < b->size / 2)
		return 0;
	size_t end = b->used;
	rb_buffer_clear(b);
	for (size_t at = 0; at < end;) {
		const rb_record *r = (const rb_record *)(b->memory + at);
		size_t bytes = footprint(r->key_len, r->value_len);
		int dead = r->value_len == RB_DEAD;
		if (!dead) {
			memmove(b->memory + b->used, r, bytes);
			take(b, bytes);
		}
		at += bytes;
	}
	return 1;
}
