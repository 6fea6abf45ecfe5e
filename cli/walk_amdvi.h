/* SPDX-License-Identifier: Apache-2.0 */
/* walk_amdvi.h - private to walk_amdvi.c (unit, event codes) and walk_amdvi_enum.c (enumeration). */
#ifndef IOMMUSIM_WALK_AMDVI_H
#define IOMMUSIM_WALK_AMDVI_H
#include "walk_check.h"

/* What the registers of the image say. Kept apart from the unit's own registers. */
struct aw {
	uint64_t control, efr, table[8]; /* device table base registers, by segment */
};
/** aw_read() - the registers, from the image. */
void aw_read(const struct image *im, struct aw *v);
/** walk_amdvi_dte() - the device table entry of @rid; NULL if beyond its table or not in the image. */
const uint64_t *walk_amdvi_dte(struct walk_unit *w, uint32_t rid);
bool walk_amdvi_requesters(struct walk_unit *w, walk_requester_fn *fn, void *arg, struct err *e);
bool walk_amdvi_mappings(struct walk_unit *w, walk_map_fn *fn, void *arg, struct err *e);
#endif
