/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ordhw.h - neutral ordering events (core/trace/ord_ev.h) from a hardware-level trace: what was stored, what was written to registers.
 * Models: leaves and tables of every page table that a configuration entry reaches; configuration entries word by word, and when they
 * become valid, change, or end; commands of the main queue when its tail moves, raw commands (`cmd` records), with illegal ones marked;
 * completions; DMAs and device events. Release is inferred, as nobody logs it: a table page that was unlinked and is stored to or linked
 * again was freed (PT_FREE), a tag that a new table uses was freed by the old one (ID_ALLOC), and a leaf set over a cleared range is a new
 * use of the address.
 * Assumes: a wait is complete when the register write that submitted it has ended, as in a unit that executes within the write (a capture
 * has no status writes); explicit completion leaves that to ordhw_progress(). Two stores to the halves of 16 aligned bytes of an
 * AMD-Vi device table entry in succession are one store of 16 bytes.
 * Does not model: write-backs and barriers (not in a store-only trace), release of data pages, software's lists, queues other than the main one, memory types and accessed/dirty bits of leaves, interrupt tables. One ordhw is one unit; a trace of several:
 * ordhw_units_open().
 */
#ifndef IOMMUSIM_ORDHW_H
#define IOMMUSIM_ORDHW_H
#include "check/ord.h"
#include "core/iommu.h"
#include "core/trace/trc.h"

struct ordhw_ops {
	void *ctx;
	/* the architecture is known and the first event follows: names for the events; NULL ends it (error in @e of ordhw_open()) */
	struct ord_names *(*begin)(void *ctx, enum ord_arch a);
	bool (*event)(void *ctx, const struct ord_ev *e); /* false: end */
};
struct ordhw_sum { uint64_t records, events, commands, illegal, pt_free, id_alloc, pairs, nested; };
struct ordhw;
/** ordhw_open() - @arch NULL: captured registers say it, VT-d without any. @explicit_done: no completion is assumed. */
struct ordhw *ordhw_open(const char *arch, bool explicit_done, const struct ordhw_ops *o, struct err *e) MUST_USE;
/** ordhw_take() - the next record. Ordering events and raw commands may be among them; software-level kinds are not looked at. */
bool ordhw_take(struct ordhw *h, const struct trc_rec *r) MUST_USE;
/** ordhw_finish() - what is held back goes out. */
bool ordhw_finish(struct ordhw *h) MUST_USE;
/**
 * ordhw_progress() - with explicit completion: what @u, the unit that executes it all, has done since the last call: commands fetched, waits
 * and register commands completed, waits aborted, an error that stopped the queue. For whoever drives a unit; before each record. (ordhw_live.c)
 */
bool ordhw_progress(struct ordhw *h, const struct iommu *u) MUST_USE;
/** ordhw_error() - why the unit's queue stands: "IQE", "ITE", "ICE" (VT-d), "ILL", "ABT", "ATC" (SMMUv3); NULL: it does not, or AMD-Vi. */
const char *ordhw_error(const struct iommu *u);
/** ordhw_capabilities() - the unit's capability registers as records, for sources without captured ones. */
bool ordhw_capabilities(const struct iommu *u, bool (*put)(void *arg, const struct trc_rec *r), void *arg) MUST_USE;
/** ordhw_knobs() - what the captured registers decide (in begin(), before the user's own settings); the rest of @k stays. */
void ordhw_knobs(const struct ordhw *h, struct ord_knobs *k);
/** ordhw_undecidable() - rules that a trace of stores cannot decide under @k, with the reason; @i from 0. Returns: NULL behind the last. */
const char *ordhw_undecidable(const struct ordhw *h, const struct ord_knobs *k, size_t i, enum ord_rule_id *r);
/** ordhw_print() - the event as a line of text, cut at @n - 1 characters. (ordhw_text.c) */
void ordhw_print(char *b, size_t n, const struct ord_ev *e, const struct ord_names *names);
const struct ordhw_sum *ordhw_sum(const struct ordhw *h);
void ordhw_close(struct ordhw *h);
/** ordhw_units_open() - the same for records of several units, by their unit index (ordhw_units.c); @o sees the events of all. @arch stays the caller's. */
struct ordhw_units;
struct ordhw_units *ordhw_units_open(const char *arch, bool explicit_done, const struct ordhw_ops *o, struct err *e) MUST_USE;
bool ordhw_units_take(struct ordhw_units *s, const struct trc_rec *r) MUST_USE;
/** ordhw_units_state() - before the first ordhw_units_take(): a page, register state, or store that is the state everything begins with. */
bool ordhw_units_state(struct ordhw_units *s, const struct trc_rec *r) MUST_USE;
/** ordhw_units_get() - one unit; NULL: no record has named it. */
struct ordhw *ordhw_units_get(const struct ordhw_units *s, unsigned unit);
/** ordhw_units_out() - leaves that might be merged with the next go out as they are: for whoever wants to be told at once. */
void ordhw_units_out(struct ordhw_units *s);
bool ordhw_units_finish(struct ordhw_units *s) MUST_USE;
/** ordhw_units_first() - the unit that ordhw_knobs() and ordhw_undecidable() are to ask. */
const struct ordhw *ordhw_units_first(const struct ordhw_units *s);
void ordhw_units_close(struct ordhw_units *s);
#endif
