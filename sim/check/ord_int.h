/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ord_int.h - private to the ordering checker: what a rule family (ord_gen.c, ord_vtd.c ...) sees of the engine.
 * Engine: ord_eng.c keeps attachments, obligations and queues and finds unfinished obligations at release events. Families name the rule.
 */
#ifndef IOMMUSIM_ORD_INT_H
#define IOMMUSIM_ORD_INT_H
#include "check/ord.h"

struct ord_cmd;
/* Why an obligation is not done at a release event. */
enum ord_cause {
	ORD_WHY_NEVER, /* no command at all that covers any of it */
	ORD_WHY_INVISIBLE, /* the covering command came before the write was visible */
	ORD_WHY_ORDER, /* ATC: before its TLB obligation was ordered; TLB: before the configuration's */
	ORD_WHY_NO_SYNC, /* as ORDER, only the SYNC between them is missing */
	ORD_WHY_LEAF, /* a leaf-only command for a table that was unlinked */
	ORD_WHY_TAG, /* a command for the range but another tag */
	ORD_WHY_FORM, /* right tag and range, wrong kind of command (stage, piotlb/dsi, regime) */
	ORD_WHY_RANGE, /* covers a part of it */
	ORD_WHY_UNIT, /* the same command went to another unit only */
	ORD_WHY_REJECTED, /* the covering command was not executed */
	ORD_WHY_NO_WAIT, /* covered, but no wait follows on that queue */
	ORD_WHY_NOT_DONE, /* the wait has not completed */
	ORD_WHY_OTHER_QUEUE, /* a wait completed, on another queue */
	ORD_WHY_ABORTED, ORD_WHY_GAVE_UP, /* the wait was aborted; software stopped waiting */
	ORD_WHY_SUSPECT, /* the invalidation timed out */
	ORD_WHY_EXTRA, /* a second invalidation is needed (profile.extra_inv) */
};
enum ord_what { ORD_O_VIS, ORD_O_CFG, ORD_O_PASID, ORD_O_WALK, ORD_O_TLB, ORD_O_ATC, ORD_O_PRQ }; /* which cache an obligation is about */
enum ord_state { ORD_S_OPEN, ORD_S_VISIBLE, ORD_S_COVERED, ORD_S_WAITED, ORD_S_DONE, ORD_S_SUSPECT, ORD_S_MISSED /* in histories only */ };
/* An unfinished obligation at a release event, as a family's refine() sees it. */
struct ord_blame {
	const struct ord_ev *ev; /* the release event */
	uint8_t what, state, why, origin; /* enum ord_what, ord_state, ord_cause; word that created it */
	uint8_t unit, kind; /* unit; configuration kind of a CFG obligation */
	uint32_t d, rid, pasid, dom, sub; /* page table; requester of an ATC or CFG obligation; tag (ORD_NONE: none) */
	uint64_t lo, last; /* range */
	uint64_t line; /* where it was created */
	uint64_t cmd_line; /* of the command that did not count, 0: none */
	uint64_t cmd_flags, cmd_has; /* flags and keys of that command */
	uint8_t type; /* enum ord_type of the attachment */
	bool walk, teardown, np; /* a table was unlinked; a configuration entry was changed or cleared; only a negative entry may be cached */
	const struct ord_cmd *cmd; /* engine's record of that command, NULL: none */
	struct ord_finding *f; /* being built: rule and also may be changed by ord_blame_rule() */
};
/** ord_blame_rule() - @r applies too; @primary: it is the most specific one and becomes the finding's rule. */
void ord_blame_rule(struct ord_blame *b, enum ord_rule_id r, bool primary);

struct ord_family {
	const char *name;
	size_t state; /* bytes of private state, zeroed at the start */
	void (*before)(struct ord_chk *c, void *st, const struct ord_ev *e); /* the engine has not applied the event: state just before */
	void (*after)(struct ord_chk *c, void *st, const struct ord_ev *e); /* the engine has */
	void (*refine)(struct ord_chk *c, void *st, struct ord_blame *b);
	void (*finish)(struct ord_chk *c, void *st); /* end of the trace */
	void (*close)(struct ord_chk *c, void *st);
};
extern const struct ord_family ord_fam_gen, ord_fam_vtd, ord_fam_smm, ord_fam_amd, ord_fam_ats, ord_fam_pri, ord_fam_nest, ord_fam_tmo;

const struct ord_knobs *ord_knobs_of(const struct ord_chk *c);
/** ord_alloc() - memory for a family's own state, counted; NULL sets the checker's failure. Freed by close() with ord_release(). */
void *ord_alloc(struct ord_chk *c, size_t n);
void ord_release(struct ord_chk *c, void *p, size_t n);

/** ord_report() - a finding at @e (NULL: at the end of the trace). Severity from the table unless ord_report_as(). @fmt: a sentence about this case. */
void ord_report(struct ord_chk *c, enum ord_rule_id r, enum ord_verdict v, const struct ord_ev *e, const char *right, const char *fmt, ...) PRINTF_LIKE(6, 7);
void ord_report_as(struct ord_chk *c, enum ord_rule_id r, enum ord_verdict v, enum ord_severity s, double factor, uint64_t line, uint8_t op, const char *right,
		   const char *fmt, ...) PRINTF_LIKE(9, 10);

/* A device's side, as DEV_ events tell it. */
struct ord_dev {
	uint32_t rid;
	uint8_t unit;
	bool ats, ats_ever /* since the last reset */, pri, pasid_on, gone, resetting, stopped;
	bool fenced; /* its entry refuses untranslated, request and translated accesses, and that is done */
	uint32_t stu, qdep, pf, alias; /* pf, alias: ORD_NONE if not declared */
	uint64_t ats_off_line, rst_line, gone_line, itmo_line;
};
struct ord_dev *ord_dev(struct ord_chk *c, uint32_t rid, bool make); /* NULL: not known, or no memory */
/* An attachment: what one configuration entry (leaf level: CTX legacy, PASIDE, STE, CD, DTE, GCR3) makes reachable. */
struct ord_att {
	uint32_t rid, pasid; /* pasid ORD_NONE: requests without */
	uint8_t unit, kind, type; /* enum ord_type */
	bool live; /* valid in memory; false: cleared, teardown not complete */
	bool ats; /* the entry permits ATS */
	uint8_t eats;
	uint32_t d, parent; /* page table, parent (stage 2) or 0 */
	uint32_t dom, sub; /* tag: did/vmid/domid and pasid/asid, ORD_NONE */
	uint32_t owner, world;
	uint64_t root, line;
};
/** ord_att_each() - all attachments, torn down ones included until their obligations are done. @i from 0. */
struct ord_att *ord_att_each(struct ord_chk *c, size_t *i);
struct ord_att *ord_att_find(struct ord_chk *c, uint8_t unit, uint8_t kind, uint32_t rid, uint32_t pasid);
/** ord_open_atc(), ord_open_tlb() - is any obligation of the requester's ATC, of the TLBs for page table @d, not DONE? */
bool ord_open_atc(struct ord_chk *c, uint32_t rid);
bool ord_open_tlb(struct ord_chk *c, uint32_t d);
/** ord_queue_id() - the queue the event's command goes to: unit and queue, WAIT without place: that of the last command. */
uint32_t ord_queue_id(struct ord_chk *c, const struct ord_ev *e);
/** ord_sync_no() - number of waits completed so far that stand behind everything issued on @q up to sequence @seq; see ord_seq(). */
uint64_t ord_seq(const struct ord_chk *c); /* sequence number of the current event */
bool ord_done_since(struct ord_chk *c, uint32_t q, uint64_t seq); /* has a wait issued on @q after @seq completed? */
bool ord_wait_since(struct ord_chk *c, uint32_t q, uint64_t seq); /* issued? */
uint64_t ord_pd_done(const struct ord_chk *c, uint8_t unit); /* when the newest completed wait with page-request drain was issued; 0 none */
/** ord_teardown_open() - line of a change of an entry of the requester, made at @since or later, whose flushes are not complete; 0: none. */
uint64_t ord_teardown_open(struct ord_chk *c, uint32_t rid, uint64_t since);
bool ord_rid_in(const char *list, uint32_t rid); /* "03:00.0,04:00.0" or "all" */
#endif
