/* SPDX-License-Identifier: Apache-2.0 */
/* walk_smmuv3.h - private to walk_smmuv3.c (unit, events) and walk_smmuv3_enum.c, walk_smmuv3_cfg.c (enumeration). */
#ifndef IOMMUSIM_WALK_SMMUV3_H
#define IOMMUSIM_WALK_SMMUV3_H
#include "walk_check.h"

/* What the registers of the image say. Kept apart from the unit's own registers. */
struct sw {
	uint32_t idr0, idr1, idr3, idr5, aidr, cr0, cr2, strtab_cfg;
	uint64_t strtab_base;
	unsigned oas; /* output address bits */
};
struct sw_stage { /* one set of translation tables */
	uint64_t root;
	unsigned gran, ia_bits, oa_bits, start_bits; /* log2: page, input, output, entries of the start table */
	int start; /* level */
	bool s2, upper /* TTB1 */, wide /* 52-bit output with 64 KiB granule */, big_endian;
	bool af_ignored, dirty /* HD: DBM makes writable */, had, ptw, fwb;
};
struct sw_ste {
	uint64_t d[8];
	unsigned config; /* 4 bypass, 5 stage 1, 6 stage 2, 7 both; below 4: abort */
	unsigned cd_max; /* log2 of the context descriptors that can be chosen */
	bool el2, priv; /* StreamWorld EL2 (one table, AP[1] as 1); PRIVCFG makes every access privileged */
};
/** sw_read() - the registers, from the image. */
void sw_read(const struct image *im, struct sw *v);
unsigned sw_addr_bits(unsigned code); /* the encoding of IDR5.OAS, CD.IPS and STE.S2PS */
/** sw_ste() - decode @s->d. Returns: whether the STE is legal. */
bool sw_ste(const struct sw *v, struct sw_ste *s);
/** sw_stage2() - the stage 2 tables of a legal STE. */
bool sw_stage2(const struct sw *v, const uint64_t *ste, struct sw_stage *s);
/** sw_cd_legal() - 2.8 without the checks of the two halves. */
bool sw_cd_legal(const struct sw *v, const struct sw_ste *ste, const uint64_t *cd);
/** sw_half() - TTB0 or TTB1 of @cd. @enabled: false if its EPD is set. Returns: whether the half is legal. */
bool sw_half(const struct sw *v, const struct sw_ste *ste, const uint64_t *cd, bool upper, struct sw_stage *s, bool *enabled);

/** walk_smmuv3_ste() - copy the STE of stream @sid. Returns: false if there is none, or not in the image. */
bool walk_smmuv3_ste(struct walk_unit *w, uint32_t sid, uint64_t ste[8]);
bool walk_smmuv3_requesters(struct walk_unit *w, walk_requester_fn *fn, void *arg, struct err *e);
bool walk_smmuv3_mappings(struct walk_unit *w, walk_map_fn *fn, void *arg, struct err *e);
#endif
