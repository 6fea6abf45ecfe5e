/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ord_ev.h - one neutral ordering event: table write, invalidation command, wait, completion, release, DMA. Words, fields and text form.
 * The text form is in docs/trace-format.md, "Ordering events"; what the events mean together is the ordering checker's concern (check/ord.h).
 */
#ifndef IOMMUSIM_ORD_EV_H
#define IOMMUSIM_ORD_EV_H
#include "core/base/err.h"

/*
 * ORD_OPS(X): X(word, positional fields). Capital letter: required, small: optional, in this order:
 * d page table name, r range, p page or table page, a address, m permission, k configuration kind, i requester[.pasid], n number, q queue,
 * w wait, l level (lvlN), o owner or other name (into name), c code (name), x anything CLFLUSH may name, f cache, b requester, page table or unit
 */
#define ORD_OPS(X) \
	X(PTE_SET, "DRpm") X(PTE_CLR, "DR") X(PTE_MOD, "DR") X(PT_LINK, "DLAp") X(PT_UNLINK, "DLAp") X(PT_TOP, "D") X(PT_READ, "D") \
	X(CFG_WR, "KI") X(CFG_SET, "Ki") X(CFG_MOD, "KI") X(CFG_CLR, "KI") \
	X(CLFLUSH, "x") X(MB, "") X(WBF, "") X(TBL_WR, "x") \
	X(PAGE_FREE, "P") X(PT_FREE, "P") X(TBL_FREE, "x") X(IOVA_FREE, "DR") X(IOVA_ALLOC, "DR") X(ID_FREE, "o") X(ID_ALLOC, "o") X(DOM_FREE, "D") \
	X(DOM_ADD, "Di") X(DOM_DEL, "Di") X(DEV_CFG, "I") X(DEV_STOP, "I") X(DEV_RST, "I") X(DEV_GONE, "I") \
	X(CFGINV, "ki") X(TLBINV, "r") X(ATCINV, "Ir") X(WAIT, "w") X(DONE, "w") X(ABORT, "w") X(GIVEUP, "w") X(STATUS_GONE, "w") X(STATUS_WR, "w") \
	X(TAIL, "QN") X(HEAD, "QN") X(SLOT, "QN") X(RING, "Q") X(DROP, "q") \
	X(CPL, "In") X(ITMO, "i") X(ICE, "i") X(CERR, "c") X(ERR_READ, "i") X(ERR_CLEAR, "") X(FILL, "firp") X(DMA, "IA") \
	X(PREQ, "INa") X(PRSP, "INc") X(PRQ_OVF, "") X(PRQ_READ, "n") X(PRQ_CLR, "") X(PRQ_DRAINED, "i") X(STOPM, "In") \
	X(CLAIM, "DR") X(REQUIRE, "IR") X(TE, "") X(STALL, "IN") X(RESUME, "IN") X(VIOMMU, "o")
enum ord_op {
#define X(word, sig) ORD_##word,
	ORD_OPS(X)
#undef X
	ORD_OPS_N, ORD_END = ORD_OPS_N /* end of the trace: only in findings */
};
#define ORD_BIT(op) (UINT64_C(1) << ORD_##op) /* sets of words, as the rule table has them */

/* Configuration structures. MAP kinds: what a hardware vIOMMU or a virtual device uses (guest id to host id). */
#define ORD_KINDS(X) \
	X(ROOT) X(CTX) X(PASIDDIR) X(PASIDE) X(L1STD) X(STE) X(L1CD) X(CD) X(DTE) X(GCR3) X(DEVMAP) X(DOMMAP) X(VDEV) X(IRTE)
enum ord_kind {
	ORD_K_NONE,
#define X(k) ORD_K_##k,
	ORD_KINDS(X)
#undef X
	ORD_K_ALL, /* CFGINV all */
	ORD_KINDS_N
};
/* key=value fields: X(enumerator, word, type): u number, n name, a address or name, b requester, t table type, q qword set, v 0 or 1, r range, m permission. */
#define ORD_KEYS_LIST(X) \
	X(DID, "did", 'u') X(VMID, "vmid", 'u') X(DOMID, "domid", 'u') X(ASID, "asid", 'u') X(PASID, "pasid", 'u') X(VSID, "vsid", 'u') \
	X(VECTOR, "vector", 'u') X(GDOMID, "gdomid", 'u') \
	X(DOM, "dom", 'n') X(PARENT, "parent", 'n') X(OWNER, "owner", 'n') X(VM, "vm", 'n') X(ROOT, "root", 'a') X(TBL, "tbl", 'a') X(TYPE, "type", 't') \
	X(WORLD, "world", 'n') X(ATS, "ats", 'u') X(EATS, "eats", 'u') X(V, "v", 'v') X(QW, "qw", 'q') X(RID, "rid", 'b') X(ALIAS, "alias", 'b') \
	X(PA, "pa", 'a') X(PERM, "perm", 'm') X(SIZE, "size", 'u') X(SLOT, "slot", 'u') X(VAL, "val", 'u') X(ADDR, "addr", 'a') \
	X(BASE, "base", 'a') X(AM, "am", 'u') X(S, "s", 'u') X(TG, "tg", 'u') X(TTL, "ttl", 'u') X(NUM, "num", 'u') X(SCALE, "scale", 'u') \
	X(GN, "gn", 'v') X(PFSID, "pfsid", 'b') X(MIP, "mip", 'u') X(ITAG, "itag", 'u') X(FORM, "form", 'n') X(CODE, "code", 'n') \
	X(HEAD, "head", 'u') X(TAIL, "tail", 'u') X(MODE, "mode", 'u') X(LVL, "lvl", 'u') X(CC, "cc", 'u') X(AT, "at", 'n') X(STAG, "stag", 'u') \
	X(DEV_ATS, "ATS", 'v') X(DEV_PRI, "PRI", 'v') X(DEV_PASID, "PASID", 'v') X(DEV_STU, "STU", 'u') X(DEV_QDEP, "QDEP", 'u') X(DEV_PF, "PF", 'b')
enum ord_key {
#define X(k, word, type) ORD_KEY_##k,
	ORD_KEYS_LIST(X)
#undef X
	ORD_KEYS_N
};
/* Words without value, into flags. on/off, beg/end and the rest as the format lists them. */
#define ORD_FLAGS_LIST(X) \
	X(ALL, "all") X(LEAF, "leaf") X(S1, "s1") X(S2, "s2") X(FN, "fn") X(PD, "pd") X(LAST, "L") X(BAD, "bad") X(ERR, "err") X(DVM, "dvm") \
	X(ON, "on") X(OFF, "off") X(IDLE, "idle") X(BEG, "beg") X(END, "end") X(HIT, "hit") X(FILLED, "fill") X(FAULT, "fault") X(READ, "r") X(WRITE, "w") \
	X(CLRD, "clrD") X(CLRA, "clrA") X(RESIZE, "resize") X(ATTR, "attr") X(UNUSED, "unused") X(ATOMIC, "atomic") X(PARTIAL, "partial") \
	X(PROTECTED, "protected") X(CLEAN, "clean") X(ILLEGAL, "illegal") X(INHERITED, "inherited") X(GLOBAL, "global") X(BLOCK, "block") X(AUTO, "auto") \
	X(TERM, "term") X(PROMISED, "ats")
enum ord_flag_no {
#define X(k, word) ORD_FN_##k,
	ORD_FLAGS_LIST(X)
#undef X
	ORD_FLAGS_N
};
#define ORD_F(k) (UINT64_C(1) << ORD_FN_##k) /* a word without value */
#define ORD_HAS(k) (UINT64_C(1) << ORD_KEY_##k)
/* Values of type=. */
enum ord_type { ORD_T_NONE, ORD_T_S1 /* fs, s1, v2 */, ORD_T_S2 /* ss, s2, v1, legacy */, ORD_T_NESTED, ORD_T_PT /* pt, identity, bypass */, ORD_T_BLOCK };
enum ord_cache { ORD_C_NONE, ORD_C_ATC, ORD_C_TLB, ORD_C_WALK, ORD_C_CFG, ORD_C_PASID };
/* What positional fields the event has, in have. */
enum { ORD_P_RANGE = 1, ORD_P_PAGE = 2, ORD_P_RID = 4, ORD_P_DOM = 8, ORD_P_WAIT = 16, ORD_P_NUM = 32, ORD_P_UNIT = 64, ORD_P_QUEUE = 128, ORD_P_ADDR = 256, ORD_P_NAME = 512 };
#define ORD_NONE UINT32_MAX
#define ORD_NAMED(id) (UINT64_C(1) << 63 | (uint64_t)(id) << 30) /* the address a name stands for: 1 GiB of its own, outside every real address space */
#define ORD_WAIT_NO(n) (UINT32_C(1) << 31 | (uint32_t)(n)) /* the wait "w" and this number, below 2^31 */
#define ORD_NAMED_RID(id) (UINT32_C(1) << 31 | (uint32_t)(id)) /* a requester given by name */

struct ord_ev {
	uint64_t line, at; /* line (binary: record) of the trace; ps or TRC_NO_TIME */
	uint64_t lo, last; /* ORD_P_RANGE: first and last byte. "all": 0 to 2^64 - 1 with ORD_F(ALL) */
	uint64_t pa, pa_len; /* ORD_P_PAGE: page or table page; pa_len is the range's size where none is given */
	uint64_t addr; /* ORD_P_ADDR: single address: DMA, PREQ, PT_LINK */
	uint64_t num; /* ORD_P_NUM: slot, tail, head, group, stag, itag */
	uint64_t has; /* ORD_HAS(): which v[] are valid */
	uint64_t flags; /* ORD_F() */
	uint32_t d; /* ORD_P_DOM: page table (domain), a name */
	uint32_t rid, pasid; /* ORD_P_RID; pasid ORD_NONE without */
	uint32_t w, name; /* ORD_P_WAIT: wait; ORD_P_NAME: owner, code */
	uint16_t have; /* ORD_P_ */
	uint16_t queue; /* ORD_P_QUEUE: command queue of the unit, 0 the main one */
	uint8_t op, kind, unit, lvl, cache;
	uint8_t guest : 1, fwd : 1; /* "G:" issued by a guest; "FWD": made by the host from a guest's */
	uint8_t perm; /* XL_R|XL_W|XL_X of PTE_SET; PTE_MOD: the permissions before | 8, or 0: not told */
	uint64_t v[ORD_KEYS_N];
};
extern const char *const ord_op_name[ORD_OPS_N + 1], *const ord_kind_name[ORD_KINDS_N];

/* Names of page tables, waits, owners: numbers from 1, stable as long as the table lives. */
struct ord_names {
	char *text; /* all names, each with a NUL */
	uint32_t *at, *hash; /* at[id]: offset; hash: ids by hash, power of two */
	uint32_t n, cap, hcap, len, tcap;
};
/** ord_name() - the number of a name, made on first use. Returns: 0 without memory. @t NULL: a number without table. */
uint32_t ord_name(struct ord_names *t, const char *s, size_t n);
const char *ord_name_text(const struct ord_names *t, uint32_t id);
void ord_names_free(struct ord_names *t);

static inline uint64_t ord_val(const struct ord_ev *e, enum ord_key k, uint64_t absent)
{
	return e->has >> k & 1 ? e->v[k] : absent;
}
static inline void ord_put(struct ord_ev *e, enum ord_key k, uint64_t v)
{
	e->has |= UINT64_C(1) << k;
	e->v[k] = v;
}
enum { ORD_TEXT_MAX = 240 }; /* characters of one event */
/** ord_is_event() - does the NUL- or line-end-terminated text at @s begin with a word of the vocabulary (or "G:", "FWD")? */
bool ord_is_event(const char *s);
/**
 * ord_parse() - one event; stops before ';', '#', the line's end or NUL, sets *@end there.
 * Fills everything but line and at. Text in parentheses is skipped.
 * Returns: NULL, or what was expected with *@end at the offending word.
 */
const char *ord_parse(const char *s, const char **end, struct ord_ev *e, struct ord_names *names) MUST_USE;
/** ord_canon() - the text of one event at @s with single blanks and without commentary into @out (ORD_TEXT_MAX + 1). Returns: length, 0 if too long. */
size_t ord_canon(const char *s, const char *end, char *out);
/** ord_print_range() - "0x1000-0x1fff", "all", or with the name's offset. Returns: as snprintf. */
int ord_print_range(char *b, size_t n, uint64_t lo, uint64_t last, const struct ord_names *t);
int ord_print_rid(char *b, size_t n, uint32_t rid, uint32_t pasid, const struct ord_names *t);
#endif
