/* SPDX-License-Identifier: Apache-2.0 */
/*
 * smmuv3_tables.h - stream tables, CDs and VMSAv8-64 tables in memory, encoded from the layouts of the specification and not by the model,
 * and a unit brought up through its registers. Levels are the architecture's: -1 to 3. Source: Arm IHI 0070, chapters 3 and 5. Models: all
 * granules and start levels, concatenated stage-2 start tables, blocks, contiguous groups, both halves, stage-1 tables and CDs under a
 * stage 2 (their pages are mapped there when they are made), linear and 2-level stream and CD tables. Does not model: VMSAv8-32, 128-bit
 * descriptors, devices; a request is one struct xl run to its end.
 */
#ifndef SMMUV3_TABLES_H
#define SMMUV3_TABLES_H
#include "smmuv3_rig.h"

#define ST_B(n) (UINT64_C(1) << (n))
/* As ck_assert_msg(), which costs a system call each time it holds. */
#define must(cond, ...)                                                                                                                    \
	do {                                                                                                                               \
		if (!(cond))                                                                                                               \
			ck_abort_msg(__VA_ARGS__);                                                                                         \
	} while (0)
enum { /* descriptor bits */
       ST_AP1 = 0x40,
       ST_AP2 = 0x80,
       ST_S2R = 0x40,
       ST_S2W = 0x80,
       ST_AF = 0x400,
       ST_NG = 0x800,
       ST_S1 = ST_AF | ST_NG | ST_AP1,        /* unprivileged read and write, not global, AttrIndx 0 */
       ST_S2 = ST_AF | ST_S2R | ST_S2W | 0x3c /* MemAttr: Normal write-back */
};
#define ST_DBM  ST_B(51)
#define ST_CONT ST_B(52)
#define ST_PXN  ST_B(53)
#define ST_UXN  ST_B(54)
enum { ST_SID = 0x25, ST_VMID = 0x0105, ST_ASID = 0x0209 };
struct st;
struct st_tab {
	unsigned g, bits; /* log2 of the granule; input bits */
	int start;        /* level of the first table */
	unsigned top;     /* index bits of the first table */
	bool s2, ds, be;
	uint64_t root;        /* where it lies */
	uint64_t off;         /* stage 1 under a stage 2: IPA - PA of its tables */
	struct st_tab *under; /* ... and that stage 2 */
};
struct st_opt {
	uint32_t caches;     /* entries of every cache of the TCU; 0: none */
	bool no_walk_caches; /* none of tables and IPAs in spite of that */
	uint32_t idr0_clr, idr0_set, idr1_clr, idr1_set, idr3_clr, idr3_set, idr5_clr, idr5_set;
	int aidr;          /* 0: as the unit has it; -1: v3.0 */
	bool two_level;    /* stream table: SPLIT 6 */
	uint32_t cr0, cr2; /* further bits */
	bool disabled;     /* SMMUEN stays 0 */
	void (*tweak)(struct smmuv3_cfg *c);
};
struct st {
	struct rig *r;
	struct st_opt o;
	uint64_t bump; /* next free byte */
	uint64_t l2_strtab;
	unsigned event; /* next event queue index */
	struct xl x;
	unsigned answers;
	uint32_t sid; /* of st_req() */
};
/* What describes one stream: words as they lie in memory. */
struct st_stream {
	uint32_t sid;
	uint64_t ste[8], cd[8];
	uint64_t cdp;         /* PA of CD 0 */
	struct st_tab s1, s2; /* unused: g = 0 */
};
void st_open(struct st *t, const struct st_opt *o);
void st_close(struct st *t);
uint64_t st_alloc(struct st *t, unsigned lg2);
/* ---- tables ---- */
static inline unsigned st_shift(const struct st_tab *p, int level)
{
	return p->g + (p->g - 3) * (unsigned)(3 - level);
}
int st_s1_start(unsigned g, unsigned bits);
/** st_tab_new() - an empty first table. @start: stage 2 only. @leaf: under a stage 2, the level at which that maps its tables. */
struct st_tab st_tab_new(struct st *t, unsigned g, unsigned bits, int start, bool s2, struct st_tab *under, uint64_t off);
/** st_entry() - address of the descriptor of @ia at @level; the tables above must exist. */
uint64_t st_entry(struct st *t, const struct st_tab *p, uint64_t ia, int level);
/** st_map() - a leaf at @level; tables in between are made. Returns: address of the leaf descriptor. */
uint64_t st_map(struct st *t, const struct st_tab *p, uint64_t ia, uint64_t oa, int level, uint64_t bits);
uint64_t st_leaf(const struct st_tab *p, uint64_t oa, int level, uint64_t bits); /* a leaf descriptor */
extern int st_s2_leaf; /* level at which stage 2 maps tables and CDs: 3, or a block level */
/* ---- structures ---- */
/** st_stage1() and st_stage2() - give the stream a stage: new tables, the words of CD and STE. */
void st_stage2(struct st *t, struct st_stream *s, unsigned g, unsigned bits, int start);
void st_stage1(struct st *t, struct st_stream *s, unsigned g, unsigned bits);
/** st_put_ste(), st_put_cd() - write the words; nothing is invalidated. */
void st_put_ste(struct st *t, const struct st_stream *s);
void st_put_cd(struct st *t, const struct st_stream *s);
void st_put_both(struct st *t, const struct st_stream *s);
uint64_t st_ste_at(const struct st *t, uint32_t sid);
/** st_nested(), st_only1(), st_only2() - a whole stream of 48 bits with 4K granules: words in place, nothing mapped. */
void st_nested(struct st *t, struct st_stream *s, uint32_t sid);
void st_only1(struct st *t, struct st_stream *s, uint32_t sid);
void st_only2(struct st *t, struct st_stream *s, uint32_t sid);
unsigned st_ps(unsigned bits); /* OAS encoding */
/* ---- requests, events, commands ---- */
struct xl_req st_req(const struct st *t, uint64_t iova, unsigned acc);
struct xl_res st_run(struct st *t, const struct xl_req *q);          /* timed, retired at once; fails if there is no answer */
bool st_try(struct st *t, const struct xl_req *q, struct xl_res *r); /* false: it waits */
struct xl_res st_now(struct st *t, const struct xl_req *q);
bool st_event(struct st *t, uint64_t rec[4]); /* the next record, if there is one */
unsigned st_drop_events(struct st *t);
void st_cmd(struct st *t, uint64_t w0, uint64_t w1); /* put into the queue; nothing runs */
void st_put_wait(struct st *t);
bool st_waited(const struct st *t); /* every command is consumed */
void st_sync(struct st *t);                          /* CMD_SYNC, the tail, and run until it has completed */
static inline void st_do(struct st *t, uint64_t w0, uint64_t w1)
{
	st_cmd(t, w0, w1);
	st_sync(t);
}
static inline uint64_t st_get(const struct st *t, uint64_t pa)
{
	uint64_t w = 0;

	must(mem_read(t->r->m, pa, &w, 1) == MEM_OK, "read of %lx", pa);
	return w;
}
static inline void st_put(struct st *t, uint64_t pa, uint64_t v)
{
	must(mem_write(t->r->m, pa, &v, 1) == MEM_OK, "write of %lx", pa);
}
static inline void st_edit(struct st *t, uint64_t pa, uint64_t set, uint64_t clr)
{
	st_put(t, pa, (st_get(t, pa) & ~clr) | set);
}
/* Commands (4.2, 4.3) */
#define ST_CFGI_STE(sid, leaf)      (0x03 | (uint64_t)(sid) << 32), (uint64_t)(leaf)
#define ST_CFGI_ALL                 0x04, 0x1f
#define ST_CFGI_CD(sid, ssid, leaf) (0x05 | (uint64_t)(ssid) << 12 | (uint64_t)(sid) << 32), (uint64_t)(leaf)
#define ST_CFGI_CD_ALL(sid)         (0x06 | (uint64_t)(sid) << 32), 0
#define ST_TLBI(op, vmid, asid)     ((op) | (uint64_t)(vmid) << 32 | (uint64_t)(asid) << 48)
#endif
