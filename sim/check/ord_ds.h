/* SPDX-License-Identifier: Apache-2.0 */
/* ord_ds.h - private to the ordering checker: interval trees (a treap with the largest end below each node), a hash map, pools. */
#ifndef IOMMUSIM_ORD_DS_H
#define IOMMUSIM_ORD_DS_H
#include "core/base/util.h"

/* Node of an interval tree; overlapping and equal intervals are allowed. Inclusive ends. */
struct ord_itn {
	struct ord_itn *l, *r;
	uint64_t lo, last, max;
	uint32_t prio;
};
void ord_it_add(struct ord_itn **root, struct ord_itn *n);
void ord_it_del(struct ord_itn **root, struct ord_itn *n); /* @n is in the tree */
/** ord_it_any() - the first node that overlaps [lo, last] and that @ok (NULL: any) accepts; NULL if none. */
struct ord_itn *ord_it_any(struct ord_itn *root, uint64_t lo, uint64_t last, bool (*ok)(void *ctx, struct ord_itn *n), void *ctx);
struct ord_vec { void **p; size_t n, cap, max; bool failed; }; /* max: ord_it_all() stops there; 0 never */
bool ord_vec_add(struct ord_vec *v, void *x);
void ord_it_all(struct ord_itn *root, uint64_t lo, uint64_t last, struct ord_vec *v); /* appends every node that overlaps, ascending */

/* 64-bit key to pointer; key UINT64_MAX is not allowed. */
struct ord_map { uint64_t *key; void **val; size_t n, cap; };
void *ord_map_get(const struct ord_map *m, uint64_t key);
bool ord_map_put(struct ord_map *m, uint64_t key, void *val) MUST_USE; /* replaces */
void ord_map_del(struct ord_map *m, uint64_t key);
void ord_map_free(struct ord_map *m);

struct ord_pool { void *free_list, *chunks; size_t size, bytes; };
void *ord_pool_get(struct ord_pool *p); /* zeroed; NULL without memory */
void ord_pool_put(struct ord_pool *p, void *x);
void ord_pool_free(struct ord_pool *p);
#endif
