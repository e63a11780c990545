//go:build cgo && !norocksdb

#include "bulk.h"
#include "word.h"

/* A radix sort from the first byte on (MSD), stable, on the words of entries: the keys
 * themselves are only read, for the next seven bytes, where many share all before. */

enum {
	LEAF = 32,  /* entries that are sorted by insertion */
	AHEAD = 16, /* entries whose records are on their way from memory */
};

static int goes_on(uint64_t word) { return (word & 0xff) == WORD_GOES_ON; }

/* Compares keys that are the same before depth, where their words begin. */
static int compare(const rb_buffer *b, const rb_entry *x, const rb_entry *y, size_t depth)
{
	if (x->word != y->word)
		return x->word < y->word ? -1 : 1;
	if (!goes_on(x->word))
		return 0;
	const rb_record *r = rb_record_of(b, x), *s = rb_record_of(b, y);
	depth += WORD_BYTES;
	size_t n = r->key_len - depth, m = s->key_len - depth;
	int order = memcmp(r->bytes + depth, s->bytes + depth, n < m ? n : m);
	return order != 0 ? order : (n > m) - (n < m);
}

/* Sorts a few entries by insertion and strikes out all but the first of a key. */
static void sort_leaf(rb_buffer *b, rb_entry *e, size_t n, size_t depth)
{
	for (size_t i = 1; i < n; i++) {
		rb_entry x = e[i];
		size_t at = i;
		for (; at > 0 && compare(b, &e[at - 1], &x, depth) > 0; at--)
			e[at] = e[at - 1];
		e[at] = x;
	}
	for (size_t i = 1, first = 0; i < n; i++)
		if (compare(b, &e[first], &e[i], depth) == 0)
			rb_strike(b, &e[i]);
		else
			first = i;
}

/* Sets the words to the bytes of the keys from depth on. */
static void load(const rb_buffer *b, rb_entry *e, size_t n, size_t depth)
{
	for (size_t i = 0; i < n; i++) {
		if (i + AHEAD < n)
			__builtin_prefetch(rb_record_of(b, &e[i + AHEAD])->bytes + depth);
		const rb_record *r = rb_record_of(b, &e[i]);
		e[i].word = word(r->bytes + depth, r->key_len - depth);
	}
}

/* Puts the entries in the order of one byte of their words, by way of the room between
 * records and entries. start[d] is where those with the digit d begin. Returns the digit
 * of most entries. */
static size_t scatter(rb_buffer *b, rb_entry *e, size_t n, int shift, size_t start[257])
{
	size_t next[256] = {0}, most = 0;
	for (size_t i = 0; i < n; i++)
		next[e[i].word >> shift & 0xff]++;
	start[0] = 0;
	for (size_t d = 0; d < 256; d++) {
		if (next[d] > next[most])
			most = d;
		start[d + 1] = start[d] + next[d];
	}
	memcpy(next, start, sizeof next);
	rb_entry *spare = (rb_entry *)(b->memory + ((b->used + sizeof *e - 1) & ~(sizeof *e - 1)));
	for (size_t i = 0; i < n; i++)
		spare[next[e[i].word >> shift & 0xff]++] = e[i];
	memcpy(e, spare, n * sizeof *e);
	return most;
}

/* Sorts entries whose keys are the same before depth, where their words begin. It calls
 * itself for all digits but the most frequent, so never more than log2(n) deep. */
static void sort(rb_buffer *b, rb_entry *e, size_t n, size_t depth)
{
	while (n > LEAF) {
		uint64_t differ = 0;
		for (size_t i = 1; i < n; i++)
			differ |= e[i].word ^ e[0].word;
		if (differ == 0 && goes_on(e[0].word)) {
			depth += WORD_BYTES;
			load(b, e, n, depth);
			continue;
		}
		if (differ == 0)
			break; /* one key */
		size_t start[257];
		size_t most = scatter(b, e, n, (63 - __builtin_clzll(differ)) & ~7, start);
		for (size_t d = 0; d < 256; d++)
			if (d != most && start[d + 1] > start[d])
				sort(b, e + start[d], start[d + 1] - start[d], depth);
		e += start[most];
		n = start[most + 1] - start[most];
	}
	if (n <= LEAF)
		sort_leaf(b, e, n, depth);
	else
		for (size_t i = 1; i < n; i++)
			rb_strike(b, &e[i]);
}

void rb_sort(rb_buffer *b, int drop_tombstones)
{
	sort(b, b->entries, b->count, 0);
	size_t kept = 0;
	for (size_t i = 0; i < b->count; i++) {
		rb_entry *e = &b->entries[i];
		if (drop_tombstones && (e->record & 1) && e->record != RB_STRUCK)
			rb_strike(b, e);
		if (e->record != RB_STRUCK)
			b->entries[kept++] = *e;
	}
	b->count = kept;
}
