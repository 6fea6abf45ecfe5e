/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sysc_host.h - the SystemC host: the event queue of a platform paced by sc_start().
 * Models nothing: the same events run in the same order as under plat_run(), so the statistics are equal byte for byte.
 * Once per process: SystemC accepts no new module after its simulation has started.
 * Requires libsystemc 2.3.x; C code may call it, the C++ side ends here (exceptions become struct err).
 */
#ifndef IOMMUSIM_SYSC_HOST_H
#define IOMMUSIM_SYSC_HOST_H
#ifdef __cplusplus
extern "C" {
#endif
#include "software/platform.h"

/** sysc_run() - as plat_run(), under sc_start(). */
bool sysc_run(struct plat *p, plat_source_fn *src, void *arg, bool verify, struct err *e) MUST_USE;
#ifdef __cplusplus
}
#endif
#endif
