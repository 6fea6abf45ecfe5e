/* SPDX-License-Identifier: Apache-2.0 */
/*
 * walk_query.h - readers of what a witness says about a memory image: NAME.maps.gz (every mapping), NAME.xlate.gz (what the emulator
 * answered near the pause) and NAME.cases.gz (single accesses with the emulator's and a simple walker's answer). Plain files work too.
 * Does not judge anything: walk_check.h does.
 */
#ifndef IOMMUSIM_WALK_QUERY_H
#define IOMMUSIM_WALK_QUERY_H
#include "core/base/err.h"

enum wq_kind { WQ_MAPS, WQ_XLATE, WQ_CASES };
enum wq_expect { WQ_OK, WQ_FAULT, WQ_NOLOG /* let through without a log line: pass-through */ };
enum wq_walker { WQ_WALK_NONE, WQ_WALK_PA, WQ_WALK_FAULT, WQ_WALK_OUTSIDE /* walk=? */ };
#define WQ_NO_PASID UINT32_MAX
struct wq_row {
	uint64_t line; /* in the file, from 1 */
	uint64_t iova, pa;
	uint64_t size; /* bytes of the page; 0: not given */
	uint64_t walk_pa; /* walk = WQ_WALK_PA */
	uint32_t rid, pasid; /* pasid: of the table entry that was used, maps only */
	uint16_t reason; /* number after reason=, 0: none */
	uint8_t perm; /* XL_R | XL_W | XL_X the mapping grants; only if have_perm */
	uint8_t expect; /* enum wq_expect */
	uint8_t walk; /* enum wq_walker */
	char acc; /* 'r', 'w', or '?': the source did not say */
	bool have_perm, bypass, stale, no_record, have_record;
	char detail[32]; /* first word of a fault's detail, as written (possibly cut); "" if none */
	uint64_t record[4]; /* the event record the emulator wrote; only if have_record */
};
struct walk_query {
	enum wq_kind kind;
	char *path;
	struct wq_row *row;
	size_t n;
};
/** walk_query_load() - the kind is taken from the name (.maps, .xlate or .cases, each with or without .gz). Errors carry file:line. */
struct walk_query *walk_query_load(const char *path, struct err *e) MUST_USE;
void walk_query_free(struct walk_query *q);
#endif
