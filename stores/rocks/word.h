/* What sorting and collecting share. */
#ifndef RESTOREBENCH_WORD_H
#define RESTOREBENCH_WORD_H

#include <string.h>

#include "bulk.h"

enum {
	WORD_BYTES = 7,	   /* of a key that are in a word */
	WORD_GOES_ON = 8, /* in the lowest byte of a word: the key is longer */
};

/* Seven bytes of a key, zeros where it ends, and in the lowest byte how many of them
 * are the key's, or that it goes on. Words compare as the keys do; where they are equal
 * the keys are the same, or go on alike. */
static inline uint64_t word(const uint8_t *key, size_t len)
{
	uint64_t w = 0;
	if (len > WORD_BYTES) {
		memcpy(&w, key, sizeof w);
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
		w = __builtin_bswap64(w);
#endif
		return (w & ~(uint64_t)0xff) | WORD_GOES_ON;
	}
	for (size_t i = 0; i < len; i++)
		w |= (uint64_t)key[i] << (56 - 8 * i);
	return w | len;
}

/* The position of an entry that is none any more. */
#define RB_STRUCK UINT64_MAX

/* Strikes out an entry, and says so in its record. */
void rb_strike(rb_buffer *, rb_entry *);

#endif
