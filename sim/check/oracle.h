/* SPDX-License-Identifier: Apache-2.0 */
/*
 * oracle.h - every translation that a device uses, compared at the moment of use with what the tables in memory say at that moment.
 * Models: the use of an answer of the unit (untranslated, translation request of the trace) and of a line of a device's translation cache;
 * the store after which the answer was no longer what the tables say; the commands and the completed wait behind that store; contexts
 * that share the tag of a cache entry; pages that were put into another table entry since. A difference gets one of enum oracle_class.
 * Does not model: all that a command covers (oracle_cmds.c: kind, address, domain; not requester, PASID, ASID, VMID); reuse through an
 * entry larger than 4 KiB, or in a table page that no checked translation has read; stores that do not come from the trace or the
 * driver model (tables written by a unit itself). Of one word the last ORACLE_HISTORY changes are kept.
 * Memory: grows with distinct table words, pages, contexts and requests in flight, not with the length of the trace.
 * The oracle changes nothing: a run with it gives the same statistics as one without, beside its own.
 */
#ifndef IOMMUSIM_ORACLE_H
#define IOMMUSIM_ORACLE_H
#include "software/platform.h"

enum oracle_class {
	ORACLE_WINDOW, /* the tables changed, and no wait submitted after that has completed: legal */
	ORACLE_STALE, /* a wait behind an invalidation of that address behind the change has completed */
	ORACLE_MISSING, /* a later wait has completed, but until now nothing has invalidated that address since the change */
	ORACLE_ALIAS, /* what the tables say, or said, for another context */
	ORACLE_REUSE, /* as one of the first three, and the page has been put into another table entry since */
	ORACLE_UNEXPLAINED, /* none of these */
	ORACLE_CLASSES
};
extern const char *const oracle_class_name[];
enum { ORACLE_HISTORY = 8 };

#define ORACLE_STATS(X)                                                                            \
	X(checked, "count", "translations used and compared with the tables")                      \
	X(agree, "count", "as the tables say at that moment")                                      \
	X(window, "count", "differ in the legal window: changed, no later wait has completed")     \
	X(stale, "count", "differ after the invalidation has completed")                           \
	X(missing, "count", "differ after a later wait has completed, without an invalidation of the address") \
	X(alias, "count", "differ and are another context's translation")                          \
	X(reuse, "count", "differ and the page has been mapped elsewhere since")                   \
	X(unexplained, "count", "differ and no store, register write or other context explains it") \
	X(refused, "count", "of those that differ, refused although the tables allow it")          \
	X(atc, "count", "of those that differ, translated by the device's own cache")              \
	X(walks, "count", "walks of the oracle, those that look for reasons not included")
struct oracle_stats {
	ORACLE_STATS(STAT_DECL)
	struct hist age_ps; /* of those that differ and whose store is known: store to use */
};
extern const struct stat_def oracle_stat_defs[];

struct oracle_ans { /* what a request is told */
	bool ok;
	uint16_t code; /* refused: the unit's reason; what counts as a difference does not depend on it */
	uint64_t spa;
};
struct oracle_store {
	uint64_t addr, old, new_, line, seq;
	sim_time at;
};
struct oracle_cmd { /* a write of a queue tail or another register, and what the unit did until it was idle */
	uint64_t line, val, seq, first_line, last_line; /* stores outside tables since the write before: the commands; 0: none */
	uint64_t waits, invs; /* completed in it */
	sim_time at, done_at;
	uint32_t off;
	bool tail, done; /* done: software may rely on it */
};
struct oracle_finding {
	enum oracle_class class;
	bool atc; /* used by means of the device's own cache */
	bool has_store, lost; /* lost: that change, or one before it */
	bool has_cmd, has_other, same_tag, has_reuse;
	uint64_t line; /* of the DMA; 0: not known */
	sim_time at;
	unsigned unit;
	struct xl_req req; /* as the device means it: iova */
	struct oracle_ans got, now;
	struct oracle_store store;
	struct oracle_cmd cmd; /* behind the store, wait completed: the one by which all needed was invalidated; missing: the first one */
	uint64_t inv_line, inv_pos; /* stale: the write that submitted the invalidation, and where in the ring; UINT64_MAX: not known */
	uint32_t other_rid, other_pasid; /* alias */
	bool other_has_pasid;
	uint16_t did, asid, vmid; /* the tag that both have */
	uint64_t reuse_line, reuse_word; /* the store that put the page elsewhere */
};

struct oracle;
/** oracle_create() - watch all units of @p from now on, before the first record. @keep: errors, and legal uses, to keep: the first ones. */
struct oracle *oracle_create(struct plat *p, unsigned keep, struct err *e) MUST_USE;
/** oracle_destroy() - before the platform's; NULL-safe. */
void oracle_destroy(struct oracle *o);
struct oracle_stats *oracle_statistics(struct oracle *o); /* register it; a reset at the end of warm-up is fine */
/** oracle_bad() - stale, missing, alias, reuse and unexplained differences since the beginning, warm-up included. */
uint64_t oracle_bad(const struct oracle *o);
/** oracle_finding() - the @i-th, those that are no error (legal window) behind all others; NULL: no more. */
const struct oracle_finding *oracle_finding(const struct oracle *o, size_t i);
/** oracle_oom() - memory ran out: what follows was not checked. */
bool oracle_oom(const struct oracle *o);
#endif
