/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ctag.h - cache-tag rules: what an entry of a unit's translation cache is found by, where that is not as the specification has it.
 * Models: another lookup tag for the caches that hold whole translations (VT-d IOTLB; SMMUv3 TLB, and TBU TLBs found by ASID; AMD-Vi IOTLB and
 * port caches); identifiers kept in fewer bits, in every cache of translations and tables and in every command; what that costs. Walk caches and
 * the GPA cache add the rule's tag to the specification's, so that nothing is shared there which spec does not share (rule table: its number alone).
 * Does not model: other tags for configuration caches and caches of devices; an SMMUv3 with tlb_split counts no good drops (its entries hold
 * no output address).
 *
 * Rules, and what they need to be safe (never a wrong translation while software follows the specification):
 *  spec    the unit's own.
 *  pasid   spec and the PASID of the request. Safe.
 *  device  requester and PASID. Safe because a command about configuration structures drops the requester's translations too: a requester
 *          that moved to other tables would find what it had before.
 *  table   what software names a table by, without requester and PASID: VT-d DID, AMD-Vi DomainID, SMMUv3 as spec. Safe only if software has
 *          one such number per table.
 *  root    the table itself: the addresses of the top tables of both stages and what else of the configuration decides the result. Safe.
 * With bits = n each identifier in the tag (root: one hash of all) is kept in n bits: the lowest ones, or a hash of all. Not safe.
 *
 * What a command drops under a rule: an entry keeps the identifiers of the request that filled it (DID, PASID, ASID, VMID, DomainID, requester;
 * in n bits), and one bit more, `shared`, which is set when a request with other identifiers was answered by it. A command drops what it names by
 * those identifiers, as under spec; of the shared entries it drops all that are in its address range, whatever their identifiers. So an
 * entry that a command's address space has used never stays; the price is over-invalidation, which is counted. Under rule table there is no
 * PASID in an entry: a command that names one drops, in every cache of translations and tables, what has the table's number.
 * One command per table is then enough, where spec, pasid, device and root need one per DID and PASID that uses it.
 */
#ifndef IOMMUSIM_CTAG_H
#define IOMMUSIM_CTAG_H
#include "core/cache/xcache.h"

enum ctag_rule { CTAG_SPEC, CTAG_PASID, CTAG_DEVICE, CTAG_TABLE, CTAG_ROOT };
enum ctag_fold { CTAG_LOW, CTAG_MIX };
struct ctag_cfg {
	uint32_t rule, bits, fold; /* bits 0: all */
	bool audit; /* count good drops and duplicates; host time, no simulated time */
};
#define CTAG_OPTS(t, m)                                                                                                                                       \
	{ "tag.rule", CFG_ENUM, offsetof(t, m.rule), CTAG_SPEC, 0, 0, "",                                                                                     \
	  "What translations are cached under: the specification's tag, that and the PASID, requester and PASID, the number of the table without PASID, or the " \
	  "table's root.", "spec|pasid|device|table|root" },                                                                                                  \
	{ "tag.bits", CFG_U32, offsetof(t, m.bits), 0, 0, 20, "bits", "Bits in which caches keep each identifier of the tag; 0 is all.", 0 },                 \
	{ "tag.fold", CFG_ENUM, offsetof(t, m.fold), CTAG_LOW, 0, 0, "", "With tag.bits: the lowest bits of the identifier, or a hash of all.", "low|mix" },  \
	{ "tag.audit", CFG_BOOL, offsetof(t, m.audit), 0, 0, 1, "", "Count dropped entries that the tables still confirm, and entries that repeat another one.", 0 }

#define CTAG_STATS(X)                                                                                                                 \
	X(fills, "count", "entries written")                                                                                          \
	X(other_hits, "count", "hits on entries that another requester or PASID filled")                                              \
	X(shared, "count", "entries used under other identifiers than they carry")                                                    \
	X(dropped, "count", "entries dropped by commands")                                                                            \
	X(dropped_shared, "count", "of these, not named by the command, but shared")                                                  \
	X(dropped_config, "count", "of these, by commands about configuration structures (rule device)")                              \
	X(dropped_good, "count", "of these, still what the tables say (tag.audit)")                                                   \
	X(samples, "count", "times the cache was searched for entries that repeat another one (tag.audit)")                           \
	X(sampled, "entries", "entries seen in these searches")                                                                       \
	X(repeated, "entries", "entries seen in these searches whose page, size and result another one has")
struct ctag_stats {
	CTAG_STATS(STAT_DECL)
};
extern const struct stat_def ctag_stat_defs[]; /* the counters and the ratio duplicates = repeated / sampled */

struct iommu;
struct xl;
struct pt_table;
struct ctag;
/**
 * ctag_create() - @ids: per kind of entry, the INV_* that commands can name it by. *out is NULL if everything is as the specification has it.
 * ctag_watch() - @x holds translations, its payload begins with the output page (uint64_t). Both return false when out of memory.
 */
bool ctag_create(struct iommu *u, const struct ctag_cfg *c, const uint8_t *ids, unsigned n_ids, struct ctag **out, struct err *e) MUST_USE;
bool ctag_watch(struct ctag *t, struct xcache *x, struct err *e) MUST_USE;
void ctag_destroy(struct ctag *t);
enum ctag_rule ctag_rule(const struct ctag *t);
static inline enum ctag_rule ctag_rule_of(const struct ctag *t) /* NULL: CTAG_SPEC */
{
	return UNLIKELY(t != NULL) ? ctag_rule(t) : CTAG_SPEC;
}
/** ctag_short() - an identifier as the caches keep it. ctag_scope(): what a command names, as the caches can compare it. */
uint32_t ctag_fold_id(const struct ctag *t, uint32_t id);
static inline uint32_t ctag_short(const struct ctag *t, uint32_t id)
{
	return UNLIKELY(t != NULL) ? ctag_fold_id(t, id) : id;
}
void ctag_scope(const struct ctag *t, struct inv_scope *s);
struct ctag_key {
	uint64_t spec; /* the specification's tag, identifiers as ctag_short() has them */
	uint64_t table; /* rule table: the number of the table */
	uint64_t mode; /* kind and privilege: always part of the tag */
	uint64_t root; /* rule root: ctag_root() */
};
uint64_t ctag_root(const struct pt_table *s1, const struct pt_table *s2, uint64_t more); /* either may be NULL */
uint64_t ctag_id(const struct ctag *t, const struct xl *x, const struct ctag_key *k);
/** ctag_walk_id() - tag of walk-cache entries of a table; @spec and @table as in struct ctag_key, @t nearly complete. @c may be NULL. */
uint64_t ctag_walk_id(const struct ctag *c, const struct xl *x, const struct pt_table *t, uint64_t spec, uint64_t table);
/** ctag_hit() - an entry answers @x. ctag_fill(): it was just written, payload included. */
void ctag_hit(struct ctag *t, struct xcache *c, uint32_t slot, const struct xl *x);
void ctag_fill(struct ctag *t, struct xcache *c, uint32_t slot, const struct xl *x);
/** ctag_invalidate() - xc_invalidate() for a cache under ctag_watch(); @s as ctag_scope() left it. */
void ctag_invalidate(struct ctag *t, struct xcache *c, const struct inv_scope *s);
/** ctag_config() - a command about configuration structures, identifiers not shortened: rule device drops what the requesters had. */
void ctag_config(struct ctag *t, const struct inv_scope *s);
struct ctag_stats *ctag_stats_of(struct ctag *t);
/** ctag_drop() - xc_invalidate() under whatever rule; @t may be NULL. */
static inline void ctag_drop(struct ctag *t, struct xcache *c, const struct inv_scope *s)
{
	if (UNLIKELY(t != NULL))
		ctag_invalidate(t, c, s);
	else
		xc_invalidate(c, s);
}
#endif
