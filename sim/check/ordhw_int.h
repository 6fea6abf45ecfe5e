/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ordhw_int.h - between the records and tables (ordhw.c), configuration entries (ordhw_cfg.c) and what one architecture adds (struct
 * ordhw_arch).
 */
#ifndef IOMMUSIM_ORDHW_INT_H
#define IOMMUSIM_ORDHW_INT_H
#include "check/ordhw.h"
#include "import/lift_tap.h"

enum { ORDHW_ENTRY_WORDS = 8, ORDHW_WAITS = 8192, ORDHW_REGS = 2 };
struct ordhw_cfg { /* what a configuration entry says */
	bool valid; /* hardware looks further than the valid bit, and requests are not blocked */
	bool leaf; /* it names a table or a pass-through, else another configuration table */
	uint8_t kind, type; /* enum ord_kind, enum ord_type */
	uint64_t root, tbl; /* page table; configuration table */
	uint32_t rid, pasid; /* as the events name it */
	uint64_t has; /* ORD_HAS(): of these keys */
	uint64_t v[ORD_KEYS_N];
};
struct ordhw;
struct ordhw_arch {
	const char *name;
	enum ord_arch arch;
	uint32_t (*used)(const struct lift_upper *u, const uint64_t *w); /* words of the entry that hardware looks at, a bit each */
	/* the entry @w of @u (number @i in it); @c is zeroed but for rid and pasid */
	void (*cfg)(struct ordhw *h, const struct lift_upper *u, uint32_t i, const uint64_t *w, struct ordhw_cfg *c);
	/* an attachment that no entry told of: what is behind an entry just made valid, or there from the start. false: none of its own */
	bool (*grown)(struct ordhw *h, const struct ordhw_cfg *a, const struct ordhw_cfg *b); /* the table of @b is that of @a with levels on top */
	bool (*attached)(struct ordhw *h, const struct lift_att *a, struct ordhw_cfg *c);
	void (*command)(struct ordhw *h, const uint64_t *w, unsigned n, struct ord_ev *e); /* emits */
	void (*reg)(struct ordhw *h, uint32_t off, unsigned bytes, uint64_t val, bool state); /* before lifting has seen it */
	void (*read)(struct ordhw *h, uint32_t off, unsigned bytes, uint64_t val); /* NULL: reads tell nothing */
	void (*knobs)(const struct ordhw *h, struct ord_knobs *k);
	uint32_t tail, head; /* registers of the ring */
	bool by_slot; /* they count slots, not bytes */
	bool pairs; /* stores of 16 bytes come as two */
};
extern const struct ordhw_arch ordhw_vtd, ordhw_smmuv3, ordhw_amdvi;
/* A former table page and its page table; @whole: of one that nothing is attached to any more. page 1: deleted, 0: free slot. */
struct ordhw_page { uint64_t page; uint32_t d; bool whole; };
struct ordhw_known { uint64_t root, off; uint32_t rid, pasid; uint8_t kind; }; /* attachment that has been told; off: ended at this record, or 0 */
struct ordhw_stale { uint32_t rid, pasid, used; uint8_t kind; }; /* words that an entry used while it was last valid */
struct ordhw_top { uint64_t root; uint32_t name; }; /* a table that has got another on top is still called as before */
struct ordhw_tag { uint64_t key, root; }; /* tag and the table it last named */
struct ordhw {
	struct ordhw_ops o;
	struct err *e;
	struct lift_tap tap;
	struct lift *l;
	const struct ordhw_arch *arch;
	struct ord_names *names;
	struct ordhw_sum sum;
	uint8_t unit;
	bool several; /* other units see the same memory: nothing is merged over records */
	bool begun, failed, explicit_done, ended /* an entry has become invalid by this record */, settled; /* what is there from the start has been told */
	uint64_t line, at; /* of the record in work */
	struct ord_ev run; /* leaves being merged; op ORD_OPS_N: none */
	/* the first half of a 16-byte store */
	struct { bool on; struct lift_upper u; uint64_t pa, old; uint64_t line; } half;
	struct ordhw_page *gone;
	size_t n_gone, cap_gone;
	struct ordhw_known *known;
	size_t n_known, cap_known;
	struct ordhw_stale *stale;
	size_t n_stale, cap_stale;
	struct ordhw_top *top;
	size_t n_top, cap_top;
	struct ordhw_tag *tag;
	size_t n_tag, cap_tag;
	uint32_t open[ORDHW_WAITS], n_open; /* slots of waits not complete */
	uint32_t slot; /* of the command in work, TRC_NO_SLOT: not known */
	uint64_t ring, ring_bytes; /* command ring in memory; 0: not known */
	uint8_t slot_lg2;
	uint32_t last_slot; /* written last */
	uint64_t tail_slot; /* the tail as last written, if it was */
	bool tail_seen;
	uint32_t form[8]; /* names of forms and worlds, architecture's order */
	/* registers */
	uint64_t reg[10];
	bool te;
	struct { uint64_t waits, aborted, head; bool stopped, knows_head, on; } live; /* what ordhw_progress() has seen of the unit */
	struct { uint32_t wait; bool open, polled; } by_reg[ORDHW_REGS]; /* commands given by register; polled: reads tell when they are complete */
};
void ordhw_before(struct ordhw *h, const struct trc_rec *r); /* what was only waiting for the next record, which is @r */
bool ordhw_sync(struct ordhw *h, const struct trc_rec *r); /* the same, with what was stored if @r is no store */
/* ordhw_ev.c */
void ordhw_fail(struct ordhw *h, int code, const char *what);
/** ordhw_new() - an event of the record in work. */
void ordhw_new(struct ordhw *h, struct ord_ev *e, enum ord_op op);
void ordhw_emit(struct ordhw *h, const struct ord_ev *e); /* merged leaves go first */
void ordhw_rid(struct ord_ev *e, uint32_t rid, uint32_t pasid);
void ordhw_range(struct ord_ev *e, uint64_t first, uint64_t last);
void ordhw_pages(struct ord_ev *e, uint64_t addr, unsigned lg2); /* 2^@lg2 bytes around @addr */
void ordhw_ats_range(struct ord_ev *e, uint64_t addr, bool s, unsigned all); /* PCIe size code; @all: this many ones and up are everything */
uint32_t ordhw_name(struct ordhw *h, const char *s);
uint32_t ordhw_table(struct ordhw *h, uint64_t root); /* name of a page table */
bool ordhw_grow(struct ordhw *h, void *arr, size_t n, size_t *cap, size_t elem);
void ordhw_end_run(struct ordhw *h); /* merged leaves go out */
/* ordhw.c */
bool ordhw_state(struct ordhw *h, const struct trc_rec *r); /* before anything has begun: what is there from the start */
void ordhw_ring(struct ordhw *h); /* it begins, or begins anew */
void ordhw_pointer(struct ordhw *h, enum ord_op op, uint64_t slot); /* head or tail */
void ordhw_end_waits(struct ordhw *h, enum ord_op op, uint32_t n); /* the first @n open ones: completed, aborted */
void ordhw_wait(struct ordhw *h, struct ord_ev *e); /* names it by its slot and emits it */
void ordhw_reg_wait(struct ordhw *h, unsigned i); /* what register @i was given is on its way: events of queue 1 + @i */
void ordhw_reg_done(struct ordhw *h, unsigned i);
void ordhw_te(struct ordhw *h, bool on);
/* ordhw_pt.c */
void ordhw_leaf(void *who, struct lift_dom *d, uint64_t iova, uint64_t size, const struct lift_ent *a, const struct lift_ent *b, bool whole);
void ordhw_table_changed(void *who, struct lift_dom *d, bool on, unsigned level, uint64_t iova, uint64_t size, uint64_t pa, bool whole);
void ordhw_stored(struct ordhw *h, uint64_t pa); /* a word of no ring has changed */
void ordhw_gone(struct ordhw *h, uint64_t page, uint32_t d, bool whole); /* the page is no table now */
void ordhw_used(struct ordhw *h, uint64_t page, uint32_t d); /* it is one, of @d */
/* ordhw_cfg.c */
void ordhw_upper(void *who, const struct lift_upper *u, uint64_t pa, uint64_t old, uint64_t val);
void ordhw_attach(void *who, const struct lift_att *a, bool on);
void ordhw_half_end(struct ordhw *h); /* a first half without second: a store of its own */
void ordhw_key(struct ordhw_cfg *c, enum ord_key k, uint64_t v);
#endif
