/* SPDX-License-Identifier: Apache-2.0 */
/*
 * config.h - the configuration file as a struct, and the list of architectures.
 * YAML: memory:, units: (sequence), devices: (sequence; rid "any" gives the default for requesters not listed, and what a listed one
 * does not say), replay:, software:, gen:, page_faults:, trace: (file), seed, include:. Paths of includes are relative to the including file, the
 * path of the trace to the current directory.
 * --set paths: memory.latency, units.NAME.iotlb.entries or vtd.iotlb.entries (every unit of the architecture), devices.NAME.outstanding or
 * devices.outstanding (every device and the default), replay.order, ...
 */
#ifndef IOMMUSIM_CONFIG_H
#define IOMMUSIM_CONFIG_H
#include "software/drv.h"
#include "software/gen.h"
#include "software/pf_host.h"
#include "software/hyp.h"
#include "amdvi/amdvi.h"
#include "smmuv3/smmuv3.h"
#include "software/platform.h"
#include "vtd/vtd.h"

struct run_unit {
	char *name;
	const struct arch *arch;
	union { struct vtd_cfg vtd; struct smmuv3_cfg smmuv3; struct amdvi_cfg amdvi; } c;
};
struct run_cfg {
	struct plat_cfg plat;
	struct run_unit *unit;
	size_t n_unit;
	char *trace; /* path; overridden by --trace; may be NULL */
	struct gen_cfg gen; /* traffic when no trace is given */
	struct drv_cfg drv; /* the driver model that carries out software-level records */
	struct pf_cfg faults; /* of the command faults: page-fault handler, and work for it */
	struct hyp_cfg hyp; /* and the hypervisor around it */
};
struct arch { /* one row per architecture */
	const char *name; /* "vtd" */
	const struct cfg_opt *opts;
	size_t cfg_size;
	struct iommu *(*create)(const void *cfg, const char *name, struct sim_kernel *k, struct mem *m, struct mem_port *p, uint64_t seed, struct err *e);
	const char *(*fault_name)(unsigned code), *(*fault_text)(unsigned code); /* of a refusal: "F_TRANSLATION", a sentence; NULL: unknown */
};
extern const struct arch archs[]; /* arch.c; ends with name NULL */
/** run_cfg_load() - @path "-" is standard input. Defaults, then the file, then nothing else. */
bool run_cfg_load(struct run_cfg *c, const char *path, struct err *e) MUST_USE;
/** run_cfg_parse() - as run_cfg_load() from @text; @name stands for the file in messages, and relative includes are those of the current directory. */
bool run_cfg_parse(struct run_cfg *c, const char *text, const char *name, struct err *e) MUST_USE;
void run_cfg_init(struct run_cfg *c); /* one unit vtd0 and the default device, all defaults */
/** run_cfg_set() - "key=value" of --set. */
bool run_cfg_set(struct run_cfg *c, const char *assignment, struct err *e) MUST_USE;
/** run_cfg_dump() - the complete effective file; reads back to the same run. */
bool run_cfg_dump(const struct run_cfg *c, FILE *o, struct err *e) MUST_USE;
void run_cfg_free(struct run_cfg *c);
#endif
