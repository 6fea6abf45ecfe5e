/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ord_tab.c - the hash map of the rule families: open addressing over a dense array.
 * Does not shrink: a checker's memory is that of its largest moment.
 */
#include <string.h>
#include "check/ord_tab.h"

enum { KEY = 2 * sizeof(uint64_t) };

static uint64_t hash_of(uint64_t a, uint64_t b)
{
	uint64_t h = a * UINT64_C(0x9e3779b97f4a7c15) ^ (b + UINT64_C(0x7f4a7c159e3779b9)) * UINT64_C(0xbf58476d1ce4e5b9);

	h ^= h >> 29;
	h *= UINT64_C(0x94d049bb133111eb);
	return h ^ h >> 32;
}
static unsigned char *entry_at(const struct ord_tab *m, uint32_t i)
{
	return m->entry + (size_t)i * m->size;
}
static bool is_key(const unsigned char *e, uint64_t a, uint64_t b)
{
	uint64_t k[2];

	memcpy(k, e, KEY);
	return k[0] == a && k[1] == b;
}
/* The index slot that holds the key, or the free one where it would go. */
static uint32_t slot_of(const struct ord_tab *m, uint64_t a, uint64_t b)
{
	uint32_t s = (uint32_t)hash_of(a, b) & (m->icap - 1);

	while (m->index[s] && !is_key(entry_at(m, m->index[s] - 1), a, b))
		s = (s + 1) & (m->icap - 1);
	return s;
}
static uint32_t home_of(const struct ord_tab *m, uint32_t slot)
{
	uint64_t k[2];

	memcpy(k, entry_at(m, m->index[slot] - 1), KEY);
	return (uint32_t)hash_of(k[0], k[1]) & (m->icap - 1);
}
void *ord_tab_get(const struct ord_tab *m, uint64_t a, uint64_t b)
{
	uint32_t i;

	if (!m->n)
		return NULL;
	i = m->index[slot_of(m, a, b)];
	return i ? entry_at(m, i - 1) + KEY : NULL;
}
static bool grow(struct ord_chk *c, struct ord_tab *m, size_t value)
{
	struct ord_tab n = { .n = m->n, .cap = m->cap ? 2 * m->cap : 16, .size = (uint32_t)(KEY + ((value + 7) & ~(size_t)7)) };

	if (m->n < m->cap)
		return true;
	n.icap = 2 * n.cap;
	n.entry = ord_alloc(c, (size_t)n.cap * n.size);
	n.index = ord_alloc(c, (size_t)n.icap * sizeof(*n.index));
	if (!n.entry || !n.index) {
		ord_tab_free(c, &n);
		return false;
	}
	memset(n.index, 0, (size_t)n.icap * sizeof(*n.index));
	if (m->entry)
		memcpy(n.entry, m->entry, (size_t)m->n * m->size);
	for (uint32_t i = 0; i < n.n; i++) {
		uint64_t k[2];

		memcpy(k, entry_at(&n, i), KEY);
		n.index[slot_of(&n, k[0], k[1])] = i + 1;
	}
	ord_tab_free(c, m);
	*m = n;
	return true;
}
void *ord_tab_put(struct ord_chk *c, struct ord_tab *m, uint64_t a, uint64_t b, size_t value)
{
	void *have = ord_tab_get(m, a, b);
	uint64_t k[2] = { a, b };
	unsigned char *e;

	if (have)
		return have;
	if (!grow(c, m, value))
		return NULL;
	m->index[slot_of(m, a, b)] = m->n + 1;
	e = entry_at(m, m->n++);
	memcpy(e, k, KEY);
	memset(e + KEY, 0, m->size - KEY);
	return e + KEY;
}
/* Close the gap in the index: a later member of the run moves back when its home is not behind the gap. */
static void unlink_slot(struct ord_tab *m, uint32_t gap)
{
	uint32_t mask = m->icap - 1;

	m->index[gap] = 0;
	for (uint32_t s = (gap + 1) & mask; m->index[s]; s = (s + 1) & mask)
		if (((s - home_of(m, s)) & mask) >= ((s - gap) & mask)) {
			m->index[gap] = m->index[s];
			m->index[s] = 0;
			gap = s;
		}
}
void ord_tab_del(struct ord_tab *m, uint64_t a, uint64_t b)
{
	uint32_t s, i, last;
	uint64_t k[2];

	if (!m->n)
		return;
	s = slot_of(m, a, b);
	if (!m->index[s])
		return;
	i = m->index[s] - 1;
	unlink_slot(m, s);
	last = --m->n;
	if (i == last)
		return;
	memcpy(k, entry_at(m, last), KEY);
	s = slot_of(m, k[0], k[1]);
	memcpy(entry_at(m, i), entry_at(m, last), m->size);
	m->index[s] = i + 1;
}
void *ord_tab_at(const struct ord_tab *m, uint32_t i, uint64_t key[2])
{
	memcpy(key, entry_at(m, i), KEY);
	return entry_at(m, i) + KEY;
}
void ord_tab_clear(struct ord_tab *m)
{
	if (m->index)
		memset(m->index, 0, (size_t)m->icap * sizeof(*m->index));
	m->n = 0;
}
void ord_tab_free(struct ord_chk *c, struct ord_tab *m)
{
	ord_release(c, m->entry, (size_t)m->cap * m->size);
	ord_release(c, m->index, (size_t)m->icap * sizeof(*m->index));
	*m = (struct ord_tab){ 0 };
}
