/* SPDX-License-Identifier: Apache-2.0 */
/*
 * wordset.h - a multiset of 8-byte-aligned addresses: the table words that the DMAs in flight use.
 * Open addressing; counts that fell to zero stay as marks until the table is rebuilt. Nothing iterates over it for output.
 */
#ifndef IOMMUSIM_WORDSET_H
#define IOMMUSIM_WORDSET_H
#include <stdlib.h>
#include "core/base/util.h"

struct wordset {
	struct wordset_slot { uint64_t word; uint32_t count; bool used; } *slot;
	uint32_t size, used; /* size: 0 or a power of two */
};

static inline struct wordset_slot *wordset_find(const struct wordset *s, uint64_t word)
{
	uint64_t h = (word >> 3) * UINT64_C(0x9e3779b97f4a7c15);
	uint32_t i = (uint32_t)(h >> 32) & (s->size - 1);

	while (s->slot[i].used && s->slot[i].word != word)
		i = (i + 1) & (s->size - 1);
	return &s->slot[i];
}
static inline bool wordset_grow(struct wordset *s)
{
	struct wordset n = { 0 };
	uint32_t live = 0;

	for (uint32_t i = 0; i < s->size; i++)
		live += s->slot[i].count > 0;
	for (n.size = 256; n.size < 4 * live; n.size *= 2)
		;
	n.slot = calloc(n.size, sizeof(*n.slot));
	if (!n.slot)
		return false;
	for (uint32_t i = 0; i < s->size; i++) {
		if (!s->slot[i].count)
			continue;
		*wordset_find(&n, s->slot[i].word) = s->slot[i];
		n.used++;
	}
	free(s->slot);
	*s = n;
	return true;
}
static inline bool wordset_add(struct wordset *s, uint64_t word)
{
	struct wordset_slot *p;

	if (2 * (s->used + 1) > s->size && !wordset_grow(s))
		return false;
	p = wordset_find(s, word);
	if (!p->used) {
		*p = (struct wordset_slot){ .word = word, .used = true };
		s->used++;
	}
	p->count++;
	return true;
}
static inline void wordset_remove(struct wordset *s, uint64_t word)
{
	struct wordset_slot *p = wordset_find(s, word);

	SIM_ASSERT(p->used && p->count);
	p->count--;
}
static inline bool wordset_has(const struct wordset *s, uint64_t word)
{
	return s->size && wordset_find(s, word)->count;
}
static inline void wordset_fini(struct wordset *s)
{
	free(s->slot);
	*s = (struct wordset){ 0 };
}
#endif
