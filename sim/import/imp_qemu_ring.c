/* SPDX-License-Identifier: Apache-2.0 */
/*
 * imp_qemu_ring.c - the invalidation queue of a log.
 * In a log with the driver's stores the descriptors are already in memory when the tail moves: the lines of the log only confirm them. In a log
 * without, the tail write is held back until the descriptors it covers have been read; they are stored into their slots, then the tail moves. A log
 * that has descriptors but not the place of the ring (it was cut, or register writes were not traced) gets a ring of ours.
 * Not modelled: the upper half of 256-bit descriptors, which QEMU does not log (written as zero).
 */
#include "core/base/bits.h"
#include "import/imp_int.h"

/* Intel VT-d specification, "Register Descriptions" */
enum { REG_GCMD = 0x18, REG_IQT = 0x88, REG_IQA = 0x90, GCMD_QIE = 26, IQA_DW = 11 };
/* Where our own ring lives if the log does not say: low memory no kernel gives to an IOMMU; 256 descriptors. */
static const uint64_t own_ring = 0x1000;

static unsigned desc_bytes(const struct imp *m)
{
	return m->q.iqa & BIT64(IQA_DW) ? 32 : 16;
}
static uint64_t ring_bytes(const struct imp *m)
{
	return UINT64_C(4096) << (m->q.iqa & 7);
}
static uint32_t next_slot(const struct imp *m)
{
	return (uint32_t)((m->q.slot + 1) % (ring_bytes(m) / desc_bytes(m)));
}
static uint32_t tail_slot(const struct imp *m)
{
	return (uint32_t)(m->q.tail % ring_bytes(m) / desc_bytes(m));
}
void imp_ring_base(struct imp *m, uint64_t iqa)
{
	m->q.iqa = iqa;
	m->q.known = true;
	m->q.own = false;
}
bool imp_ring_flush(struct imp *m)
{
	if (!m->q.hold)
		return true;
	if (m->q.own || m->q.made)
		m->q.tail = (uint64_t)m->q.slot * desc_bytes(m);
	else if (m->q.known && tail_slot(m) != m->q.slot)
		m->s->desc_missing++;
	m->q.hold = m->q.made = false;
	return imp_mmio_write(m, REG_IQT, m->q.bytes, m->q.tail);
}
bool imp_ring_reg(struct imp *m, uint32_t off, unsigned bytes, uint64_t val)
{
	if (off == REG_IQT && (!m->mem_seen || m->q.own)) {
		m->q.hold = true;
		m->q.tail = val;
		m->q.bytes = (uint8_t)bytes;
		return true;
	}
	if (off == REG_IQA)
		imp_ring_base(m, bytes == 8 ? val : bits_put(m->q.iqa, 31, 0, val));
	else if (off == REG_IQA + 4)
		imp_ring_base(m, bits_put(m->q.iqa, 63, 32, val));
	return imp_mmio_write(m, off, bytes, val);
}
static bool own_begin(struct imp *m)
{
	m->s->own_ring = true;
	imp_ring_base(m, own_ring);
	m->q.own = true;
	m->q.slot = 0;
	return imp_mmio_write(m, REG_IQA, 8, own_ring) && imp_mmio_write(m, REG_IQT, 4, 0) && imp_mmio_write(m, REG_GCMD, 4, BIT64(GCMD_QIE));
}
bool imp_ring_desc(struct imp *m, struct imp_kind *k, uint64_t lo, uint64_t hi)
{
	uint64_t w[2] = { 0, 0 }, at;

	if (!m->q.known && !own_begin(m))
		return false;
	at = (m->q.iqa & ~UINT64_C(0xfff)) + (uint64_t)m->q.slot * desc_bytes(m);
	m->q.slot = next_slot(m);
	if (!m->q.own && mem_read(m->mem, at, w, 2) == MEM_OK && w[0] == lo && w[1] == hi) {
		k->checked++;
	} else if (m->mem_seen && !m->q.own) { /* the tail has moved already, the stores stand */
		m->s->desc_differ++;
		k->unused++;
		return true;
	} else {
		m->trust = false; /* stores are missing, those to the tables too then */
		k->used++;
		m->s->desc_written++;
		if (!imp_store(m, at, 8, lo) || !imp_store(m, at + 8, 8, hi))
			return false;
		if (desc_bytes(m) == 32 && (!imp_store(m, at + 16, 8, 0) || !imp_store(m, at + 24, 8, 0)))
			return false;
		if (!m->q.hold) { /* the log has no write of the tail: one is made when the batch is over */
			m->q.hold = m->q.made = true;
			m->q.bytes = 4;
		}
	}
	return m->q.hold && !m->q.made && !m->q.own && tail_slot(m) == m->q.slot ? imp_ring_flush(m) : true;
}
