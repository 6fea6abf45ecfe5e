/* SPDX-License-Identifier: Apache-2.0 */
/* arch.c - the list of architectures: how each unit is configured, created, and how its fault codes compare with those of a source. */
#include "config.h"

static struct iommu *vtd_row_create(const void *cfg, const char *name, struct sim_kernel *k, struct mem *m, struct mem_port *p, uint64_t seed, struct err *e)
{
	return vtd_create(cfg, name, k, m, p, seed, e);
}

/*
 * QEMU reports legacy-mode codes for root, context and second-stage faults also in scalable mode, where the specification has codes of
 * its own ("Fault Conditions and Remapping hardware behavior"). The codes on the right exist in scalable mode only, so the pair
 * cannot hide a wrong code of a legacy-mode unit.
 */
static const struct {
	uint8_t qemu, spec;
} vtd_legacy_code[] = {
	{ 0x01, 0x39 }, /* root entry not present: SRT.2 */
	{ 0x02, 0x41 }, /* context entry not present: SCT.2 */
	{ 0x05, 0x79 }, { 0x05, 0x85 }, /* no write permission: SSS.2 (neither R nor W), SGN.6 */
	{ 0x06, 0x79 }, { 0x06, 0x86 }, /* no read permission: SSS.2, SGN.7 */
	{ 0x07, 0x78 }, /* second-stage entry unreadable: SSS.1 */
	{ 0x08, 0x38 }, /* root entry unreadable: SRT.1 */
	{ 0x09, 0x40 }, /* context entry unreadable: SCT.1 */
	{ 0x0a, 0x3a }, /* root entry reserved bits: SRT.3 */
};

static bool vtd_same_fault(void *arg, const struct iommu *u, unsigned expected, unsigned got)
{
	(void)arg;
	(void)u;
	if (expected == got)
		return true;
	for (size_t i = 0; i < ARRAY_LEN(vtd_legacy_code); i++)
		if (vtd_legacy_code[i].qemu == expected && vtd_legacy_code[i].spec == got)
			return true;
	return false;
}

const struct arch archs[] = {
	{ "vtd", vtd_opts, sizeof(struct vtd_cfg), vtd_row_create, vtd_same_fault },
	{ NULL, NULL, 0, NULL, NULL },
};
