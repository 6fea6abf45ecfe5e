/* SPDX-License-Identifier: Apache-2.0 */
/*
 * smmuv3_walk.h - private to the walk: its state inside struct xl, and the payloads of the caches.
 * smmuv3_hit.c: gates, TLBs, results; smmuv3_walk.c: stream table, STE; smmuv3_cd.c: CD; smmuv3_xlate.c: tag, walks; smmuv3_tables.c: tables, events of failed walks;
 * smmuv3_inv.c: invalidation.
 */
#ifndef IOMMUSIM_SMMUV3_WALK_H
#define IOMMUSIM_SMMUV3_WALK_H
#include "smmuv3/fmt_vmsa.h"
#include "core/memo.h"
#include "smmuv3/smmuv3_int.h"

enum smmuv3_phase { SMMUV3_PH_L1STD, SMMUV3_PH_STE, SMMUV3_PH_VMS, SMMUV3_PH_CD_IPA, SMMUV3_PH_L1CD, SMMUV3_PH_CD, SMMUV3_PH_TABLES, SMMUV3_PH_S2_TAIL };
enum { SMMUV3_CFG_S1 = 1, SMMUV3_CFG_S2 = 2, SMMUV3_CFG_ON = 4, SMMUV3_CFG_BYPASS = 4 }; /* STE.Config */
enum { SMMUV3_LEAF_CODE_SHIFT = 4 }; /* xc_tag.did of a leaf: granule code (TG of TLBI) << 4 | level of the stage that names the entry; 0: unknown */
struct smmuv3_ste { /* a stream table entry as read, and what was decided about it then */
	uint64_t w[8];
	uint8_t bad; /* 0, or EV_BAD_STE */
	uint8_t world; /* enum smmuv3_world */
	uint8_t eats; /* effective */
	bool atschk; /* CR0.ATSCHK at the time */
};
struct smmuv3_cd {
	uint64_t w[8];
	uint8_t bad; /* 0, or EV_BAD_CD */
};
struct smmuv3_l1cd {
	uint64_t w;
};
struct smmuv3_leaf { /* entry of tlb, tbu, utlb */
	uint64_t page; /* output page; tlb_split: of the IPA */
	uint8_t perm; /* both privileges, fmt_vmsa.h */
	uint8_t memtype;
	bool clean; /* a write must set dirty first */
	uint8_t attr; /* PRIVCFG, INSTCFG of the STE (tbu_tag = stream) */
};
struct smmuv3_walk {
	uint8_t phase;
	bool s1, s2; /* stages that translate the request */
	bool priv, ind; /* after STE overrides and StreamWorld */
	bool l1cd_next; /* the structure being translated is the L1CD */
	bool config_missed;
	bool ats_dirty; /* translation request: walking again to make the page dirty */
	uint8_t kind; /* enum smmuv3_kind of the leaf */
	uint8_t code; /* SMMUV3_PH_S2_TAIL: leaf code of the stage-1 entry */
	uint32_t ssid; /* of the CD */
	uint32_t ste_slot, cd_slot; /* where ste and cd were found, or XC_MISS */
	uint64_t va; /* input of the first stage: top byte replaced if ignored */
	uint64_t cd_ipa; /* address of the structure being translated */
	const struct smmuv3_ste *ste; /* in the cache, or `own` */
	const struct smmuv3_cd *cd;
	struct smmuv3_ste own_ste;
	struct smmuv3_cd own_cd;
	struct pt_walk pt;
};
_Static_assert(sizeof(struct smmuv3_walk) <= sizeof(((struct xl *)0)->walk), "struct xl holds the walk");
static inline struct smmuv3_walk *walk_of(struct xl *x)
{
	return (struct smmuv3_walk *)(void *)x->walk;
}
static inline unsigned ste_config(const struct smmuv3_ste *s)
{
	return (unsigned)bits_get(s->w[0], 3, 1);
}
/** smmuv3_refuse() - event @code; abort and recorded, whatever the fault configuration says. 0: silent abort. */
enum xl_act smmuv3_refuse(struct xl *x, unsigned code);
/** smmuv3_refuse_config() - a configuration error: what it means for an ATS request or a translated transaction, too. */
enum xl_act smmuv3_refuse_config(struct smmuv3 *s, struct xl *x, unsigned code, uint64_t addr);
enum xl_act smmuv3_pass(struct xl *x);
/** smmuv3_keep() - copy the configuration out of the caches before time passes. */
void smmuv3_keep(struct smmuv3_walk *w);
/** smmuv3_xlate() - configuration known (cd NULL: stage 1 does not translate). */
enum xl_act smmuv3_xlate(struct smmuv3 *s, struct xl *x);
enum xl_act smmuv3_xlate_next(struct smmuv3 *s, struct xl *x);
/** smmuv3_xlate_tagged() - and it has its tag: TLBs, then smmuv3_tables_begin() for permissions @need; @m: what is remembered of the requester, or NULL. */
enum xl_act smmuv3_xlate_tagged(struct smmuv3 *s, struct xl *x);
enum xl_act smmuv3_tables_begin(struct smmuv3 *s, struct xl *x, unsigned need, const struct memo_ent *m);
/** smmuv3_split_hit() - tlb_split: the TLB has the first stage of the request. */
enum xl_act smmuv3_split_hit(struct smmuv3 *s, struct xl *x, uint32_t slot, unsigned want, bool priv);
enum xl_act smmuv3_result(struct xl *x, uint64_t pa, const struct smmuv3_leaf *e, unsigned size_lg2, bool priv);
/** smmuv3_ats_grant() - what a translation request is granted. */
void smmuv3_ats_grant(struct xl *x, unsigned perm);
void smmuv3_leaf_fill(struct smmuv3 *s, const struct xl *x, struct xcache *c, const struct xc_tag *t, uint64_t id, const struct smmuv3_leaf *e);
/** smmuv3_tbu_fill() - put a leaf into the first @upto caches of the requester's TBU. */
void smmuv3_tbu_fill(struct smmuv3 *s, struct xl *x, const struct xc_tag *t, const struct smmuv3_leaf *e, unsigned upto);
/** smmuv3_ste_lookup() - the gates are open: stream table. smmuv3_disabled(): SMMUEN = 0. smmuv3_pass_translated(): no translation is needed. */
enum xl_act smmuv3_ste_lookup(struct smmuv3 *s, struct xl *x);
enum xl_act smmuv3_disabled(const struct smmuv3 *s, struct xl *x);
enum xl_act smmuv3_pass_translated(struct smmuv3 *s, struct xl *x);
static inline bool smmuv3_has(const struct xcache *c)
{
	return c && xc_config(c)->entries;
}
/* E0PD: no unprivileged access in this half. */
static inline bool smmuv3_e0pd(const struct smmuv3_walk *w)
{
	return w->ste->world != SMMUV3_W_EL2 && (w->cd->w[w->va >> 55 & 1 ? 2 : 1] & 4);
}
static inline bool smmuv3_split(const struct smmuv3 *s, const struct smmuv3_walk *w)
{
	return s->cfg->tlb_split && w->s1 && w->s2;
}
/* The permissions asked for. A translation request takes what there is, but wants a clean page made dirty if it asks for write. */
static inline unsigned smmuv3_needed(const struct xl *x, const struct smmuv3_walk *w)
{
	return w->ind ? XL_X : x->req.acc & (XL_R | XL_W);
}
static inline bool smmuv3_priv(const struct smmuv3_walk *w)
{
	return w->priv && w->ste->world != SMMUV3_W_EL2;
}
static inline bool smmuv3_eats_split(const struct xl *x, const struct smmuv3_walk *w)
{
	return x->req.at == XL_TRANSLATION_REQ && w->ste->eats == 2;
}
/* Lookup tags: StreamWorld, VMID, ASID; IPA entries and table entries apart. */
#define SMMUV3_ID_GLOBAL BIT64(43)
#define SMMUV3_ID_IPA BIT64(45)
#define SMMUV3_ID_TABLE BIT64(46)
enum { SMMUV3_STU_LG2 = 12 };
static inline uint64_t smmuv3_id(unsigned world, uint16_t vmid, uint16_t asid)
{
	return (uint64_t)world << 40 | (uint64_t)vmid << 16 | asid;
}
/** smmuv3_cd_lookup() - stage 1 translates: find the CD of w->ssid, then go on to smmuv3_xlate(). smmuv3_cd_next(): a fetch for it is done. */
enum xl_act smmuv3_cd_lookup(struct smmuv3 *s, struct xl *x);
enum xl_act smmuv3_cd_next(struct smmuv3 *s, struct xl *x);
/* Shared by the fetches of all structures. */
enum xl_act smmuv3_read_struct(struct xl *x, enum smmuv3_phase ph, uint64_t spa, unsigned words);
void smmuv3_config_miss(struct smmuv3 *s, struct xl *x); /* a structure has to be fetched: counted once per request */
static inline bool may_keep(const struct xl *x)
{
	return !x->functional && !x->nofill;
}
static inline struct xc_tag config_tag(const struct xl *x, uint64_t first, uint64_t id)
{
	return (struct xc_tag){ .first = first, .id = id, .rid = x->req.rid, .kind = SMMUV3_K_CFG };
}
/** smmuv3_s1_table() - the stage 1 of the CD, for the half that w->va is in. */
void smmuv3_s1_table(const struct smmuv3 *s, const struct smmuv3_walk *w, const struct xl *x, struct pt_table *t);
/** smmuv3_fault_config() - a fault of stage 1 or 2: what the fault configuration makes of it. */
enum xl_act smmuv3_fault_config(struct xl *x, unsigned code, bool s2);
/** smmuv3_bypass_size() - the input is too wide and stage 1 is bypassed: always aborted and recorded. */
enum xl_act smmuv3_bypass_size(struct xl *x);
/** smmuv3_s2_table() - the stage 2 of the STE. */
void smmuv3_s2_table(const struct smmuv3 *s, const struct smmuv3_ste *e, const struct xl *x, struct pt_table *t);
/** smmuv3_walk_failed() - a table walk faulted: the event, its class, and what the fault configuration makes of it. @class_cd: under a CD fetch. */
enum xl_act smmuv3_walk_failed(struct smmuv3 *s, struct xl *x, bool class_cd);
/** smmuv3_vmid() - the tag: S2VMID in NS-EL1 if there is a stage 2 at all, else 0. */
uint16_t smmuv3_vmid(const struct smmuv3 *s, const struct smmuv3_ste *e);
#endif
