/* SPDX-License-Identifier: Apache-2.0 */
/* walk_vtd.h - private to walk_vtd.c (unit, fault codes) and walk_vtd_enum.c (enumeration). */
#ifndef IOMMUSIM_WALK_VTD_H
#define IOMMUSIM_WALK_VTD_H
#include "walk_check.h"
#include "vtd/vtd.h"

struct vw {
	struct vtd_cfg cfg;
	uint64_t cap, ecap, root;
	unsigned haw, mgaw;
	bool scalable, te;
};
static inline struct vw *vw_of(const struct walk_unit *w)
{
	return w->own;
}
/** walk_vtd_context() - the context entry of @rid: 2 words, 4 in scalable mode; NULL if not present or not in the image. */
const uint64_t *walk_vtd_context(struct walk_unit *w, uint32_t rid);
bool walk_vtd_requesters(struct walk_unit *w, walk_requester_fn *fn, void *arg, struct err *e);
bool walk_vtd_mappings(struct walk_unit *w, walk_map_fn *fn, void *arg, struct err *e);
#endif
