/* SPDX-License-Identifier: Apache-2.0 */
/*
 * walk_check.h - a memory image behind a unit, and the comparison of our walk with a witness (walk_query.h).
 * Models: the image as memory that knows which pages it holds; translation in zero time, from the tables and registers alone; the
 * enumeration of every mapping, made apart from the unit's walk, so that each checks the other.
 * Does not model: caches, time, accessed/dirty updates. Names no vendor; walk_vtd.c and later rows do.
 */
#ifndef IOMMUSIM_WALK_CHECK_H
#define IOMMUSIM_WALK_CHECK_H
#include "core/iommu.h"
#include "import/image.h"
#include "walk_query.h"

enum { WALK_STEPS = 96, WALK_MAX_TABLES = 1 << 20 /* of one requester */, WALK_MAX_MAPPINGS = 1 << 21 /* of an image */ };
struct walk_trace { /* the memory accesses of one walk */
	unsigned n; /* may exceed WALK_STEPS: the rest is not kept */
	bool left_image; /* the last access asked for a page the image does not hold */
	uint64_t left_at;
	struct walk_step {
		uint64_t spa, data[8];
		uint8_t words, st; /* enum mem_status */
	} step[WALK_STEPS];
};
struct walk_map { /* one mapping */
	uint64_t iova, pa, size;
	uint32_t rid, pasid; /* WQ_NO_PASID: the table entry is not chosen by a PASID */
	uint8_t perm;
};
struct walk_requester {
	uint32_t rid, pasid, did;
	const char *type; /* "translate", "passthrough", "first-level", ... */
};
struct walk_unit;
typedef bool walk_map_fn(void *arg, const struct walk_map *m); /* false: stop, out of memory */
typedef bool walk_requester_fn(void *arg, const struct walk_requester *q);
enum walk_reason { WALK_REASON_NONE, WALK_REASON_EQUAL, WALK_REASON_EXPLAINED, WALK_REASON_DIFFERENT };
/* What an xlate line says of a page: its size and address; nothing of its size; only its first address. */
enum walk_xlate { WALK_XLATE_SIZE, WALK_XLATE_NO_SIZE, WALK_XLATE_FIRST };
struct walk_arch { /* one row per architecture */
	const char *kind; /* of the image */
	enum walk_xlate xlate;
	/* Make w->u over w->m with the image's registers. @haw: host address width in bits, 0: the architecture's own default. */
	bool (*open)(struct walk_unit *w, unsigned haw, struct err *e);
	void (*close)(struct walk_unit *w);
	/* Call @fn for every valid requester entry. False: out of memory or a table structure without end (*e). */
	bool (*requesters)(struct walk_unit *w, walk_requester_fn *fn, void *arg, struct err *e);
	/* Every mapping of every requester; perm is what the tables grant over all levels. */
	bool (*mappings)(struct walk_unit *w, walk_map_fn *fn, void *arg, struct err *e);
	/* Make @q a request of @rid that uses the table entry of @pasid. */
	void (*request)(struct walk_unit *w, uint32_t rid, uint32_t pasid, struct xl_req *q);
	/* Both refused @q: does our reason mean what the witness reported? @why: the table row that explains it. */
	enum walk_reason (*reason)(struct walk_unit *w, const struct wq_row *r, const struct xl_req *q, const struct xl_res *got,
				   const char **why);
	/* NULL, or why the specification and not the witness decides this case. */
	const char *(*by_spec)(struct walk_unit *w, const struct wq_row *r, const struct xl_req *q, const struct xl_res *got);
	/* The words a refused request would leave in the fault log: how many, 0 for none. NULL: not offered. */
	unsigned (*record)(struct walk_unit *w, const struct xl_req *q, const struct xl_res *r, uint64_t rec[4]);
	const char *(*code_name)(unsigned code); /* may return NULL */
	const char *(*code_text)(unsigned code); /* may return NULL */
};
extern const struct walk_arch *const walk_archs[]; /* walk_image.c; ends with NULL */
extern const struct walk_arch walk_arch_vtd, walk_arch_smmuv3, walk_arch_amdvi;
/** walk_vtd_explains() - VT-d: QEMU's code @qemu means the specification's @spec in that mode; NULL if the table has no such row. */
const char *walk_vtd_explains(bool scalable, unsigned qemu, unsigned spec);
/** walk_smmuv3_explains() - SMMUv3: QEMU's record @qemu differs from @spec only as the table says; NULL if not, or if they are equal. */
const char *walk_smmuv3_explains(const uint64_t qemu[4], const uint64_t spec[4]);

struct walk_unit {
	const struct walk_arch *arch;
	struct image *im;
	struct mem *m;
	struct mem_port port;
	struct sim_kernel *k;
	struct iommu *u;
	void *own; /* the architecture's */
	const char *note; /* something about the image the user should know; NULL: nothing */
	uint64_t outside; /* structures the last enumeration found named but not held by the image */
};
/** walk_open() - load @idx_path and put a unit over it. */
bool walk_open(struct walk_unit *w, const char *idx_path, unsigned haw, struct err *e) MUST_USE;
void walk_close(struct walk_unit *w);
/** walk_now() - translate @q; @t, if not NULL, gets the walk step by step. Returns: false if the walk left the image (no answer). */
bool walk_now(struct walk_unit *w, const struct xl_req *q, struct xl_res *r, struct walk_trace *t);
/** walk_page_kind() - what the image calls the page at @spa, "" if it does not hold it. */
const char *walk_page_kind(const struct walk_unit *w, uint64_t spa);

enum walk_diff_kind { WALK_DISAGREE, WALK_REASON, WALK_BY_SPEC };
struct walk_diff { /* one finding, handed to the reporter */
	enum walk_diff_kind kind;
	uint64_t line; /* of the query; 0: our enumeration found it */
	struct xl_req req;
	const struct xl_res *res; /* NULL: not about one access */
	const struct walk_trace *trace; /* NULL likewise */
	char found[240], expected[160];
};
enum { WALK_WHYS = 24 }; /* more than any architecture's tables have */
struct walk_tally {
	uint64_t agree, disagree, skipped; /* skipped: our own walk left the image */
	uint64_t equal, explained, different; /* fault reasons; a different one is a disagreement too */
	uint64_t stale; /* xlate lines translated before the pause, which memory no longer grants, as our walk says too */
	struct {
		const char *text;
		uint64_t n;
	} why[WALK_WHYS]; /* what explained them, in order of appearance; ends with NULL or the array */
	uint64_t by_spec;
	uint64_t mappings; /* found by our enumeration */
};
typedef bool walk_report_fn(void *arg, const struct walk_diff *d); /* false: out of memory */
/** walk_check() - compare every row of @q. Returns: false for @e only; findings are in @t. */
bool walk_check(struct walk_unit *w, const struct walk_query *q, walk_report_fn *fn, void *arg, struct walk_tally *t,
		struct err *e) MUST_USE;
/** walk_list() - our enumeration, sorted by requester, PASID and address; *@out is the caller's to free. */
bool walk_list(struct walk_unit *w, struct walk_map **out, size_t *n, struct err *e) MUST_USE;
const char *walk_perm_text(unsigned perm); /* "rw", "r-", ... */
/** walk_record_text() - " record 0x10 0x...", "" if the refused @q leaves none or the architecture does not say. */
void walk_record_text(struct walk_unit *w, const struct xl_req *q, const struct xl_res *r, char *buf, size_t n);
/** walk_result_text() - "0x5000 (4 KiB page, rw)" or "fault 0x05 LGN.2: ...". @t may be NULL. */
void walk_result_text(const struct walk_unit *w, const struct xl_res *r, const struct walk_trace *t, char *buf, size_t n);
#endif
