/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tables.h - which pages of a guest's memory hold IOMMU structures, followed from the root registers as the guest links and unlinks them.
 * Models: VT-d (legacy, scalable, first and second level, queue, interrupt table), SMMUv3 (linear and 2-level stream tables, CD tables,
 * stage 1 TTB0 and stage 2, command queue), AMD-Vi (device table, host tables, command buffer).
 * Does not model: SMMUv3 TTB1, the CD of a nested STE (its address is the guest's), AMD-Vi guest tables (GCR3), queues that only hardware
 * writes.
 */
#ifndef CAPTURE_TABLES_H
#define CAPTURE_TABLES_H
#include <stdbool.h>
#include <stdint.h>

enum tab_kind {
	TAB_ROOT, TAB_SROOT, TAB_CTX, TAB_SCTX, TAB_PDIR, TAB_PASID, TAB_SL, TAB_FL, /* VT-d */
	TAB_STEL1, TAB_STE, TAB_CDL1, TAB_CD, TAB_S1, TAB_S2, /* SMMUv3 */
	TAB_DTE, TAB_HPT, /* AMD-Vi */
	TAB_QUEUE, TAB_IRT,
	TAB_KINDS
};
/* @height: of page tables, 1 for the one that has only leaves; @shift: log2 of a page of the format */
struct tab_ref { uint64_t pa; uint32_t pages; uint8_t kind, height, shift; };
struct tab_page {
	uint8_t kind, height, shift;
	uint32_t refs;
	struct tab_ref child[512]; /* by word; pages 0: none */
};
struct tab {
	unsigned char *ram; /* guest memory */
	uint64_t base, size;
	struct tab_page **page; /* by number of the page in memory */
	void (*on_page)(struct tab *t, uint64_t pa, const char *kind); /* the page is one of the structures from now on */
	void (*on_drop)(struct tab *t, uint64_t pa);
	uint64_t reg[64]; /* registers at offset 0 to 0x1ff, as written */
};
enum tab_arch { TAB_VTD, TAB_SMMUV3, TAB_AMDVI };

struct tab_page *tab_page_of(const struct tab *t, uint64_t pa);
/** tab_kind_name() - @buf has room for 16; returns it. */
const char *tab_kind_name(char *buf, const struct tab_page *p);
/** tab_link() - the word at @pa of a structure has changed: take up what its entry points to now. Returns what it pointed to before. */
struct tab_ref tab_link(struct tab *t, uint64_t pa);
/** tab_unlink() - give up what tab_link() returned. */
void tab_unlink(struct tab *t, struct tab_ref old);
/** tab_reg_write() - a register was written: roots and queues it brings into use are taken up. */
void tab_reg_write(struct tab *t, enum tab_arch a, uint32_t off, unsigned bytes, uint64_t val);
#endif
