/* SPDX-License-Identifier: Apache-2.0 */
/*
 * imp_wb.c - which 64-byte lines of the tables the driver has written and not yet written back (clflush, clwb, dc cvac).
 * Does not model: rings and interrupt entries, which the checker takes no write-back for; write-backs that a cache does by itself,
 * barriers.
 */
#include <stdlib.h>
#include "import/imp_int.h"

struct slot { uint64_t page, lines; }; /* page number + 1, 0: free; a bit per line */
struct imp_wb { struct slot *s; size_t cap, used; uint64_t dirty; };

static struct slot *slot_of(struct imp_wb *w, uint64_t page)
{
	size_t i = (size_t)((page * UINT64_C(0x9e3779b97f4a7c15)) >> 20) & (w->cap - 1);

	while (w->s[i].page && w->s[i].page != page)
		i = (i + 1) & (w->cap - 1);
	return &w->s[i];
}
static bool grow(struct imp_wb *w)
{
	struct imp_wb n = { .cap = w->cap * 2, .used = w->used, .dirty = w->dirty };

	n.s = calloc(n.cap, sizeof(*n.s));
	if (!n.s)
		return false;
	for (size_t i = 0; i < w->cap; i++)
		if (w->s[i].page)
			*slot_of(&n, w->s[i].page) = w->s[i];
	free(w->s);
	*w = n;
	return true;
}
struct imp_wb *imp_wb_create(struct err *e)
{
	struct imp_wb *w = calloc(1, sizeof(*w));

	if (w) {
		w->cap = 256;
		w->s = calloc(w->cap, sizeof(*w->s));
	}
	if (w && w->s)
		return w;
	imp_wb_destroy(w);
	err_set(e, ERR_MACHINE, "out of memory");
	return NULL;
}
void imp_wb_destroy(struct imp_wb *w)
{
	if (w)
		free(w->s);
	free(w);
}
bool imp_wb_store(struct imp_wb *w, uint64_t pa)
{
	uint64_t bit = UINT64_C(1) << (pa >> 6 & 63);
	struct slot *s;

	if (w->used * 2 >= w->cap && !grow(w))
		return false;
	s = slot_of(w, (pa >> 12) + 1);
	if (!s->page) {
		s->page = (pa >> 12) + 1;
		w->used++;
	}
	w->dirty += !(s->lines & bit);
	s->lines |= bit;
	return true;
}
bool imp_wb_flush(struct imp_wb *w, uint64_t pa, uint64_t bytes)
{
	uint64_t had = w->dirty;

	for (uint64_t a = pa & ~UINT64_C(63); a < pa + bytes; a += 64) {
		struct slot *s = slot_of(w, (a >> 12) + 1);
		uint64_t bit = UINT64_C(1) << (a >> 6 & 63);

		if (!s->page || !(s->lines & bit))
			continue;
		s->lines &= ~bit;
		w->dirty--;
	}
	return had && !w->dirty;
}
