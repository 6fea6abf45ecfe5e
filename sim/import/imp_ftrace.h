/* SPDX-License-Identifier: Apache-2.0 */
/*
 * imp_ftrace.h - text of Linux tracing (trace_pipe, trace-cmd report, perf script) turned into a software-level trace.
 * Models: iommu:map, unmap, attach_device_to_domain, detach_device_from_domain, io_page_fault; intel_iommu:qi_submit,
 * cache_tag_assign, cache_tag_unassign, cache_tag_flush_all, cache_tag_flush_range. Every other event is counted.
 * Does not model: permissions of a mapping and the domain of map and unmap, which these events do not have; stores to tables; page requests.
 */
#ifndef IOMMUSIM_IMP_FTRACE_H
#define IOMMUSIM_IMP_FTRACE_H
#include <stdio.h>
#include "core/trace/trc.h"

enum { IMP_FTRACE_KINDS = 16 };
struct imp_ftrace_sum {
	struct { const char *name; uint64_t lines, used; } kind[IMP_FTRACE_KINDS];
	unsigned n_kind;
	uint64_t lines, others, lost; /* others: events of other kinds, headers; lost: lines that say the kernel dropped events */
	uint64_t no_domain; /* map and unmap left out: several domains are in use and the event does not say which */
	uint64_t no_pci; /* events of devices that are not PCI functions: left out */
};
/** imp_ftrace() - @domain: of map and unmap, -1: the one that cache_tag_assign told, 1 if it told none. @out is not finished here. */
bool imp_ftrace(const char *path, int64_t domain, struct trc_writer *out, struct imp_ftrace_sum *s, struct err *e) MUST_USE;
void imp_ftrace_print(FILE *o, const struct imp_ftrace_sum *s);
#endif
