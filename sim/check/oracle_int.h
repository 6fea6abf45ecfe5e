/* SPDX-License-Identifier: Apache-2.0 */
/*
 * oracle_int.h - shared by the files of sim/check/oracle*.c; nobody else includes it.
 * oracle.c: uses, and results of walks kept until a word they read changes. oracle_log.c: what software did.
 * oracle_cmds.c: what its commands invalidate. oracle_why.c: the class of
 * a difference. oracle_dev.c: which DMA a request belongs to.
 */
#ifndef IOMMUSIM_ORACLE_INT_H
#define IOMMUSIM_ORACLE_INT_H
#include "check/oracle.h"
#include "software/wordset.h"

enum { MEMO_LINES = 28, MEMO_SIZE = 4096, GENS = 4096, CMDS = 8192, MAX_DONE_FN = 8, MAX_COUNTERS = 16, ORACLE_INVS = 16384 };

/* Key to index; keys below 2^64 - 1. */
struct omap {
	struct omap_slot { uint64_t key1; uint32_t val; } *slot; /* key + 1, 0: empty */
	uint32_t size, n;
};
uint32_t *omap_at(struct omap *m, uint64_t key, bool *added); /* NULL: no memory */
const uint32_t *omap_get(const struct omap *m, uint64_t key); /* NULL: not there */

struct change { /* of a word; the new value is the old one of the next change, or what memory holds */
	uint64_t old, line, seq;
	sim_time at;
};
struct word {
	uint64_t addr;
	uint32_t n; /* changes so far; the last ORACLE_HISTORY of them in c[i % ORACLE_HISTORY] */
	uint32_t undone; /* while looking for a reason */
	struct change c[ORACLE_HISTORY];
};
struct frame { /* the last time a page was put into a word */
	uint64_t word, line, seq;
};
struct ctx { /* one that has been used */
	uint64_t key;
	uint32_t rid, pasid;
	bool has_pasid, tagged;
	unsigned unit;
	uint16_t did, asid, vmid;
};
struct memo { /* the answer of the tables, valid while no line that the walk read has changed */
	uint64_t page, spa, stamp, epoch;
	uint32_t rid, pasid;
	uint8_t unit, acc, at, flags;
	bool valid, ok;
	uint8_t n;
	uint16_t gen[MEMO_LINES]; /* index into oracle.gen */
};
enum { ORACLE_CFG = 1, ORACLE_TLB = 2, ORACLE_DEV = 4, ORACLE_ANY = 7 }; /* what an invalidation is about */
struct oracle_inv {
	uint64_t cmd; /* its batch */
	uint64_t pos; /* in the ring, bytes; UINT64_MAX: not a ring that is known */
	uint64_t first, last; /* addresses */
	uint8_t kinds;
	bool has_did;
	uint16_t did;
};
struct oracle_page { /* what would have had to be invalidated */
	uint64_t first, last;
	bool has_did;
	uint16_t did;
};
struct oracle_unit {
	struct iommu_ops ops; /* the unit's, but begin is ours */
	const struct iommu_ops *orig;
	struct oracle *o;
	struct iommu *u;
	unsigned index;
	/* counters of the unit, by name; NULL-terminated */
	const uint64_t *wait[MAX_COUNTERS], *inv[MAX_COUNTERS];
	bool counted;
	uint64_t wait_seen, inv_seen; /* at the last look */
	struct oracle_cmd cmd[CMDS]; /* a ring */
	uint64_t n_cmd;
	bool open; /* the last one is not over */
	bool cmd_decoded; /* its invalidations have been read from the ring */
	struct oracle_inv inv_ring[ORACLE_INVS];
	uint64_t n_inv;
	uint64_t first_line, last_line; /* stores outside tables since the last one */
};
struct oracle {
	struct plat *p;
	struct sim_kernel *k;
	struct mem *mem;
	struct oracle_unit **unit;
	size_t n_unit;
	struct oracle_stats st;
	uint64_t bad, seq, epoch;
	bool started; /* something has been used */
	bool oom, regs_pending; /* a register was written, and its effect may still come */
	sim_time regs_at; /* the last register write other than a tail */
	bool regs_any;
	struct omap by_word, by_frame, by_ctx, by_xl;
	struct word *word;
	struct frame *frame;
	struct ctx *ctx;
	size_t cap_word, cap_frame, cap_ctx;
	struct wordset tables; /* pages that walks have read */
	uint64_t last_table;
	void (*done[MAX_DONE_FN])(struct xl *x);
	unsigned n_done;
	struct memo *memo;
	uint64_t gen[GENS]; /* seq of the last change of a 64-byte line, by hash */
	struct oracle_finding *found, *legal;
	size_t n_found, n_legal, keep;
};
static inline unsigned oracle_gen_of(uint64_t spa)
{
	return (unsigned)((spa >> 6) * UINT64_C(0x9e3779b97f4a7c15) >> 52);
}
/* What a request is told: a translation request asks for rights, every other one needs them. */
static inline struct oracle_ans oracle_ans_of(const struct xl_req *q, const struct xl_res *r)
{
	bool denied = q->at == XL_TRANSLATION_REQ && r->ok && ((q->acc & (XL_R | XL_W | XL_X) & ~r->perm) || (r->perm & ATC_PERM_U));

	if (!r->ok || denied)
		return (struct oracle_ans){ .code = r->ok ? 0 : r->code };
	return (struct oracle_ans){ .ok = true, .spa = r->spa };
}
static inline bool oracle_same(struct oracle_ans a, struct oracle_ans b)
{
	return a.ok == b.ok && a.spa == b.spa;
}

/* oracle_log.c */
void olog_record(void *arg, const struct trc_rec *r, bool tail); /* before it takes effect */
void olog_progress(void *arg, unsigned unit);
void olog_counters(struct oracle_unit *ou);
/** olog_last() - the newest change of @w that is not undone, NULL: none, or too long ago (*@lost). */
const struct change *olog_last(const struct word *w, bool *lost);
/** olog_new() - the value that change @c of @w wrote. */
uint64_t olog_new(const struct oracle *o, const struct word *w, const struct change *c);
/** olog_first() - index of the first command batch behind @seq that is remembered; up to ou->n_cmd. */
uint64_t olog_first(const struct oracle_unit *ou, uint64_t seq);
/* oracle_cmds.c; batches by index */
void ocmd_tail(struct oracle_unit *ou, const struct oracle_cmd *c, uint64_t cmd); /* before the write takes effect */
void ocmd_over(struct oracle_unit *ou, const struct oracle_cmd *c, uint64_t cmd); /* the batch is over */
/** ocmd_first() - index of the first invalidation remembered of batch @cmd or a later one; up to ou->n_inv. */
uint64_t ocmd_first(const struct oracle_unit *ou, uint64_t cmd);
bool ocmd_covers(const struct oracle_inv *v, const struct oracle_page *p);
/* oracle_why.c */
void oracle_explain(struct oracle_unit *ou, const struct xl *x, struct oracle_finding *f);
/* oracle_dev.c */
struct oracle_use {
	struct xl_req req; /* as the device means it */
	bool cached; /* the address comes from the device's own cache */
	uint64_t line; /* 0: not known */
};
/** oracle_use_of() - Returns: false if @x is no DMA of a device. */
bool oracle_use_of(struct plat *p, unsigned unit, const struct xl *x, struct oracle_use *use);
uint64_t oracle_line_of(struct plat *p, unsigned unit, const struct xl *x); /* for one that oracle_use_of() knows */
#endif
