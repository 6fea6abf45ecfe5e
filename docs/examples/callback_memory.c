/* SPDX-License-Identifier: Apache-2.0 */
/*
 * callback_memory.c - an SMMUv3 whose tables and queues are in the program's own memory, which the library reaches through callbacks.
 * Here it is one array, and every access of the unit is printed; it could be the memory of an emulator or of a file.
 * The numbers are those of the SMMUv3 architecture: "Registers", "Data structures and translation procedure".
 */
#include <inttypes.h>
#include <iommusim/iommusim.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { CR0 = 0x20, STRTAB_BASE = 0x80, STRTAB_BASE_CFG = 0x88 };
enum { STREAMS = 0x4000, TABLE = 0x8000, SIZE = 0x20000, STREAM = 3, DMAS = 4 };
static const struct { unsigned level; uint64_t address; } path[] = { { 1, TABLE }, { 2, TABLE + 0x1000 }, { 3, TABLE + 0x2000 } };

struct memory {
	unsigned char byte[SIZE];
	unsigned reads, writes;
};

static int read_memory(void *arg, uint64_t address, void *data, unsigned bytes)
{
	struct memory *m = arg;

	if (address > SIZE || bytes > SIZE - address)
		return -1; /* a bus error */
	m->reads++;
	printf("  the unit reads %u bytes at 0x%" PRIx64 "\n", bytes, address);
	memcpy(data, m->byte + address, bytes);
	return 0;
}

static int write_memory(void *arg, uint64_t address, const void *data, unsigned bytes)
{
	struct memory *m = arg;

	if (address > SIZE || bytes > SIZE - address)
		return -1;
	m->writes++;
	memcpy(m->byte + address, data, bytes);
	return 0;
}

static void put(struct memory *m, uint64_t address, uint64_t value)
{
	for (unsigned i = 0; i < 8; i++)
		m->byte[address + i] = (unsigned char)(value >> 8 * i);
}

static void done(void *arg, const struct iommusim_dma *dma, const struct iommusim_completion *c)
{
	unsigned *n = arg;

	printf("DMA of 0x%" PRIx64 ": %s 0x%" PRIx64 ", %" PRIu64 " ns\n", dma->address, c->ok ? "at" : "refused, event", c->ok ? c->address : c->code,
	       (c->completed - c->submitted) / 1000);
	*n += c->ok && c->address == 0x10000 + (dma->address & 0xfff);
}

static void must(iommusim *s, int status)
{
	if (status) {
		fprintf(stderr, "callback_memory: %s\n", iommusim_message(s));
		exit(1);
	}
}

int main(void)
{
	struct memory *m = calloc(1, sizeof(*m));
	struct iommusim_memory mem = IOMMUSIM_INIT(struct iommusim_memory);
	struct iommusim_options o = IOMMUSIM_INIT(struct iommusim_options);
	struct iommusim_dma d = IOMMUSIM_INIT(struct iommusim_dma);
	unsigned right = 0;
	char why[1000];
	iommusim *s;

	if (!m)
		return 1;
	mem.arg = m;
	mem.read = read_memory;
	mem.write = write_memory;
	o.memory = &mem;
	o.config_text = "units: [{arch: smmuv3, name: smmu}]\n";
	s = iommusim_create(&o, why, sizeof(why));
	if (!s) {
		fprintf(stderr, "callback_memory: %s\n", why);
		return 1;
	}
	/* A stream table entry whose stage 2 translates: 39 bits of input, 4 KiB granule, from level 1. */
	put(m, STREAMS + 64 * STREAM, 1 /* valid */ | 6 << 1 /* stage 2 only */);
	put(m, STREAMS + 64 * STREAM + 16, UINT64_C(1) /* VMID */ | UINT64_C(25) << 32 /* T0SZ */ | UINT64_C(1) << 38 /* SL0 */ | UINT64_C(5) << 48 /* PS */ |
						   UINT64_C(1) << 51 /* AArch64 */ | UINT64_C(1) << 53 /* AFFD */ | UINT64_C(1) << 58 /* R: record */);
	put(m, STREAMS + 64 * STREAM + 24, TABLE);
	put(m, path[0].address, path[1].address | 3);
	put(m, path[1].address, path[2].address | 3);
	put(m, path[2].address + 8 * 5, 0x10000 | 3 << 6 /* read, write */ | 3 << 8 /* shareable */ | 0xf << 2 /* normal memory */ | 3);
	must(s, iommusim_mmio_write(s, 0, STRTAB_BASE, 8, STREAMS));
	must(s, iommusim_mmio_write(s, 0, STRTAB_BASE_CFG, 4, 4)); /* 16 streams */
	must(s, iommusim_mmio_write(s, 0, CR0, 4, 1));
	must(s, iommusim_settle(s));

	d.rid = STREAM;
	d.pasid = IOMMUSIM_NO_PASID;
	d.bytes = 64;
	d.access = IOMMUSIM_READ;
	for (unsigned i = 0; i < DMAS; i++) {
		d.address = i < DMAS - 1 ? 0x5000 + i * 64 : 0x9000; /* the last one is not mapped */
		must(s, iommusim_submit(s, &d, done, &right));
		must(s, iommusim_settle(s));
	}
	printf("%u reads by the unit, %u DMAs where they should be\n", m->reads, right);
	iommusim_destroy(s);
	free(m);
	return right == DMAS - 1 ? 0 : 1;
}
