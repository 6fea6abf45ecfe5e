/* SPDX-License-Identifier: Apache-2.0 */
/*
 * memo.h - what a unit decided about its last requesters before it asked its caches of translations: which configuration entries they hit,
 * the lookup tag that came of it, and a few bits of the vendor's. A request like one of them need not decide it again. If its translation is
 * where it mostly is, too (in the one main cache, the permission granted), the answer is at hand: a usual hit.
 * Models: nothing. Counters, replacement, times and answers are those of the long way: a remembered request counts and touches the entries it
 * would have found (xc_again()), and is charged their latency. The long way alone decides; it writes the memo when it has decided. A usual hit
 * changes nothing before it is sure.
 * An entry counts while memo.gen is what it was then. Whatever the decision was made from must change memo.gen when it changes: caches of
 * configuration entries do it themselves (xc_watch()), registers and capabilities by memo_forget(). What depends on the address is no part of
 * a memo, but for `beyond`: an address with one of those bits takes the long way.
 * Does not serve: zero-time walks, cache tags of another rule (ctag.h), configuration caches of a limited number of ports.
 */
#ifndef IOMMUSIM_MEMO_H
#define IOMMUSIM_MEMO_H
#include <string.h>
#include "core/base/bits.h"
#include "core/cache/xc_quick.h"
#include "core/iommu.h"
#include "core/pt/pt.h"

enum { MEMO_ENTRIES = 32, MEMO_CFG = 2, MEMO_LONG = 0x80 };
struct memo_cfg { /* a configuration entry that was hit */
	struct xcache *c; /* NULL: none */
	const void *entry; /* its payload */
	uint32_t slot;
};
struct memo_ent {
	uint64_t gen;
	uint64_t beyond; /* bits that must be 0 in the address */
	uint32_t rid, pasid;
	/* Not in the order of struct xl_req: four bytes compared as one word would wait until each of them, written just before, is in memory. */
	uint8_t at;
	bool has_pasid;
	uint8_t need; /* permission bits that a usual hit grants; MEMO_LONG: there is none */
	uint8_t own[5]; /* the vendor's */
	uint32_t cyc, hit_cyc; /* latency of the configuration caches; of a usual hit, with the main cache's */
	struct memo_cfg cfg[MEMO_CFG];
	struct xc_tag tag; /* all but the address */
};
struct memo_tables { /* what the configuration entries say of the tables */
	uint64_t gen; /* 0: not known */
	unsigned variant; /* the vendor's: something of the address has a say */
	struct pt_table t[2]; /* inv.first is another request's */
	struct pt_plain plain[2];
};
struct memo {
	uint64_t gen;
	struct memo_ent ent[MEMO_ENTRIES];
	struct memo_tables tables[MEMO_ENTRIES]; /* beside those */
};
struct memo *memo_create(void); /* free() it; NULL: out of memory */
static inline void memo_forget(struct iommu *u)
{
	u->memo->gen++;
}
/*
 * Requests for reading and for writing are apart, so that they do not drive each other out; so requester and PASID being the same, the place
 * says the access, which an entry need not hold.
 */
_Static_assert(2 * XL_ATOMIC == MEMO_ENTRIES, "every access has a place");
static inline struct memo_ent *memo_at(const struct iommu *u, const struct xl_req *q)
{
	return u->memo->ent + (q->rid ^ q->rid >> 3 ^ q->pasid ^ q->acc) % MEMO_ENTRIES;
}
/** memo_find() - what was decided about a request like @x, or NULL. A speculative request is decided as any other. */
static inline const struct memo_ent *memo_find(const struct iommu *u, const struct xl *x)
{
	const struct xl_req *q = &x->req;
	const struct memo_ent *m = memo_at(u, q);

	if (m->gen != u->memo->gen || m->rid != q->rid || m->pasid != q->pasid || m->at != q->at || m->has_pasid != q->has_pasid ||
	    (q->iova & m->beyond) || x->functional)
		return NULL;
	return m;
}
/* Count and touch what the long way would, and give @x its tag. */
static inline void memo_tag(const struct memo_ent *m, struct xl *x)
{
	xc_again(m->cfg[0].c, m->cfg[0].slot);
	if (m->cfg[1].c)
		xc_again(m->cfg[1].c, m->cfg[1].slot);
	x->tag = m->tag;
	x->tag.first = x->req.iova & ~UINT64_C(0xfff);
	x->tagged = true;
}
/** memo_use() - the same with the latency of the configuration caches; the look-up of the translation is to follow. */
static inline void memo_use(const struct memo_ent *m, struct xl *x)
{
	memo_tag(m, x);
	x->cyc += m->cyc;
}
/** memo_usual() - Returns: @x, if the main cache has its translation, is a usual hit. */
static inline bool memo_usual(const struct memo_ent *m)
{
	return LIKELY(!(m->need & MEMO_LONG));
}
/** memo_take() - and it is, the main cache @c having @f: an entry for @page. */
static inline void memo_take(const struct memo_ent *m, struct xl *x, struct xcache *c, const struct xc_found *f, uint64_t page, unsigned perm, uint8_t memtype)
{
	memo_tag(m, x);
	x->cyc += m->hit_cyc;
	x->hit = true;
	xc_take(c, f);
	x->res.spa = page | (x->req.iova & low_mask(f->lg2));
	x->res.size_lg2 = (uint8_t)f->lg2;
	x->res.perm = (uint8_t)perm;
	x->res.memtype = memtype;
}
/* What the vendor says of a decision. */
struct memo_what {
	const struct xcache *main; /* the cache of a usual hit */
	struct xcache *c[MEMO_CFG]; /* configuration caches; NULL: none was needed there */
	uint32_t slot[MEMO_CFG]; /* hit there; XC_MISS: the entry came from memory, which is nothing to remember */
	uint64_t beyond;
	uint8_t need, own[5];
	uint32_t hit_cyc; /* of a usual hit, beyond the caches' */
};
/** memo_keep() - @x has been decided, and has its tag: remember that. */
void memo_keep(struct iommu *u, const struct xl *x, const struct memo_what *w);
/** memo_tables() - give @w the tables that belong to @m (may be NULL), of that variant. Returns: false: they are not known. */
static inline bool memo_tables(const struct iommu *u, const struct memo_ent *m, unsigned variant, struct pt_walk *w)
{
	const struct memo_tables *t = m ? &u->memo->tables[m - u->memo->ent] : NULL;

	if (!t || t->gen != m->gen || t->variant != variant)
		return false;
	memcpy(w->t, t->t, sizeof(w->t));
	memcpy(w->plain, t->plain, sizeof(w->plain));
	return true;
}
/** memo_keep_tables() - @w->t was set: complete w->plain, and remember both beside @m, if that is not NULL. */
void memo_keep_tables(struct iommu *u, const struct memo_ent *m, unsigned variant, struct pt_walk *w);
#endif
