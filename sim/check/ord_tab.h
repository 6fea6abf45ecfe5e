/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ord_tab.h - the hash map of the rule families: two 64-bit words to a value of fixed size, zero when new.
 * Entries are dense and in order of creation until one is deleted (the last takes its place): walking from the end downwards may delete.
 * A put may move all values: no pointer survives it.
 */
#ifndef IOMMUSIM_ORD_TAB_H
#define IOMMUSIM_ORD_TAB_H
#include "check/ord_int.h"

struct ord_tab {
	unsigned char *entry; /* n entries: key, key, value */
	uint32_t *index; /* icap slots, entry number + 1 */
	uint32_t n, cap, icap, size; /* size: bytes of an entry */
};
void *ord_tab_get(const struct ord_tab *m, uint64_t a, uint64_t b);
/** ord_tab_put() - the value of the key, made if it is new. Returns: NULL without memory (the checker's failure is set). */
void *ord_tab_put(struct ord_chk *c, struct ord_tab *m, uint64_t a, uint64_t b, size_t value) MUST_USE;
void ord_tab_del(struct ord_tab *m, uint64_t a, uint64_t b);
/** ord_tab_at() - entry @i of m->n; its key in key[2]. */
void *ord_tab_at(const struct ord_tab *m, uint32_t i, uint64_t key[2]);
void ord_tab_clear(struct ord_tab *m); /* no entries; memory is kept */
void ord_tab_free(struct ord_chk *c, struct ord_tab *m);
#endif
