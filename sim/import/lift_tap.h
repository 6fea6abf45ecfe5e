/* SPDX-License-Identifier: Apache-2.0 */
/*
 * lift_tap.h - what lift.h finds in a hardware-level trace, told to somebody as it happens, store by store, instead of being merged and
 * written.
 * Entries above the page tables are told word by word; attachments, and leaves in tables just linked, at the next record that is no store.
 */
#ifndef IOMMUSIM_LIFT_TAP_H
#define IOMMUSIM_LIFT_TAP_H
#include "core/mem/mem.h"
#include "core/trace/trc.h"

enum lift_type { LIFT_LEGACY, LIFT_SS, LIFT_FS, LIFT_NESTED, LIFT_PT };
struct lift_shape { /* of the tables of a domain; equal ones with one root are one domain */
	uint64_t did; /* what invalidations name: VT-d domain id; SMMUv3 stream world, VMID, ASID; AMD-Vi kind, PASID, DomainID */
	uint64_t root;
	uint8_t levels; /* 0: none */
	uint8_t page_lg2, bits; /* smallest page; input address */
	bool fs; /* entries are first-level (stage 1) */
};
struct lift_dom {
	struct lift_dom *next;
	uint32_t id; /* name in the trace */
	struct lift_shape t;
	uint8_t type; /* enum lift_type of the first attach */
	uint32_t refs, tapped; /* tapped: free for the tap, 0 at first */
};
struct lift_att { /* one requester and its domain */
	uint32_t rid, pasid; /* TRC_NO_PASID: requests without */
	uint32_t id; /* what the domain is called if the name is free */
	uint8_t type;
	bool kept; /* used while comparing */
	struct lift_shape t;
	struct lift_dom *dom;
};
struct lift_ent {
	bool present, leaf;
	uint64_t pa; /* of the table or page */
	uint8_t perm;
	uint8_t lg2; /* of a leaf that is larger than its entry: the entry maps its part of it; 0: as large as the entry */
	uint8_t skip; /* levels between this and the next table */
};
enum lift_kind { LIFT_ROOT, LIFT_CTX, LIFT_PASIDDIR, LIFT_PASIDE, LIFT_L1STD, LIFT_STE, LIFT_L1CD, LIFT_CD, LIFT_DTE, LIFT_GCR3DIR, LIFT_GCR3,
		 LIFT_KINDS };
struct lift_upper { /* the part of a table of entries that is in one 4 KiB page */
	uint64_t pa;
	uint8_t kind; /* enum lift_kind */
	uint8_t lg2; /* log2 of the bytes of an entry */
	uint16_t n; /* entries */
	uint32_t rid, pasid, step; /* of the first entry; @step: what the next one has more, of the PASID if there is one */
};
struct lift_tap {
	void *who;
	/* a leaf changed from @a to @b, one of which may be not present; @whole: it came or went with all of its table */
	void (*leaf)(void *who, struct lift_dom *d, uint64_t iova, uint64_t size, const struct lift_ent *a, const struct lift_ent *b, bool whole);
	/* a table @pa was linked below (or removed from) an entry of @level that covers @size */
	void (*table)(void *who, struct lift_dom *d, bool on, unsigned level, uint64_t iova, uint64_t size, uint64_t pa, bool whole);
	void (*attach)(void *who, const struct lift_att *a, bool on);
	void (*upper)(void *who, const struct lift_upper *u, uint64_t pa, uint64_t old, uint64_t val); /* memory has @val already */
	void (*store)(void *who, uint64_t pa, uint64_t old, uint64_t val); /* every word, known or not, behind the above; equal values too */
	void (*command)(void *who, unsigned slot, const uint64_t *w, unsigned n); /* submitted: @n words */
};
struct lift;
/** lift_open() - @arch "vtd", "smmuv3" or "amdvi"; NULL: captured registers say it, VT-d without any. */
struct lift *lift_open(const struct lift_tap *t, const char *arch, struct err *e) MUST_USE;
/** lift_take() - one record of unit 0 of that trace. */
bool lift_take(struct lift *l, const struct trc_rec *r) MUST_USE;
/** lift_settle() - what was stored is looked at now, not at the next record that is no store; from here on changes are told. */
bool lift_settle(struct lift *l) MUST_USE;
/** lift_arch_name() - what it is, NULL: no record has told yet. */
const char *lift_arch_name(const struct lift *l);
struct mem *lift_mem(struct lift *l);
/** lift_place() - where the entry of @kind of the requester is, of those a scan has found; 0: not known. */
uint64_t lift_place(const struct lift *l, enum lift_kind kind, uint32_t rid);
void lift_close(struct lift *l);
#endif
