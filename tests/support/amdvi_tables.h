/* SPDX-License-Identifier: Apache-2.0 */
/*
 * amdvi_tables.h - device tables, GCR3 tables, host (v1) and guest (v2) page tables in memory, encoded from the layouts of the
 * specification and not by the model, and a unit brought up through its registers. Levels are the architecture's: 1 to 6. Source: document
 * 48882. Models: device table segments, every Mode, skipped levels, default and encoded (level 7) page sizes, replicated; 4- and 5-level
 * guest tables with three page sizes; GCR3 tables of 1 to 3 levels; guest and GCR3 tables above a host table (their pages are mapped there
 * when they are made). Does not model: devices (a request is one struct xl run to its end), guests of the hardware vIOMMU (amdvi_vrig.h).
 */
#ifndef AMDVI_TABLES_H
#define AMDVI_TABLES_H
#include "amdvi_rig.h"

#define AT_B(n) (UINT64_C(1) << (n))
/* As ck_assert_msg(), which costs a system call each time it holds. */
#define must(cond, ...)                                                                                                                    \
	do {                                                                                                                               \
		if (!(cond))                                                                                                               \
			ck_abort_msg(__VA_ARGS__);                                                                                         \
	} while (0)
/* entry bits */
#define AT_PR UINT64_C(1)
#define AT_A  AT_B(5) /* of both kinds of tables */
#define AT_D  AT_B(6)
#define AT_IR AT_B(61)
#define AT_IW AT_B(62)
#define AT_RW (AT_PR | AT_IR | AT_IW) /* v1 leaf and table */
#define AT_FC AT_B(60)
#define AT_P  UINT64_C(1)
#define AT_W  AT_B(1)
#define AT_U  AT_B(2)
#define AT_PS AT_B(7)
#define AT_NX AT_B(63)
#define AT_G  (AT_P | AT_W | AT_U) /* v2 leaf and table */
/* DTE, first word; GCR3TRPMode and others: Control */
#define AT_HAD(n) ((uint64_t)(n) << 7)
#define AT_GIOV   AT_B(54)
#define AT_GV     AT_B(55)
#define AT_GTEN   AT_B(16)
#define AT_GDDIS  AT_B(48)
#define AT_GADIS  AT_B(54)
#define AT_TRP    AT_B(58)
/* ... second word */
#define AT_I  AT_B(32)
#define AT_SE AT_B(33)
#define AT_SA AT_B(34)
#define AT_EX AT_B(39)
enum { AT_DEV = 0x300, AT_DOM = 5 };

struct at_opt {
	uint32_t caches; /* entries of every cache; 0: none */
	uint64_t ctl;    /* further Control bits; GTEn is always set unless no_gt */
	bool no_gt;
	uint64_t efr_clr, efr_set;
	unsigned seg_lg2; /* 2^n device table segments */
	void (*tweak)(struct amdvi_cfg *c);
};
struct at {
	struct rig *r;
	struct at_opt o;
	uint64_t bump;  /* next free byte */
	unsigned event; /* next entry of the event log */
	uint64_t seq;   /* of COMPLETION_WAIT */
	struct xl x;
	unsigned answers;
};
struct at_host { /* v1 table */
	uint64_t root;
	unsigned mode;
	unsigned skip; /* bit L: no table of level L is made */
};
struct at_guest {      /* v2 table */
	uint64_t root; /* SPA; as its users see it: + off */
	unsigned levels;
	struct at_host *under;
	uint64_t off; /* GPA - SPA of tables */
};
struct at_gcr3 {
	uint64_t root;
	unsigned glx;
	struct at_host *under; /* GCR3TRPMode 1 */
	uint64_t off;
};
/* What describes one device: words as they lie in memory. */
struct at_dev {
	uint32_t rid;
	uint64_t dte[4];
	struct at_host h;
	struct at_guest g;
	struct at_gcr3 c;
};
void at_open(struct at *t, const struct at_opt *o);
void at_close(struct at *t);
uint64_t at_alloc(struct at *t, unsigned lg2);
/* ---- tables ---- */
static inline unsigned at_shift(unsigned level)
{
	return 3 + 9 * level;
}
struct at_host at_h_new(struct at *t, unsigned mode);
/** at_h_entry() - address of the entry of @ia at @level; the tables above are made if they are not there. */
uint64_t at_h_entry(struct at *t, const struct at_host *h, uint64_t ia, unsigned level);
/** at_h_map() - a leaf of the default size of @level. @bits beside the address. Returns: address of the entry. */
uint64_t at_h_map(struct at *t, const struct at_host *h, uint64_t ia, uint64_t spa, unsigned level, uint64_t bits);
/** at_sized() - the encoded address and NextLevel 7 of a page of 2^@lg2 bytes. */
uint64_t at_sized(uint64_t spa, unsigned lg2);
/** at_h_sized() - a page of 2^@lg2 bytes in all its entries. Returns: address of the first of them. */
uint64_t at_h_sized(struct at *t, const struct at_host *h, uint64_t ia, uint64_t spa, unsigned lg2, uint64_t bits);
/** at_g_new() - @under: guest tables are pages of that host table, at SPA + off there. */
struct at_guest at_g_new(struct at *t, unsigned levels, struct at_host *under, uint64_t off);
uint64_t at_g_entry(struct at *t, const struct at_guest *g, uint64_t ia, unsigned level);
uint64_t at_g_map(struct at *t, const struct at_guest *g, uint64_t ia, uint64_t oa, unsigned level, uint64_t bits);
struct at_gcr3 at_c_new(struct at *t, unsigned glx, struct at_host *under, uint64_t off);
/** at_c_entry() - address of the entry of @pasid at level @level (0 is the last). */
uint64_t at_c_entry(struct at *t, const struct at_gcr3 *c, uint32_t pasid, unsigned level);
/* ---- devices ---- */
/** at_host_dev(), at_guest_dev(), at_nested_dev() - DTE in place, nothing mapped; DomainID @dom. @trp: as the unit's Control has it. */
void at_host_dev(struct at *t, struct at_dev *d, uint32_t rid, uint16_t dom, unsigned mode);
void at_guest_dev(struct at *t, struct at_dev *d, uint32_t rid, uint16_t dom, unsigned levels, unsigned glx);
void at_nested_dev(struct at *t, struct at_dev *d, uint32_t rid, uint16_t dom, const struct at_host *h, unsigned levels, unsigned glx);
/** at_pasid() - give @pasid the guest table @g of this device. */
void at_pasid(struct at *t, const struct at_dev *d, const struct at_guest *g, uint32_t pasid);
void at_dte_guest(struct at_dev *d); /* the GCR3 fields, from d->c, d->g */
uint64_t at_dte_at(const struct at *t, uint32_t rid);
void at_put_dte(struct at *t, const struct at_dev *d);
/* ---- requests, events, commands ---- */
struct xl_req at_req(uint32_t rid, uint64_t iova, unsigned acc);
struct xl_req at_preq(uint32_t rid, uint32_t pasid, uint64_t iova, unsigned acc);
struct xl_res at_run(struct at *t, const struct xl_req *q); /* timed, retired at once; fails if there is no answer */
struct xl_res at_now(struct at *t, const struct xl_req *q);
bool at_event(struct at *t, uint64_t rec[2]); /* the next entry of log A, if there is one */
unsigned at_drop_events(struct at *t);
void at_cmd(struct at *t, uint64_t w0, uint64_t w1); /* put into the buffer; nothing runs */
void at_put_wait(struct at *t);
bool at_waited(const struct at *t); /* the last COMPLETION_WAIT has stored */
void at_sync(struct at *t);         /* COMPLETION_WAIT, the tail, and run until it has completed */
static inline void at_do(struct at *t, uint64_t w0, uint64_t w1)
{
	at_cmd(t, w0, w1);
	at_sync(t);
}
static inline uint64_t at_get(const struct at *t, uint64_t spa)
{
	uint64_t w = 0;

	must(mem_read(t->r->m, spa, &w, 1) == MEM_OK, "read of %lx", spa);
	return w;
}
static inline void at_put(struct at *t, uint64_t spa, uint64_t v)
{
	must(mem_write(t->r->m, spa, &v, 1) == MEM_OK, "write of %lx", spa);
}
static inline void at_edit(struct at *t, uint64_t spa, uint64_t set, uint64_t clr)
{
	at_put(t, spa, (at_get(t, spa) & ~clr) | set);
}
/* Commands (7.3), both words. Address forms: one page; everything; 2^lg2 bytes. */
enum { AT_PDE = 2, AT_GN = 4 };
#define AT_PAGE(a) ((uint64_t)(a) & ~UINT64_C(0xfff))
#define AT_ALL     (UINT64_C(0x7ffffffffffff000) | 1)
static inline uint64_t at_range(uint64_t a, unsigned lg2)
{
	return lg2 <= 12 ? AT_PAGE(a) : (((a & ~(AT_B(lg2) - 1)) | (AT_B(lg2 - 1) - 1)) & ~UINT64_C(0xfff)) | 1;
}
#define AT_DEVTAB(rid)       (UINT64_C(2) << 60 | (rid)), UINT64_C(0)
#define AT_PAGES(dom, pasid) (UINT64_C(3) << 60 | (uint64_t)(dom) << 32 | (pasid))
#define AT_INV_ALL           (UINT64_C(8) << 60), UINT64_C(0)
#endif
