//go:build cgo && !norocksdb

#include "bulk.h"

enum { AHEAD = 12 }; /* records that are on their way from memory */

rocksdb_options_t *rb_file_options(size_t block_size, double bloom_bits, int compression)
{
	rocksdb_block_based_table_options_t *table = rocksdb_block_based_options_create();
	rocksdb_block_based_options_set_no_block_cache(table, 1); /* nothing is read */
	rocksdb_block_based_options_set_block_size(table, block_size);
	if (bloom_bits > 0)
		rocksdb_block_based_options_set_filter_policy(table, rocksdb_filterpolicy_create_bloom_full(bloom_bits));
	rocksdb_options_t *options = rocksdb_options_create();
	rocksdb_options_set_block_based_table_factory(options, table);
	rocksdb_options_set_compression(options, compression);
	rocksdb_block_based_options_destroy(table);
	return options;
}

/* Sorted records lie all over the memory, most of them on two or three cache lines. (GCC
 * removes the call of a function that does nothing but prefetch, hence the macro.) */
#define FETCH(record)                                          \
	do {                                                   \
		const char *address = (const char *)(record);  \
		__builtin_prefetch(address);                   \
		__builtin_prefetch(address + 64);              \
		__builtin_prefetch(address + 128);             \
	} while (0)

static void put(const rb_buffer *b, size_t from, size_t to, rocksdb_sstfilewriter_t *w, char **err)
{
	for (size_t i = from; i < to && *err == NULL; i++) {
		if (i + AHEAD < to)
			FETCH(rb_record_of(b, &b->entries[i + AHEAD]));
		const rb_record *r = rb_record_of(b, &b->entries[i]);
		const char *key = (const char *)r->bytes;
		if (r->value_len == RB_TOMBSTONE)
			rocksdb_sstfilewriter_delete(w, key, r->key_len, err);
		else
			rocksdb_sstfilewriter_put(w, key, r->key_len, key + r->key_len, (size_t)r->value_len, err);
	}
}

void rb_write(const rb_buffer *b, size_t from, size_t to, rocksdb_options_t *options, const char *path, char **err)
{
	rocksdb_envoptions_t *env = rocksdb_envoptions_create();
	rocksdb_sstfilewriter_t *w = rocksdb_sstfilewriter_create(env, options);
	rocksdb_sstfilewriter_open(w, path, err);
	if (*err == NULL)
		put(b, from, to, w, err);
	if (*err == NULL)
		rocksdb_sstfilewriter_finish(w, err);
	rocksdb_sstfilewriter_destroy(w);
	rocksdb_envoptions_destroy(env);
}
