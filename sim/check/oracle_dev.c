/* SPDX-License-Identifier: Apache-2.0 */
/*
 * oracle_dev.c - from a request in a unit back to the DMA it belongs to: the address the device means, and the line of the trace.
 * Looks into the replay (software/replay.h) and changes nothing there.
 */
#include "check/oracle_int.h"
#include "software/replay.h"

bool oracle_use_of(struct plat *p, unsigned unit, const struct xl *x, struct oracle_use *use)
{
	const struct dev *d = plat_find_device(p, unit, x->req.rid);
	uint64_t tag;

	/* not: a request of the unit itself, or a translation request of a device's cache, which is checked when it is used */
	return d && dev_request_of(d, x, &use->req, &use->cached, &tag);
}

uint64_t oracle_line_of(struct plat *p, unsigned unit, const struct xl *x)
{
	struct xl_req q;
	uint64_t tag;
	bool cached;

	if (!dev_request_of(plat_find_device(p, unit, x->req.rid), x, &q, &cached, &tag))
		return 0;
	return ((const struct flight *)(uintptr_t)tag)->rec.line;
}
