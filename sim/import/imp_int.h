/* SPDX-License-Identifier: Apache-2.0 */
/*
 * imp_int.h - between the loop over the log (imp_qemu.c), what every log has (imp_qemu_line.c) and the architectures: imp_qemu_vtd.c with
 * its ring (imp_qemu_ring.c), imp_qemu_smmuv3.c with its queue (imp_qemu_cmdq.c), imp_qemu_amdvi.c.
 */
#ifndef IOMMUSIM_IMP_INT_H
#define IOMMUSIM_IMP_INT_H
#include <string.h>
#include "core/mem/mem.h"
#include "import/imp_qemu.h"

enum imp_ev {
	IMP_COUNTED, /* known to matter for nothing, or unknown: counted */
	IMP_OTHER, /* text that is no event of ours */
	IMP_MEM_WRITE, IMP_MEM_PAGE, IMP_MEM_WORD, IMP_MEM_MMIO, IMP_MEM_FLUSH, IMP_MEM_DROP,
	IMP_ARCH /* the first of the architecture's own */
};
struct imp;
struct imp_cur { const char *p, *end; }; /* a cursor over one line */
struct imp_event { const char *name; uint8_t ev; };
/* One architecture: how its lines are known, and what they mean. */
struct imp_arch {
	const char *image; /* kind of its images */
	const char *name; /* for people */
	const char *prefix; /* of its events */
	const char *odd, *odd_kind; /* words that begin like @odd are one kind, @odd_kind, and their text begins behind @odd; NULL: none */
	const struct imp_event *event; /* ends with a NULL name; events not here are counted */
	void (*image_reg)(struct imp *m, const struct image_reg *g); /* sees each register of the image */
	/* one line of kind @k, also of kinds not in @event; text @c after the name. *@ok false: the text could not be read */
	bool (*line)(struct imp *m, struct imp_kind *k, struct imp_cur c, bool *ok);
	bool (*before_store)(struct imp *m); /* write what was held back and has to come before it */
	bool (*end)(struct imp *m); /* after the last line */
	bool (*plugin_mmio)(struct imp *m, uint32_t off, unsigned bytes, uint64_t val); /* mem_mmio; NULL: the architecture's own lines say it */
};
extern const struct imp_arch imp_vtd, imp_smmuv3, imp_amdvi;

/* A hit or update line that waits for its translate line. */
struct imp_pend {
	uint32_t rid;
	uint64_t iova;
	struct imp_kind *k;
};
enum { IMP_PENDS = 64 };
/* A command of the log: what its lines say of it, and which bits they say. */
struct imp_cmd {
	struct imp_kind *k; /* kind of the line that began it; NULL: no command is open */
	bool told; /* its fields are known as far as they matter */
	uint64_t at; /* address of its slot */
	uint64_t w[2], mask[2];
	uint64_t idle[2]; /* written instead if it is not told */
};
struct imp {
	const struct imp_arch *arch; /* NULL until known */
	const struct image *im;
	struct trc_writer *out;
	struct imp_sum *s;
	struct err *e;
	struct mem *mem; /* what image and stores say, to compare commands with */
	bool trust; /* memory is what QEMU walked */
	bool mem_seen; /* the log has the driver's stores */
	struct imp_wb *wb; /* lines written and not written back; NULL: not of interest */
	struct { /* a page just linked, until its last word is read */
		bool open;
		uint64_t pa, w[512];
	} page;
	struct imp_cmd cmd; /* SMMUv3, AMD-Vi */
	/* VT-d */
	struct imp_pend pend[IMP_PENDS]; /* oldest first */
	unsigned n_pend;
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
	struct {
		bool known; /* CMDQ_BASE is */
		uint64_t base;
		uint32_t slot; /* of the next command */
		uint64_t pages; /* of the range told so far */
		uint32_t sid; /* last seen */
		struct imp_seen { uint32_t sid; uint8_t stages; } seen[256]; /* by the low byte of the id; stages: bit n for "stage=n" */
		bool failed; /* a DMA has failed and its event line is still to come */
	} smmu;
	struct {
		bool known; /* DEVTAB_BASE is */
		uint64_t devtab, control;
		bool control_told; /* its last write is in the trace, the plugin's line of it is still to come */
		bool buffer; /* the command buffer is set up */
		struct { struct imp_kind *k; uint32_t off; uint8_t bytes; } mmio; /* a line that may be read or write; k NULL: none */
		bool hold; /* a tail write waits for the commands it covers */
		uint8_t tail_bytes;
		uint64_t tail; /* last one written, or held */
	} amd;
};
static inline bool imp_lit_(struct imp_cur *c, const char *s, size_t n) /* inline: comparing with text of known length is a load or two */
{
	if ((size_t)(c->end - c->p) < n || memcmp(c->p, s, n))
		return false;
	c->p += n;
	return true;
}
#define imp_lit(c, s) imp_lit_(c, s, sizeof(s) - 1)
bool imp_hex(struct imp_cur *c, uint64_t *v); /* digits without 0x */
bool imp_dec(struct imp_cur *c, uint64_t *v);
#define imp_hex_after(c, s, v) (imp_lit(c, s "0x") && imp_hex(c, v))
#define imp_dec_after(c, s, v) (imp_lit(c, s) && imp_dec(c, v))
bool imp_at_end(const struct imp_cur *c);
/** imp_reg_ok() - can a register access be of that offset, size and value? */
bool imp_reg_ok(uint64_t off, uint64_t size, uint64_t val);

/** imp_emit() - write @r and count it; a linked page still open is written first. */
bool imp_emit(struct imp *m, const struct trc_rec *r) MUST_USE;
bool imp_store(struct imp *m, uint64_t pa, unsigned bytes, uint64_t val) MUST_USE;
bool imp_mmio_write(struct imp *m, uint32_t off, unsigned bytes, uint64_t val) MUST_USE;
bool imp_mmio_read(struct imp *m, uint32_t off, unsigned bytes, const uint64_t *val) MUST_USE; /* @val NULL: not in the log */
bool imp_page_close(struct imp *m) MUST_USE;
/** imp_mem_line() - a line of the plugin that logs stores. */
bool imp_mem_line(struct imp *m, struct imp_kind *k, struct imp_cur *c, bool *ok) MUST_USE;
/** imp_dma() - write the DMA @r (kind, time and PASID are filled in), without its expectation while the tables are not known. */
bool imp_dma(struct imp *m, struct trc_rec *r) MUST_USE;
/** imp_cmd_end() - compare the open command, if any, with the ring; put it there if no store did. */
bool imp_cmd_end(struct imp *m) MUST_USE;

/* Write-backs (imp_wb.c): which 64-byte lines of the tables are written and not written back. */
struct imp_wb *imp_wb_create(struct err *e) MUST_USE;
void imp_wb_destroy(struct imp_wb *w);
/** imp_wb_store() - the line of @pa is dirty now. False: out of memory. */
bool imp_wb_store(struct imp_wb *w, uint64_t pa) MUST_USE;
/** imp_wb_flush() - the lines of @bytes at @pa are written back. True: there were dirty ones, and none is left anywhere. */
bool imp_wb_flush(struct imp_wb *w, uint64_t pa, uint64_t bytes);

/* The ring of VT-d. */
bool imp_ring_reg(struct imp *m, uint32_t off, unsigned bytes, uint64_t val) MUST_USE;
bool imp_ring_desc(struct imp *m, struct imp_kind *k, uint64_t lo, uint64_t hi) MUST_USE;
void imp_ring_base(struct imp *m, uint64_t iqa);
/** imp_ring_flush() - move the tail that was held back, if any. */
bool imp_ring_flush(struct imp *m) MUST_USE;

/* The command queue of SMMUv3: events that tell of a command. */
enum imp_cmdq_ev { CMDQ_PLACE, CMDQ_OUT, CMDQ_OPCODE, CMDQ_SID, CMDQ_CD, CMDQ_RANGE, CMDQ_ASID, CMDQ_VMID, CMDQ_VA };
bool imp_cmdq_line(struct imp *m, struct imp_kind *k, enum imp_cmdq_ev ev, struct imp_cur *c, bool *ok) MUST_USE;
void imp_cmdq_base(struct imp *m, uint64_t base);
bool imp_cmdq_flush(struct imp *m) MUST_USE;
#endif
