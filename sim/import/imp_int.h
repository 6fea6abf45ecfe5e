/* SPDX-License-Identifier: Apache-2.0 */
/* imp_int.h - between the loop over the log (imp_qemu.c), the meaning of VT-d lines (imp_qemu_vtd.c) and the ring (imp_qemu_ring.c). */
#ifndef IOMMUSIM_IMP_INT_H
#define IOMMUSIM_IMP_INT_H
#include "core/mem/mem.h"
#include "import/imp_qemu.h"

enum imp_ev {
	IMP_COUNTED, /* known to matter for nothing, or unknown: counted */
	IMP_OTHER, /* text that is no event of ours */
	IMP_MEM_WRITE, IMP_MEM_PAGE, IMP_MEM_WORD, IMP_MEM_DROP,
	IMP_REG_READ, IMP_REG_WRITE,
	IMP_HIT, /* vtd_iotlb_page_hit and _update */
	IMP_TRANSLATE, IMP_PASS, IMP_FAULT,
	IMP_QI_SETUP, IMP_QI_HEAD, IMP_DESC
};
/* A hit or update line that waits for its translate line. */
struct imp_pend {
	uint32_t rid;
	uint64_t iova;
	struct imp_kind *k;
};
enum { IMP_PENDS = 64 };
struct imp {
	const struct image *im;
	struct trc_writer *out;
	struct imp_sum *s;
	struct err *e;
	struct mem *mem; /* what image and stores say, to compare descriptors with */
	bool trust; /* memory is what QEMU walked */
	bool mem_seen; /* the log has the driver's stores */
	struct imp_pend pend[IMP_PENDS]; /* oldest first */
	unsigned n_pend;
	struct { /* a page just linked, until its last word is read */
		bool open;
		uint64_t pa, w[512];
	} page;
	struct { /* invalidation queue */
		bool known; /* IQA is */
		bool own;
		uint64_t iqa;
		uint32_t slot; /* of the next descriptor */
		bool hold; /* a tail write waits for the descriptors it covers */
		bool made; /* that write is not in the log: descriptors came without one */
		uint64_t tail; /* value of the held write */
		uint8_t bytes; /* its size */
	} q;
};
/* A cursor over one line. */
struct imp_cur { const char *p, *end; };
bool imp_lit_(struct imp_cur *c, const char *s, size_t n);
#define imp_lit(c, s) imp_lit_(c, s, sizeof(s) - 1)
bool imp_hex(struct imp_cur *c, uint64_t *v); /* digits without 0x */
bool imp_dec(struct imp_cur *c, uint64_t *v);

/** imp_emit() - write @r and count it; a linked page still open is written first. */
bool imp_emit(struct imp *m, const struct trc_rec *r) MUST_USE;
bool imp_store(struct imp *m, uint64_t pa, uint64_t val) MUST_USE;
bool imp_mmio_write(struct imp *m, uint32_t off, unsigned bytes, uint64_t val) MUST_USE;
bool imp_page_close(struct imp *m) MUST_USE;
/** imp_vtd_line() - one line of kind @k, text @c after the name. *@ok false: the text could not be read. Returns: false on error. */
bool imp_vtd_line(struct imp *m, struct imp_kind *k, struct imp_cur c, bool *ok) MUST_USE;
/* The ring. */
bool imp_ring_reg(struct imp *m, uint32_t off, unsigned bytes, uint64_t val) MUST_USE;
bool imp_ring_desc(struct imp *m, struct imp_kind *k, uint64_t lo, uint64_t hi) MUST_USE;
void imp_ring_base(struct imp *m, uint64_t iqa);
/** imp_ring_flush() - move the tail that was held back, if any. */
bool imp_ring_flush(struct imp *m) MUST_USE;
#endif
