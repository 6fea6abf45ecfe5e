/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ideal.h - the plain loops that bench_core.c measures the simulator against: host arrays, no abstraction, nothing configurable.
 * Each does the least a program must do for the same answer: a lookup with statistics and LRU, a table walk, an event, a scan.
 * Does not model: anything that could go wrong (reserved bits, faults, invalidation).
 */
#ifndef IOMMUSIM_BENCH_IDEAL_H
#define IOMMUSIM_BENCH_IDEAL_H
#include <stdint.h>
#include <string.h>

/* ---- 8-way look-up with statistics: all ways compared at once, ages as nibbles of one word ---- */

enum { ID_SETS = 32, ID_WAYS = 8 };
struct ideal_tlb {
	uint64_t key[ID_SETS][ID_WAYS], pa[ID_SETS][ID_WAYS], age[ID_SETS];
	uint64_t lookups, hits, misses, fills;
};
static inline void ideal_tlb_init(struct ideal_tlb *t)
{
	memset(t, 0, sizeof(*t));
	for (unsigned s = 0; s < ID_SETS; s++)
		t->age[s] = 0x76543210;
}
static inline void ideal_touch(struct ideal_tlb *t, unsigned set, unsigned way)
{
	uint64_t o = t->age[set], x = o ^ way * UINT64_C(0x1111111111111111), z = (x - UINT64_C(0x1111111111111111)) & ~x & UINT64_C(0x8888888888888888);
	uint64_t upto = z ^ (z - 1);

	t->age[set] = (o & ~upto) | (o << 4 & upto) | way;
}
static inline int ideal_lookup(struct ideal_tlb *t, uint64_t key)
{
	unsigned set = key % ID_SETS, m = 0;

	t->lookups++;
	for (unsigned w = 0; w < ID_WAYS; w++)
		m |= (unsigned)(t->key[set][w] == key) << w;
	if (!m) {
		t->misses++;
		return -1;
	}
	m = (unsigned)__builtin_ctz(m);
	ideal_touch(t, set, m);
	t->hits++;
	return (int)(set * ID_WAYS + m);
}
static inline void ideal_fill(struct ideal_tlb *t, uint64_t key, uint64_t pa)
{
	unsigned set = key % ID_SETS, way = t->age[set] >> 28 & 7;

	t->key[set][way] = key;
	t->pa[set][way] = pa;
	t->fills++;
	ideal_touch(t, set, way);
}

/* ---- two-stage walk, 24 references: tables are 512-word pages of one array, an entry is a page number and three bits ---- */

struct ideal_walk {
	const uint64_t *ram; /* host array that holds every table */
	uint64_t s1, s2; /* page numbers of the top tables; s1 is a guest page */
	uint64_t refs;
};
static inline uint64_t ideal_stage2(struct ideal_walk *w, uint64_t gpn, unsigned *perm)
{
	uint64_t t = w->s2;

	for (int l = 3; l >= 0; l--) {
		uint64_t e = w->ram[t * 512 + (gpn >> 9 * l & 511)];

		w->refs++;
		*perm &= (unsigned)e;
		if (!(e & 1))
			return 0;
		t = e >> 12;
	}
	return t;
}
static inline uint64_t ideal_nested(struct ideal_walk *w, uint64_t vpn)
{
	uint64_t gpn = w->s1;
	unsigned perm = 7;

	for (int l = 3; l >= 0; l--) {
		unsigned table_perm = 7;
		uint64_t page = ideal_stage2(w, gpn, &table_perm), e;

		if (!page || !(table_perm & 1))
			return 0;
		e = w->ram[page * 512 + (vpn >> 9 * l & 511)];
		w->refs++;
		perm &= (unsigned)e;
		if (!(e & 1))
			return 0;
		gpn = e >> 12;
	}
	gpn = ideal_stage2(w, gpn, &perm);
	return perm & 1 ? gpn : 0;
}

/* ---- timing wheel: events in slots of 256 ps, a list per slot, a bit per slot that holds any ---- */

enum { IW_SLOTS = 1024, IW_EVENTS = 4096 };
struct ideal_wheel {
	uint64_t now, run, map[IW_SLOTS / 64];
	int32_t head[IW_SLOTS], next[IW_EVENTS];
	uint64_t at[IW_EVENTS];
};
static inline void ideal_wheel_init(struct ideal_wheel *w)
{
	memset(w, 0, sizeof(*w));
	for (unsigned i = 0; i < IW_SLOTS; i++)
		w->head[i] = -1;
}
static inline void ideal_at(struct ideal_wheel *w, int32_t e, uint64_t t)
{
	unsigned s = t >> 8 & (IW_SLOTS - 1);

	w->at[e] = t;
	w->next[e] = w->head[s];
	w->head[s] = e;
	w->map[s / 64] |= UINT64_C(1) << (s % 64);
}
static inline int32_t ideal_pop(struct ideal_wheel *w)
{
	unsigned start = w->now >> 8 & (IW_SLOTS - 1), i = start / 64, s;
	uint64_t m = w->map[i] & ~UINT64_C(0) << (start % 64);
	int32_t e;

	while (!m) {
		i = (i + 1) % (IW_SLOTS / 64);
		m = w->map[i];
	}
	s = i * 64 + (unsigned)__builtin_ctzll(m);
	e = w->head[s];
	w->head[s] = w->next[e];
	if (w->head[s] < 0)
		w->map[s / 64] &= ~(UINT64_C(1) << (s % 64));
	w->now = w->at[e] > w->now ? w->at[e] : w->now; /* within a slot the order is not kept: 256 ps is the grain */
	w->run++;
	return e;
}
#endif
