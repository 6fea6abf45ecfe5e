/* SPDX-License-Identifier: Apache-2.0 */
/* amd_guest_int.h - private to amd_guest.c (driver) and amd_guest_dev.c (devices). */
#ifndef IOMMUSIM_AMD_GUEST_INT_H
#define IOMMUSIM_AMD_GUEST_INT_H
#include "software/amd_guest.h"

enum { AMDG_PAGE = 4096, AMDG_TAGS = 32 /* of invalidate requests, per device */ };
enum phase { G_THINK, G_FREE, G_MAP, G_USED, G_UNMAP, G_QUEUE, G_BELL, G_RUNG, G_SEEN };

/* ---- slots: slot s belongs to domain s mod domains; its pages are number s / domains of that domain's AMDG_SLOTS ---- */

static inline uint32_t amdg_slot_of(const struct amd_guest *g, uint64_t n)
{
	return (uint32_t)(n % (AMDG_SLOTS * g->cfg->domains));
}

static inline uint32_t amdg_domain_of(const struct amd_guest *g, uint32_t slot)
{
	return slot % g->cfg->domains;
}

static inline uint64_t amdg_slot_iova(const struct amd_guest *g, uint32_t slot, uint32_t page)
{
	return AMDG_IOVA_SLOTS + ((uint64_t)(slot / g->cfg->domains) * AMDG_MAX_BATCH + page) * AMDG_PAGE;
}
/** amdg_touch() - a device reads some pages of @slot; each answer is compared with the tables. */
void amdg_touch(struct amd_guest *g, uint32_t slot);
void amdg_devices_init(struct amd_guest *g);
uint32_t amdg_draw(struct amd_guest *g, uint32_t n); /* random, below @n */
#endif
