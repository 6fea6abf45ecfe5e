/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ord_eng.h - private to the engine of the ordering checker (ord_eng.c, ord_att.c, ord_obl.c, ord_cmd.c, ord_rel.c). Rule families see ord_int.h.
 * An obligation stands in the tree of its tag (TLB) or device (ATC) while no command covers it, in its queue's list from then on until the wait
 * completes, and all that time in its page table's tree and, if its page is known, in the tree of pages.
 */
#ifndef IOMMUSIM_ORD_ENG_H
#define IOMMUSIM_ORD_ENG_H
#include "check/ord_ds.h"
#include "check/ord_int.h"

enum { ORD_LAST_CMDS = 256, ORD_CFG_BUCKETS = 1024, ORD_ANY_UNIT = 255 };

enum ord_ix { ORD_IX_DOM, ORD_IX_SUB, ORD_IX_PASID, ORD_IX_N };
struct ord_in { struct ord_in *next, **pprev; }; /* a place in a list of the index (ord_idx.c) */
struct ord_head { struct ord_in *obls, *atts; };
struct ord_leafs { /* a run of present leaves */
	struct ord_itn va, pa; /* by address in its page table; by page */
	uint32_t d;
	bool paged; /* stands in the tree of pages */
	bool fresh; /* set and not yet flushed */
	uint8_t perm; /* 8: known */
	uint64_t line;
};
struct ord_tagref { /* a tag under which a page table has been reachable */
	uint8_t unit, type;
	bool parent; /* the page table is the stage 2 of a nested entry: the tag is the nested entry's */
	uint32_t dom, sub, world, n;
};
struct ord_dom {
	uint32_t id;
	bool ever; /* has been attached */
	struct ord_tagref *tag;
	size_t n_tag, cap_tag;
	struct ord_atx *atts, *children; /* by next_d: those naming it as page table; by next_p: as parent */
	struct ord_itn *leaves, *obls;
	uint64_t np_open; /* open not-present obligations */
};
struct ord_atx { /* an attachment with its links */
	struct ord_att a; /* first */
	struct ord_atx *next_d, *next_p, *next_rid; /* lists of its page table, its parent, its requester */
	struct ord_atx **prev_d, **prev_p, **prev_rid;
	struct ord_in ix[ORD_IX_N];
	uint64_t stamp; /* the last ord_chk.stamp that made an ATC obligation for it */
	uint32_t open, open_atc; /* obligations of its teardown not yet done; those of the device's cache */
	size_t index; /* in att_list */
	bool listed; /* stands in the domain's lists */
	bool blocked_done; /* not live, and its configuration obligation is done */
	bool doomed; /* removal was asked for */
	uint64_t cfg_seq; /* when the entry last changed */
};
struct ord_org { /* the event that created obligations */
	uint64_t seq, line;
	uint32_t refs;
	uint8_t op;
	uint64_t dma_line; /* a DMA write that hit one of them, 0 none */
	bool resize; /* PTE_MOD that changed the size */
	bool released; /* something was released while one of them was open, and reported: rule */
	enum ord_rule_id rule;
	struct ord_obl *cfg; /* its CFG obligations that are not done, by next_cfg */
};
struct ord_obl {
	struct ord_itn tag_n, dom_n, pa_n;
	struct ord_obl *next, *prev; /* the queue's pending list, or the list of invisible ones */
	struct ord_obl *next_cfg; /* in org->cfg */
	struct ord_obl *bucket, **pbucket; /* CFG obligations not covered */
	struct ord_obl *unext, *uprev; /* obligations whose page is not known */
	struct ord_obl *anext, *aprev; /* all obligations */
	struct ord_obl *tnext, **tprev; /* those of a teardown */
	struct ord_in ix[ORD_IX_N];
	struct ord_org *org;
	struct ord_atx *att; /* teardown: the attachment; else NULL */
	uint64_t vis_line, cmd_line, cmd_seq, wait_line;
	uint64_t cmd_flags, cmd_has;
	uint32_t d, dom, sub, rid, pasid, world;
	uint32_t q; /* where it is covered */
	uint8_t what, state, unit, kind, type;
	bool whole /* one address stands for the whole of it: pages do not shift with parts */, np, piece /* a rest of one that was covered in part */, in_tag, in_dom, in_pa, in_unknown, in_bucket, walk, any_addr, teardown, err;
	bool once; /* one of two invalidations was given (profile.extra_inv) */
	uint8_t bad; /* enum ord_cause + 1 of what undid its cover, 0 none */
};
struct ord_wait {
	struct ord_wait *next, *prev; /* on its queue, oldest first */
	uint64_t seq, line, slot, val, addr; /* slot, addr: UINT64_MAX not told */
	uint32_t w, q;
	bool gave_up, aborted, slot_written, pd;
};
struct ord_queue {
	uint32_t id;
	struct ord_obl *head, *tail; /* covered, by cmd_seq ascending */
	struct ord_wait *waits, *waits_tail; /* not completed */
	uint64_t last_wait, last_done, last_cmd; /* sequence numbers: last wait issued; newest wait that completed; last command */
	uint64_t gave_up, aborted; /* newest waits that ended so */
	uint64_t pd_done; /* newest completed wait that drains page requests */
	uint64_t wait_line;
};
struct ord_cmd { /* the last commands of the trace, for the reason in a finding */
	uint64_t seq, line, flags, has, lo, last, slot;
	uint64_t covered; /* obligations it covered, in whole or part */
	uint32_t q, dom, sub, rid, pasid, world, form;
	uint8_t op, unit, kind;
	bool rejected;
	bool wide; /* covered what a narrower kind of command is meant for: first stage by page-selective, a PASID's lines by none, GN=0 */
};
struct ord_sub { struct ord_itn *root[2]; struct ord_sub *next; uint32_t sub; }; /* root[1]: of tables that were unlinked, which leaf commands leave alone */
struct ord_tags { struct ord_sub *subs; uint32_t id, dom; uint8_t unit; }; /* subs: by PASID or ASID */
struct ord_devx {
	struct ord_dev d; /* first */
	struct ord_tags open; /* ATC obligations not covered */
	uint64_t n_atc; /* ATC obligations */
	struct ord_atx *atts; /* by next_rid */
	bool dirty; /* its ATC may hold something: translation service has been on since the last reset or confirmed flush; see ord_dirty() */
	uint64_t clean_seq; /* flush of the whole ATC after translation service went off, 0 none */
	uint32_t clean_q;
};
struct ord_table { uint64_t pa; uint32_t d; bool linked; }; /* a page-table page that a PT_LINK named */

enum { ORD_TAG_KEYS = 5 };
struct ord_held { /* a finding at an ID_FREE, until the number is handed out again or the trace ends */
	struct ord_held *next, *older, *newer; /* of the same number; all */
	struct ord_finding f;
	uint32_t tag[ORD_TAG_KEYS];
	char text[];
};

struct ord_chk {
	enum ord_arch arch;
	struct ord_knobs k;
	ord_report_fn report;
	void *ctx;
	struct ord_names names;
	struct ord_stats st;
	uint64_t seen, seq, line;
	bool excluded[ORD_RULES_N], failed;
	void *fam[ORD_FAMS];
	size_t fam_bytes;
	/* state */
	struct ord_map doms, devs, atts, queues, tags, waits, tables, links /* tables by the entry they hang under */;
	struct ord_vec all_tags, all_devs, all_doms, all_queues, v, v2;
	struct ord_map subs, index;
	struct ord_pool p_head, p_sub;
	struct ord_obl *tears; /* obligations of a teardown, by tnext */
	uint32_t n_tags;
	uint64_t stamp; /* changes that were spread over the requesters of a page table */
	struct ord_tags wild; /* obligations of page tables never attached */
	struct ord_pool p_leaf, p_obl, p_org, p_att, p_wait, p_table;
	struct ord_itn *pages, *leaf_pages; /* obligations, present leaves, by page */
	struct ord_obl *unknown, *unseen, *every; /* without known page; not yet visible; all */
	uint8_t *named; /* by name: a page or table of this name has been mapped or linked */
	size_t cap_named;
	struct ord_obl *cfg[ORD_CFG_BUCKETS];
	struct ord_atx **att_list;
	size_t n_att, cap_att;
	struct ord_map held; /* findings at an ID_FREE, by number; see ord_tag.c */
	struct ord_held *held_old, *held_new;
	const struct ord_ev *hold;
	struct ord_map known; /* entries seen valid or written before */
	bool recorded; /* the trace tells which entries use which page table */
	uint64_t np_cfg; /* open obligations of negative configuration entries */
	struct ord_cmd ring[ORD_LAST_CMDS];
	uint64_t n_cmd;
	uint32_t last_q; /* queue of the last command */
};
#define ORD_FULL(o) (!(o)->dom_n.lo && (o)->dom_n.last == UINT64_MAX)

/* ord_reach.c, ord_att.c, ord_dev.c */
struct ord_dom *ord_dom_of(struct ord_chk *c, uint32_t d, bool make);
struct ord_devx *ord_devx_of(struct ord_chk *c, uint32_t rid, bool make);
struct ord_sub *ord_sub_of(struct ord_chk *c, struct ord_tags *t, uint32_t sub, bool make);
struct ord_tags *ord_tags_of(struct ord_chk *c, uint8_t unit, uint32_t dom, bool make);
uint64_t ord_att_key(uint8_t unit, uint8_t kind, uint32_t rid, uint32_t pasid);
struct ord_atx *ord_att_new(struct ord_chk *c, const struct ord_att *proto);
void ord_att_list(struct ord_chk *c, struct ord_atx *a); /* into the lists of its page tables and requester */
void ord_att_unlist(struct ord_chk *c, struct ord_atx *a);
uint32_t ord_world(struct ord_chk *c, const struct ord_ev *e); /* 0: the usual one */
void ord_cfg_event(struct ord_chk *c, const struct ord_ev *e);
void ord_dev_event(struct ord_chk *c, const struct ord_ev *e);
void ord_att_done(struct ord_chk *c, struct ord_atx *a); /* one of its teardown obligations is done */
bool ord_dirty(struct ord_chk *c, struct ord_devx *d); /* may its ATC hold anything? */
bool ord_fenced(const struct ord_devx *d); /* no entry lets it reach memory, and the configuration caches know */
void ord_att_close(struct ord_chk *c);
/* ord_idx.c */
struct ord_head *ord_ix_head(struct ord_chk *c, enum ord_ix which, uint32_t value, bool make);
void ord_ix_obl(struct ord_chk *c, struct ord_obl *o);
void ord_ix_att(struct ord_chk *c, struct ord_atx *a);
void ord_ix_del(struct ord_in ix[ORD_IX_N]);
/* ord_pte.c */
void ord_pte_event(struct ord_chk *c, const struct ord_ev *e);
bool ord_page_named(struct ord_chk *c, uint64_t pa); /* has this name been mapped or linked? Numbers: true */
bool ord_reachable(const struct ord_chk *c, const struct ord_dom *d); /* may hardware still walk it: an entry names it, or did and is not known gone */
void ord_table_note(struct ord_chk *c, uint64_t pa, uint32_t d); /* this page holds a part of @d */
/* ord_obl.c */
struct ord_org *ord_org_new(struct ord_chk *c, const struct ord_ev *e);
void ord_org_put(struct ord_chk *c, struct ord_org *g);
/** ord_obl_new() - what, unit, tag, requester and range are in @t (dom_n.lo, dom_n.last); page in pa_n if @paged. */
struct ord_obl *ord_obl_new(struct ord_chk *c, struct ord_org *g, const struct ord_obl *t, bool paged);
uint32_t ord_bucket(uint32_t rid);
void ord_obl_cover(struct ord_chk *c, struct ord_obl *o, uint64_t lo, uint64_t last, const struct ord_cmd *m);
void ord_obl_done(struct ord_chk *c, struct ord_obl *o);
void ord_obl_reopen(struct ord_chk *c, struct ord_obl *o, uint8_t state, enum ord_cause why);
void ord_obl_flush_event(struct ord_chk *c, const struct ord_ev *e); /* CLFLUSH, MB, WBF, TAIL */
bool ord_obl_ordered(struct ord_chk *c, const struct ord_obl *o, uint32_t q); /* is its cover ordered before what is issued on @q now? */
/* ord_cmd.c */
void ord_cmd_event(struct ord_chk *c, const struct ord_ev *e);
bool ord_cmd_range(struct ord_chk *c, const struct ord_ev *e, uint64_t *lo, uint64_t *last); /* false: illegal encoding */
bool ord_cmd_tag(struct ord_chk *c, const struct ord_cmd *m, const struct ord_obl *o, enum ord_cause *why); /* does the command address this obligation? */
bool ord_cmd_range_ok(struct ord_chk *c, const struct ord_cmd *m, const struct ord_obl *o, uint64_t *lo, uint64_t *last);
/* ord_queue.c */
struct ord_queue *ord_queue_of(struct ord_chk *c, uint32_t id, bool make);
void ord_queue_event(struct ord_chk *c, const struct ord_ev *e);
void ord_queue_close(struct ord_chk *c);
/* ord_rel.c, ord_blame.c, ord_tag.c */
void ord_rel_event(struct ord_chk *c, const struct ord_ev *e);
void ord_rel_finish(struct ord_chk *c);
void ord_hold(struct ord_chk *c, const struct ord_finding *f); /* keeps a finding of c->hold */
void ord_rel_close(struct ord_chk *c);
/** ord_cause_of() - why @o is not done. */
enum ord_cause ord_cause_of(struct ord_chk *c, const struct ord_obl *o, const struct ord_cmd **m);
/* ord_gen_cfg.c */
const struct ord_obl *ord_cfg_open(struct ord_chk *c, const struct ord_ev *e); /* the entry that @e names may still be cached as it was */
/* ord_eng.c */
void ord_refine(struct ord_chk *c, struct ord_blame *b);
void ord_emit(struct ord_chk *c, struct ord_finding *f);
void ord_oom(struct ord_chk *c);
#endif
