/* SPDX-License-Identifier: Apache-2.0 */
/*
 * mem_sparse.c - 4 KiB pages in an open-addressing hash table.
 * Or memory of somebody else behind the same functions.
 * A look-up is one multiply and usually one probe, so there is no last-page cache beside it: reads stay free of writes.
 * Does not model: time (mem_port.c).
 */
#include "core/mem/mem.h"
#include <stdlib.h>
#include <string.h>

enum { PAGE_LG2 = 12, PAGE_WORDS = 512, TABLE_LG2_MIN = 6, LINE = 64 };

struct page_slot {
	uint64_t pfn;
	uint64_t *w; /* NULL: slot is free. Pages are never freed before mem_destroy(). */
};

struct mem {
	struct page_slot *tab;
	unsigned shift; /* 64 - lg2(table size) */
	uint64_t mask;
	uint64_t last; /* last byte address of memory */
	uint64_t used;
	uint64_t *poison; /* word addresses that fail, unordered */
	size_t n_poison, cap_poison;
	bool strict, oom, backed;
	struct mem_backend be; /* backed: the content is there; tab has the pages that may be used directly, which are not ours */
};

static inline uint64_t home(const struct mem *m, uint64_t pfn)
{
	return (pfn * UINT64_C(0x9e3779b97f4a7c15)) >> m->shift;
}

static inline uint64_t *page_find(const struct mem *m, uint64_t pfn)
{
	for (uint64_t i = home(m, pfn);; i = (i + 1) & m->mask) {
		const struct page_slot *s = &m->tab[i];

		if (s->pfn == pfn || !s->w)
			return s->w;
	}
}

static void slot_put(struct mem *m, uint64_t pfn, uint64_t *w)
{
	uint64_t i = home(m, pfn);

	while (m->tab[i].w)
		i = (i + 1) & m->mask;
	m->tab[i] = (struct page_slot){ .pfn = pfn, .w = w };
}

static bool table_alloc(struct mem *m, unsigned lg2)
{
	struct page_slot *t = calloc((size_t)1 << lg2, sizeof(*t));

	if (!t)
		return false;
	m->tab = t;
	m->shift = 64 - lg2;
	m->mask = (UINT64_C(1) << lg2) - 1;
	return true;
}

static bool table_grow(struct mem *m)
{
	struct page_slot *old = m->tab;
	uint64_t n = m->mask + 1;

	if (!table_alloc(m, 64 - m->shift + 1))
		return false;
	for (uint64_t i = 0; i < n; i++)
		if (old[i].w)
			slot_put(m, old[i].pfn, old[i].w);
	free(old);
	return true;
}

/* The page, made if it does not exist. NULL: out of memory, remembered in m->oom. */
static uint64_t *page_make(struct mem *m, uint64_t pfn)
{
	uint64_t *w = page_find(m, pfn);

	if (w)
		return w;
	if (2 * (m->used + 1) > m->mask + 1 && !table_grow(m))
		goto fail;
	w = calloc(PAGE_WORDS, sizeof(*w));
	if (!w)
		goto fail;
	slot_put(m, pfn, w);
	m->used++;
	return w;
fail:
	m->oom = true;
	return NULL;
}

struct mem *mem_create(uint64_t size_bytes, bool strict)
{
	struct mem *m = calloc(1, sizeof(*m));

	if (!m)
		return NULL;
	if (!table_alloc(m, TABLE_LG2_MIN)) {
		free(m);
		return NULL;
	}
	m->last = size_bytes - 1; /* 0 wraps to the full 2^64 */
	m->strict = strict;
	return m;
}

struct mem *mem_create_backed(uint64_t size_bytes, const struct mem_backend *b)
{
	struct mem *m = mem_create(size_bytes, false);

	if (m) {
		m->be = *b;
		m->backed = true;
	}
	return m;
}

void mem_destroy(struct mem *m)
{
	if (!m)
		return;
	for (uint64_t i = 0; i <= m->mask && !m->backed; i++)
		free(m->tab[i].w);
	free(m->tab);
	free(m->poison);
	free(m);
}

bool mem_oom(const struct mem *m)
{
	return m->oom;
}
void mem_set_oom(struct mem *m)
{
	m->oom = true;
}

static bool poisoned(const struct mem *m, uint64_t spa, uint64_t bytes)
{
	for (size_t i = 0; i < m->n_poison; i++)
		if (m->poison[i] + 7 >= spa && m->poison[i] <= spa + (bytes - 1))
			return true;
	return false;
}

/* Every access passes here: end of memory, then the addresses made to fail. */
static inline bool bus_ok(const struct mem *m, uint64_t spa, uint64_t bytes)
{
	if (UNLIKELY(spa + (bytes - 1) > m->last))
		return false;
	return LIKELY(!m->n_poison) || !poisoned(m, spa, bytes);
}

static inline bool words_fit(uint64_t spa, unsigned n)
{
	return n && !(spa & 7) && (spa >> 3 & (PAGE_WORDS - 1)) + n <= PAGE_WORDS;
}

/* A page of somebody else that may be used directly from now on. */
static uint64_t *direct(const struct mem *cm, uint64_t pfn)
{
	struct mem *m = (struct mem *)(uintptr_t)cm; /* what is remembered is no content */
	uint64_t *w = page_find(m, pfn);

	if (w || !m->be.page || (2 * (m->used + 1) > m->mask + 1 && !table_grow(m)))
		return w;
	w = m->be.page(m->be.arg, pfn << PAGE_LG2);
	if (w) {
		slot_put(m, pfn, w);
		m->used++;
	}
	return w;
}

void mem_forget(struct mem *m)
{
	if (!m->backed)
		return;
	memset(m->tab, 0, (m->mask + 1) * sizeof(*m->tab));
	m->used = 0;
}

/* Somebody else's memory, line by line. */
static enum mem_status backed(const struct mem *m, uint64_t spa, uint8_t *data, unsigned bytes, bool write)
{
	uint64_t *w = direct(m, spa >> PAGE_LG2);

	if (w) {
		uint8_t *at = (uint8_t *)w + (spa & ((UINT64_C(1) << PAGE_LG2) - 1));

		memcpy(write ? at : data, write ? data : at, bytes);
		return MEM_OK;
	}
	while (bytes) {
		unsigned left = LINE - (spa & (LINE - 1)), n = bytes < left ? bytes : left;

		if (!(write ? m->be.write(m->be.arg, spa, data, n) : m->be.read(m->be.arg, spa, data, n)))
			return MEM_BUS_ERROR;
		spa += n;
		data += n;
		bytes -= n;
	}
	return MEM_OK;
}

static __attribute__((noinline)) enum mem_status read_words(const struct mem *m, uint64_t spa, uint64_t *w, unsigned n)
{
	const uint64_t *p;

	SIM_ASSERT(words_fit(spa, n));
	if (!bus_ok(m, spa, 8 * (uint64_t)n))
		return MEM_BUS_ERROR;
	p = page_find(m, spa >> PAGE_LG2);
	if (UNLIKELY(!p)) {
		if (m->backed)
			return backed(m, spa, (uint8_t *)w, 8 * n, false);
		memset(w, 0, n * sizeof(*w));
		return m->strict ? MEM_ABSENT : MEM_OK;
	}
	memcpy(w, p + (spa >> 3 & (PAGE_WORDS - 1)), n * sizeof(*w));
	return MEM_OK;
}

enum mem_status mem_read(const struct mem *m, uint64_t spa, uint64_t *w, unsigned n)
{
	if (LIKELY(n == 1 && !(spa & 7) && spa + 7 <= m->last && !m->n_poison)) { /* what walks do all the time */
		const uint64_t *p = page_find(m, spa >> PAGE_LG2);

		if (LIKELY(p != NULL)) {
			*w = p[spa >> 3 & (PAGE_WORDS - 1)];
			return MEM_OK;
		}
	}
	return read_words(m, spa, w, n);
}

enum mem_status mem_write(struct mem *m, uint64_t spa, const uint64_t *w, unsigned n)
{
	uint64_t *p;

	SIM_ASSERT(words_fit(spa, n));
	if (!bus_ok(m, spa, 8 * (uint64_t)n))
		return MEM_BUS_ERROR;
	if (UNLIKELY(m->backed))
		return backed(m, spa, (uint8_t *)(uintptr_t)w, 8 * n, true);
	p = page_make(m, spa >> PAGE_LG2);
	if (!p)
		return MEM_BUS_ERROR;
	p += spa >> 3 & (PAGE_WORDS - 1);
	if (n == 1)
		*p = *w;
	else
		memcpy(p, w, n * sizeof(*w));
	return MEM_OK;
}

enum mem_status mem_write_part(struct mem *m, uint64_t spa, unsigned bytes, uint64_t v)
{
	unsigned lo = 8 * (spa & 7);
	uint64_t mask, *p;

	SIM_ASSERT((bytes == 1 || bytes == 2 || bytes == 4 || bytes == 8) && !(spa & (bytes - 1)));
	if (!bus_ok(m, spa, bytes))
		return MEM_BUS_ERROR;
	if (UNLIKELY(m->backed))
		return backed(m, spa, (uint8_t *)&v, bytes, true); /* a little-endian host */
	p = page_make(m, spa >> PAGE_LG2);
	if (!p)
		return MEM_BUS_ERROR;
	p += spa >> 3 & (PAGE_WORDS - 1);
	mask = (~UINT64_C(0) >> (64 - 8 * bytes)) << lo; /* little-endian: byte k is bits [8k+7:8k] */
	*p = (*p & ~mask) | (v << lo & mask);
	return MEM_OK;
}

enum mem_status mem_cas(struct mem *m, uint64_t spa, uint64_t old, uint64_t new_, uint64_t *seen)
{
	enum mem_status st;

	if (UNLIKELY(m->backed) && m->be.cas && bus_ok(m, spa, 8))
		return m->be.cas(m->be.arg, spa, old, new_, seen) ? MEM_OK : MEM_BUS_ERROR;
	st = mem_read(m, spa, seen, 1);
	if (st != MEM_OK || *seen != old)
		return st;
	return mem_write(m, spa, &new_, 1);
}

const uint64_t *mem_page(const struct mem *m, uint64_t spa)
{
	return page_find(m, spa >> PAGE_LG2);
}

bool mem_is_direct(const struct mem *m)
{
	return !m->backed && !m->n_poison;
}

const uint64_t *mem_direct(const struct mem *m, uint64_t spa)
{
	return (spa | ((UINT64_C(1) << PAGE_LG2) - 1)) <= m->last && mem_is_direct(m) ? page_find(m, spa >> PAGE_LG2) : NULL;
}

bool mem_touch(struct mem *m, uint64_t spa)
{
	return m->backed || page_make(m, spa >> PAGE_LG2) != NULL;
}

void mem_poison(struct mem *m, uint64_t spa, bool on)
{
	size_t i = 0;

	spa &= ~UINT64_C(7);
	while (i < m->n_poison && m->poison[i] != spa)
		i++;
	if (!on) {
		if (i < m->n_poison)
			m->poison[i] = m->poison[--m->n_poison];
		return;
	}
	if (i < m->n_poison)
		return;
	if (m->n_poison == m->cap_poison) {
		size_t cap = m->cap_poison ? 2 * m->cap_poison : 16;
		uint64_t *p = realloc(m->poison, cap * sizeof(*p));

		if (!p) {
			m->oom = true;
			return;
		}
		m->poison = p;
		m->cap_poison = cap;
	}
	m->poison[m->n_poison++] = spa;
}

static int by_pfn(const void *a, const void *b)
{
	const struct page_slot *x = a, *y = b;

	return (x->pfn > y->pfn) - (x->pfn < y->pfn);
}

/* The existing page with the smallest number >= @pfn: slow, for when there is no memory to sort a copy. */
static const struct page_slot *next_page(const struct mem *m, uint64_t pfn)
{
	const struct page_slot *best = NULL;

	for (uint64_t i = 0; i <= m->mask; i++) {
		const struct page_slot *s = &m->tab[i];

		if (s->w && s->pfn >= pfn && (!best || s->pfn < best->pfn))
			best = s;
	}
	return best;
}

void mem_each_page(const struct mem *m, void (*fn)(void *arg, uint64_t spa, const uint64_t *w), void *arg)
{
	struct page_slot *sorted = m->used ? malloc(m->used * sizeof(*sorted)) : NULL;
	size_t n = 0;

	if (!sorted) {
		for (const struct page_slot *s = next_page(m, 0); s; s = next_page(m, s->pfn + 1))
			fn(arg, s->pfn << PAGE_LG2, s->w);
		return;
	}
	for (uint64_t i = 0; i <= m->mask; i++)
		if (m->tab[i].w)
			sorted[n++] = m->tab[i];
	qsort(sorted, n, sizeof(*sorted), by_pfn);
	for (size_t i = 0; i < n; i++)
		fn(arg, sorted[i].pfn << PAGE_LG2, sorted[i].w);
	free(sorted);
}
