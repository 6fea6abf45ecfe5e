/* SPDX-License-Identifier: Apache-2.0 */
/* pf_opts.c - options and statistics of the page-fault handler and of the work given to it; see pf_host.h and pf_load.h. */
#include "software/pf_load.h"

#define US(n) (UINT64_C(1000000) * (n))
#define LONGEST US(1000000000)
#define T struct pf_cfg
#define O(m) offsetof(T, m)
#define U32(key, m, def, lo, hi, unit, help) { key, CFG_U32, O(m), def, lo, hi, unit, help, 0 }
#define TIME(key, m, def, help) { key, CFG_TIME, O(m), def, 0, LONGEST, "ps", help, 0 }
#define WORDS(key, m, def, words, help) { key, CFG_ENUM, O(m), def, 0, 0, "", help, words }
const struct cfg_opt pf_opts[] = {
	U32("threads", threads, 1, 1, PF_MAX_THREADS, "threads", "Threads of `iommusim faults` that serve page faults, each one group at a time."),
	U32("batch", batch, 0, 0, 1u << 15, "entries", "Queue entries read before the head is written; 0: all there are."),
	U32("backlog", backlog, 4096, 1, 1u << 20, "groups", "Whole groups waiting and being served; no entry is read beyond that."),
	WORDS("service", service, PF_FIXED, "fixed|uniform|exponential|table", "Distribution of the time a thread needs for a group."),
	TIME("service_time", service_ps, US(20), "Fixed: the time; exponential: its mean (assumed)."),
	TIME("service_min", min_ps, US(10), "Uniform: shortest time."),
	TIME("service_max", max_ps, US(30), "Uniform: longest time."),
	{ "percentiles", CFG_STR, O(percentiles), 0, 0, 0, "", "Table: PERCENT:TIME,... from 0 to 100 percent, straight lines between.", 0 },
	WORDS("notice", notice, PF_INTERRUPT, "interrupt|poll", "How software learns of entries."),
	TIME("notice_time", notice_ps, US(2), "From the message of an interrupt to the first look; or between two polls (assumed)."),
	U32("queue_log2", queue_lg2, 9, 1, 15, "log2", "Entries of the unit's queue; VT-d from 7, AMD-Vi from 8."),
	{ "auto_response", CFG_BOOL, O(auto_response), 1, 0, 1, "", "AMD-Vi: requests that the log does not take are answered by the unit; off: by nobody.", 0 },
	THREAD_OPTS(T, cpu, ""),
	U32("devices", devices, 4, 1, PF_MAX_DEVICES, "devices", "Devices, from 01:00.0 on, each as the device any is configured."),
	U32("pasids", pasids, 1, 1, PF_MAX_PASIDS, "PASIDs", "Address spaces of each device, used in turn."),
	U32("plain_pasids", plain, 0, 0, PF_MAX_PASIDS, "PASIDs", "The first ones of each device are first stages with plain I/O addresses: their page requests are answered Invalid at once."),
	U32("absent_devices", absent, PF_MAX_DEVICES, 0, PF_MAX_DEVICES, "devices", "The first devices find no page present; the others find all."),
	U32("pages", pages, 256, 1, PF_MAX_PAGES, "pages", "Pages of each address space, visited one after the other, again and again."),
	U32("dmas", dmas, 1024, 1, 1u << 28, "DMAs", "DMA operations of each device."),
	{ "length", CFG_SIZE, O(length), 4096, 1, 1u << 20, "bytes", "Of each DMA; each begins at the page behind the last one.", 0 },
	WORDS("direction", dir, 0, "read|write", "Of the DMAs."),
	TIME("period", period_ps, 0, "Between two DMAs of a device; 0: as fast as its outstanding requests allow."),
	U32("invalid_every", invalid_every, 0, 0, PF_MAX_PAGES, "pages", "Every n-th page does not exist: Invalid Request, or abort; 0: none."),
	{ 0 },
};

#define STAT_STRUCT struct pf_stats
#define HIST(name, m, unit, doc) { name, unit, doc, offsetof(struct pf_stats, m), STAT_HIST, 0 }
const struct stat_def pf_stat_defs[] = {
	PF_STATS(STAT_ROW)
	HIST("batch", batch, "count", "entries read at once"),
	HIST("wait", wait_ps, "ps", "last request of a group read to a thread taking it"),
	HIST("service", service_ps, "ps", "service time as drawn"),
	HIST("latency", latency_ps, "ps", "last request of a group read to its answer queued, as software sees it"),
	{ 0 },
};
#undef STAT_STRUCT
#define STAT_STRUCT struct pf_load_stats
const struct stat_def pf_load_stat_defs[] = {
	PF_LOAD_STATS(STAT_ROW)
	{ "latency", "ps", "DMA wanted to DMA done, those that failed left out", offsetof(struct pf_load_stats, latency_ps), STAT_HIST, 0 },
	{ 0 },
};
