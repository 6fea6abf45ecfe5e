/* SPDX-License-Identifier: Apache-2.0 */
/*
 * amdvi_pc.c - performance counters: 2 banks of 4, each counts one source, for all requests or for those whose ids match.
 * Models: 48-bit counts; match of PASID, DomainID and DeviceID under masks ((id AND mask) = (value AND mask)), all enabled ones together; an
 * event without that id (no PASID, DomainID not known yet, not caused by a request) does not match. A count that wraps to 0 writes
 * EVENT_COUNTER_ZERO with the note of the counter's report register. The layout of that register (51:0 note, 63 report enable) is from
 * memory of the specification and was not confirmed.
 * Source 14h, accesses to 1FF8h, is counted by amdvi_regs.c; walk, command engine and caches report the sources 01h to 0Eh and 11h to 13h.
 * Never counted, because interrupts and SMIs are not modelled: 0Fh, 10h (interrupt device table), 15h, 16h (vAPIC), 17h, 18h (SMI).
 * Does not model: the locks of banks for guests. Spec: 48882, "IOMMU Performance Counters", "Counter Registers".
 */
#include <stdlib.h>
#include "amdvi/amdvi_regs.h"

enum { PC_BANKS = 2, PC_COUNTERS = 4, PC_SOURCES = 0x19, PC_BANK0 = 0x40000 };
enum { PC_COUNT, PC_SOURCE, PC_PASID, PC_DOMAIN, PC_DEVICE, PC_REPORT, PC_REGS };
static const uint64_t writable[PC_REGS] = {
	[PC_COUNT] = 0x0000ffffffffffff,
	[PC_SOURCE] = 0xff,
	[PC_PASID] = 0x000fffff800fffff,
	[PC_DOMAIN] = 0x0000ffff8000ffff,
	[PC_DEVICE] = 0x0000ffff8000ffff,
	[PC_REPORT] = 0x800fffffffffffff,
};
struct amdvi_pc {
	uint64_t reg[PC_BANKS][PC_COUNTERS][PC_REGS];
};

bool amdvi_pc_create(struct amdvi *v, struct err *e)
{
	v->pc = calloc(1, sizeof *v->pc);
	return v->pc || err_set(e, ERR_MACHINE, "%s: out of memory", v->u.name);
}

void amdvi_pc_destroy(struct amdvi *v)
{
	free(v->pc);
	v->pc = NULL;
}

static uint64_t *pc_reg(struct amdvi_pc *p, uint32_t off, unsigned *fn)
{
	uint32_t o = off - PC_BANK0, bank = o >> 12, ctr = o >> 8 & 0xf;

	*fn = (o & 0xff) / 8;
	return off >= PC_BANK0 && bank < PC_BANKS && ctr < PC_COUNTERS && *fn < PC_REGS ? &p->reg[bank][ctr][*fn] : NULL;
}

uint64_t amdvi_pc_read(struct amdvi *v, uint32_t off, unsigned bytes)
{
	unsigned fn;
	const uint64_t *r = pc_reg(v->pc, off, &fn);
	uint64_t w = r ? *r : (off & ~7u) == AMDVI_PC_OFF ? PC_COUNTERS << 7 | PC_BANKS << 12 : 0;

	return bytes == 8 ? w : w >> 8 * (off & 4) & 0xffffffff;
}

void amdvi_pc_write(struct amdvi *v, uint32_t off, unsigned bytes, uint64_t val)
{
	struct amdvi_pc *p = v->pc;
	unsigned fn, part = off & 4;
	uint64_t *r = pc_reg(p, off, &fn), m;

	if (!r)
		return;
	m = writable[fn] & (bytes == 8 ? UINT64_MAX : UINT64_C(0xffffffff) << 8 * part);
	*r = (*r & ~m) | (val << 8 * part & m);
	v->pc_sources = 0;
	for (unsigned i = 0; i < PC_BANKS * PC_COUNTERS; i++) {
		uint64_t src = p->reg[i / PC_COUNTERS][i % PC_COUNTERS][PC_SOURCE];

		if (src && src < PC_SOURCES)
			v->pc_sources |= BIT64(src);
	}
}

static bool match_one(uint64_t match, bool known, uint32_t id)
{
	return !(match & BIT64(31)) || (known && !((id ^ (uint32_t)match) & (uint32_t)(match >> 32)));
}

static bool match(const uint64_t *c, const struct xl *x)
{
	return match_one(c[PC_PASID], x && x->req.has_pasid, x ? x->req.pasid : 0) && match_one(c[PC_DOMAIN], x && x->tagged, x ? x->tag.did : 0) &&
	       match_one(c[PC_DEVICE], x, x ? x->req.rid : 0);
}

static void wrapped(struct amdvi *v, uint64_t report)
{
	uint64_t rec[2] = { (uint64_t)AEV_EVENT_COUNTER_ZERO << 60, (report & 0xffffffff) << 32 | bits_get(report, 51, 32) };

	if (report >> 63)
		amdvi_log_event(v, rec);
}

void amdvi_pc_add(struct amdvi *v, unsigned src, const struct xl *x, unsigned n)
{
	struct amdvi_pc *p = v->pc;

	for (unsigned i = 0; i < PC_BANKS * PC_COUNTERS; i++) {
		uint64_t *c = p->reg[i / PC_COUNTERS][i % PC_COUNTERS], sum;

		if (c[PC_SOURCE] != src || !match(c, x))
			continue;
		sum = c[PC_COUNT] + n;
		c[PC_COUNT] = sum & low_mask(48);
		if (sum >> 48)
			wrapped(v, c[PC_REPORT]);
	}
}
