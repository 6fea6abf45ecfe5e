/* SPDX-License-Identifier: Apache-2.0 */
/*
 * stat.c - histogram arithmetic and the registry of counters.
 * Does not model: output; writers walk the registry.
 */
#include "core/stat/stat.h"
#include <stdlib.h>
#include <string.h>

/* Below 64 a bucket is one value; above, bucket 64*(e-5)+m holds values whose top bit is e and whose next six bits are m. */
static unsigned bucket(uint64_t v)
{
	unsigned e;

	if (v < 64)
		return (unsigned)v;
	e = 63 - (unsigned)__builtin_clzll(v);
	return 64 * (e - 5) + (unsigned)(v >> (e - 6)) - 64;
}

uint64_t hist_bucket_low(unsigned i)
{
	return i < 64 ? i : (uint64_t)(i % 64 + 64) << (i / 64 - 1);
}

uint64_t hist_bucket_high(unsigned i)
{
	return i < 64 ? i : hist_bucket_low(i) + ((UINT64_C(1) << (i / 64 - 1)) - 1);
}

void hist_add(struct hist *h, uint64_t v)
{
	unsigned i = bucket(v), row = i / HIST_ROW;

	if (!h->n || v < h->min)
		h->min = v;
	if (v > h->max)
		h->max = v;
	h->n++;
	h->sum += v;
	if (UNLIKELY(!(h->counted >> row & 1))) {
		memset(h->b + HIST_ROW * row, 0, HIST_ROW * sizeof(*h->b));
		h->counted |= UINT64_C(1) << row;
	}
	h->b[i]++;
}

uint64_t hist_pct(const struct hist *h, unsigned permille)
{
	unsigned __int128 need = ((unsigned __int128)h->n * (permille < 1000 ? permille : 1000) + 999) / 1000;
	unsigned __int128 seen = 0;

	if (!h->n)
		return 0;
	if (!need)
		need = 1; /* the 0th percentile is the bucket of the smallest sample */
	for (unsigned i = bucket(h->min); i < HIST_BUCKETS; i++) {
		seen += hist_count(h, i);
		if (seen >= need)
			return hist_bucket_high(i) < h->max ? hist_bucket_high(i) : h->max;
	}
	return h->max;
}

void hist_reset(struct hist *h)
{
	h->n = h->sum = h->min = h->max = h->counted = 0;
}

bool stat_add(struct stat_reg *r, const char *path, void *base, const struct stat_def *defs)
{
	if (r->n == r->cap) {
		size_t cap = r->cap ? 2 * r->cap : 32;
		struct stat_node *p = realloc(r->node, cap * sizeof(*p));

		if (!p)
			return false;
		r->node = p;
		r->cap = cap;
	}
	r->node[r->n++] = (struct stat_node){ .path = path, .base = base, .defs = defs };
	return true;
}

void stat_reset(struct stat_reg *r)
{
	for (size_t i = 0; i < r->n; i++)
		for (const struct stat_def *d = r->node[i].defs; d->name; d++) {
			char *at = (char *)r->node[i].base + d->off;

			if (d->kind == STAT_U64)
				*(uint64_t *)(void *)at = 0;
			else if (d->kind == STAT_HIST)
				hist_reset((struct hist *)(void *)at);
		}
}

void stat_fini(struct stat_reg *r)
{
	free(r->node);
	*r = (struct stat_reg){ 0 };
}
