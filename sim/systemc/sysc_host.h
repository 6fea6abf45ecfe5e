/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sysc_host.h - the SystemC host of `iommusim run`: the same models as TLM-2.0 modules under sc_start(), with sockets all the way.
 *
 *   processor --memory--> memory <--memory-- unit 0..N-1 <--dma-- requester 0..N-1 (the devices behind it)
 *       \------------------mmio----------------^
 *
 * Every store and register access of the trace or driver model, every request of a device and its answer (four-phase non-blocking transport), every
 * read of a table and every access to data is a generic payload. The event queue stays ours; a pacer runs it, event by event at quantum 0,
 * else up to a quantum at a time, and then every call annotates how far it is ahead.
 * The same events run in the same order as under plat_run(), so the statistics are equal byte for byte, whatever the quantum.
 * Does not carry: messages of ATS invalidation and PRI, which have no generic payload; they pass directly. Data of DMAs is not in a trace:
 * writes have all bytes disabled, and with a quantum are not sent; what is read is dropped.
 * Once per process: SystemC accepts no new module after its simulation has started.
 * Requires libsystemc 2.3.x; C code may call it, the C++ side ends here (exceptions become struct err).
 */
#ifndef IOMMUSIM_SYSC_HOST_H
#define IOMMUSIM_SYSC_HOST_H
#ifdef __cplusplus
extern "C" {
#endif
#include "software/platform.h"

struct sysc; /* opaque */
/** sysc_create() - processor and memory; @c gets the backend that the platform is to be made with. @quantum_ps 0: none. */
struct sysc *sysc_create(struct plat_cfg *c, uint64_t quantum_ps, struct err *e) MUST_USE;
/** sysc_run() - as plat_run(), under sc_start(). @p was made with the configuration that sysc_create() has seen. */
bool sysc_run(struct sysc *s, struct plat *p, plat_source_fn *src, void *arg, bool verify, struct err *e) MUST_USE;
/** sysc_detach() - before plat_destroy(): the units get their own memory back. sysc_destroy() - behind it. Both NULL-safe. */
void sysc_detach(struct sysc *s);
void sysc_destroy(struct sysc *s);
#ifdef __cplusplus
}
#endif
#endif
