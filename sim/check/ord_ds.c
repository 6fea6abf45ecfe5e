/* SPDX-License-Identifier: Apache-2.0 */
/* ord_ds.c - interval trees, hash map and pools of the ordering checker. Knows nothing of rules. */
#include <stdlib.h>
#include <string.h>
#include "check/ord_ds.h"

static inline void pull(struct ord_itn *n)
{
	n->max = n->last;
	if (n->l && n->l->max > n->max)
		n->max = n->l->max;
	if (n->r && n->r->max > n->max)
		n->max = n->r->max;
}
static inline bool before(const struct ord_itn *a, const struct ord_itn *b)
{
	return a->lo < b->lo || (a->lo == b->lo && (uintptr_t)a < (uintptr_t)b);
}
static uint32_t mix(uintptr_t x)
{
	uint64_t v = (uint64_t)x * UINT64_C(0x9e3779b97f4a7c15);

	return (uint32_t)(v >> 32) ^ (uint32_t)(v >> 13);
}
/* All of @t that stand before @n into *a, the rest into *b. */
static void split(struct ord_itn *t, const struct ord_itn *n, struct ord_itn **a, struct ord_itn **b)
{
	if (!t) {
		*a = *b = NULL;
	} else if (before(t, n)) {
		split(t->r, n, &t->r, b);
		pull(t);
		*a = t;
	} else {
		split(t->l, n, a, &t->l);
		pull(t);
		*b = t;
	}
}
static struct ord_itn *join(struct ord_itn *a, struct ord_itn *b)
{
	if (!a || !b)
		return a ? a : b;
	if (a->prio > b->prio) {
		a->r = join(a->r, b);
		pull(a);
		return a;
	}
	b->l = join(a, b->l);
	pull(b);
	return b;
}
void ord_it_add(struct ord_itn **root, struct ord_itn *n)
{
	n->prio = mix((uintptr_t)n ^ (uintptr_t)n->lo << 7);
	while (*root && (*root)->prio >= n->prio) {
		if ((*root)->max < n->last)
			(*root)->max = n->last;
		root = before(n, *root) ? &(*root)->l : &(*root)->r;
	}
	split(*root, n, &n->l, &n->r);
	pull(n);
	*root = n;
}
static bool del(struct ord_itn **root, struct ord_itn *n)
{
	struct ord_itn *t = *root;

	if (!t)
		return false;
	if (t == n) {
		*root = join(n->l, n->r);
		return true;
	}
	if (!del(before(n, t) ? &t->l : &t->r, n))
		return false;
	pull(t);
	return true;
}
void ord_it_del(struct ord_itn **root, struct ord_itn *n)
{
	bool was = del(root, n);

	SIM_ASSERT(was);
	(void)was;
	n->l = n->r = NULL;
}
struct ord_itn *ord_it_any(struct ord_itn *t, uint64_t lo, uint64_t last, bool (*ok)(void *ctx, struct ord_itn *n), void *ctx)
{
	struct ord_itn *got;

	while (t && t->max >= lo) {
		got = t->l ? ord_it_any(t->l, lo, last, ok, ctx) : NULL;
		if (got)
			return got;
		if (t->lo > last)
			return NULL;
		if (t->last >= lo && (!ok || ok(ctx, t)))
			return t;
		t = t->r;
	}
	return NULL;
}
bool ord_vec_add(struct ord_vec *v, void *x)
{
	if (v->n == v->cap) {
		size_t cap = v->cap ? 2 * v->cap : 64;
		void **p = realloc(v->p, cap * sizeof(*p));

		if (!p) {
			v->failed = true;
			return false;
		}
		v->p = p;
		v->cap = cap;
	}
	v->p[v->n++] = x;
	return true;
}
void ord_it_all(struct ord_itn *t, uint64_t lo, uint64_t last, struct ord_vec *v)
{
	while (t && t->max >= lo && !(v->max && v->n >= v->max)) {
		if (t->l)
			ord_it_all(t->l, lo, last, v);
		if (t->lo > last)
			return;
		if (t->last >= lo && !ord_vec_add(v, t))
			return;
		t = t->r;
	}
}
static size_t slot_of(const struct ord_map *m, uint64_t key)
{
	uint64_t h = key * UINT64_C(0x9e3779b97f4a7c15);
	size_t i = (size_t)(h >> 20) & (m->cap - 1);

	while (m->key[i] != UINT64_MAX && m->key[i] != key)
		i = (i + 1) & (m->cap - 1);
	return i;
}
void *ord_map_get(const struct ord_map *m, uint64_t key)
{
	size_t i;

	if (!m->n)
		return NULL;
	i = slot_of(m, key);
	return m->key[i] == key ? m->val[i] : NULL;
}
static bool grow(struct ord_map *m)
{
	struct ord_map b = { .cap = m->cap ? 2 * m->cap : 64 };

	b.key = malloc(b.cap * sizeof(*b.key));
	b.val = malloc(b.cap * sizeof(*b.val));
	if (!b.key || !b.val) {
		free(b.key);
		free(b.val);
		return false;
	}
	memset(b.key, 0xff, b.cap * sizeof(*b.key));
	for (size_t i = 0; i < m->cap; i++)
		if (m->key[i] != UINT64_MAX) {
			size_t at = slot_of(&b, m->key[i]);

			b.key[at] = m->key[i];
			b.val[at] = m->val[i];
		}
	free(m->key);
	free(m->val);
	m->key = b.key;
	m->val = b.val;
	m->cap = b.cap;
	return true;
}
bool ord_map_put(struct ord_map *m, uint64_t key, void *val)
{
	size_t i;

	if (2 * (m->n + 1) > m->cap && !grow(m))
		return false;
	i = slot_of(m, key);
	m->n += m->key[i] != key;
	m->key[i] = key;
	m->val[i] = val;
	return true;
}
void ord_map_del(struct ord_map *m, uint64_t key)
{
	size_t i, j;

	if (!m->n)
		return;
	i = slot_of(m, key);
	if (m->key[i] != key)
		return;
	m->key[i] = UINT64_MAX;
	m->n--;
	for (j = (i + 1) & (m->cap - 1); m->key[j] != UINT64_MAX; j = (j + 1) & (m->cap - 1)) { /* close the gap */
		uint64_t k = m->key[j];
		void *v = m->val[j];

		m->key[j] = UINT64_MAX;
		i = slot_of(m, k);
		m->key[i] = k;
		m->val[i] = v;
	}
}
void ord_map_free(struct ord_map *m)
{
	free(m->key);
	free(m->val);
	*m = (struct ord_map){ 0 };
}
enum { POOL_CHUNK = 64 << 10 };
void *ord_pool_get(struct ord_pool *p)
{
	void *x = p->free_list;

	if (UNLIKELY(!x)) {
		size_t step = (p->size + 15) & ~(size_t)15, at = 16;
		char *c = malloc(POOL_CHUNK);

		if (!c)
			return NULL;
		p->bytes += POOL_CHUNK;
		*(void **)c = p->chunks;
		p->chunks = c;
		do {
			*(void **)(c + at) = p->free_list;
			p->free_list = c + at;
			at += step;
		} while (at + step <= POOL_CHUNK);
		x = p->free_list;
	}
	p->free_list = *(void **)x;
	memset(x, 0, p->size);
	return x;
}
void ord_pool_put(struct ord_pool *p, void *x)
{
	*(void **)x = p->free_list;
	p->free_list = x;
}
void ord_pool_free(struct ord_pool *p)
{
	while (p->chunks) {
		void *next = *(void **)p->chunks;

		free(p->chunks);
		p->chunks = next;
	}
	p->free_list = NULL;
}
