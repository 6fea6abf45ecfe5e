/* SPDX-License-Identifier: Apache-2.0 */
/* inv_host_int.h - between inv_host.c (steps, ring, batches, waits) and inv_host_react.c (suspects and reactions). */
#ifndef IOMMUSIM_INV_HOST_INT_H
#define IOMMUSIM_INV_HOST_INT_H
#include "software/inv_host.h"

void invh_delay(struct inv_host *h, uint64_t ps);
/** invh_send() - when the ring has room for @need commands: @put them, a wait, and @after when that completes. */
void invh_send(struct inv_host *h, uint32_t need, void (*put)(struct inv_host *h), void (*after)(struct inv_host *h));
void invh_send_group(struct inv_host *h);
void invh_report(struct inv_host *h);
void invh_release(struct inv_host *h, uint32_t item, enum inv_how how);
void invh_release_group(struct inv_host *h, enum inv_how how);
void invh_next_batch(struct inv_host *h);
/* inv_host_react.c: the wait of a group is over; h->failed, h->lost, h->accused say how */
void invh_group_done(struct inv_host *h);
void invh_note(struct inv_host *h); /* suspects are reported and forgotten, without a reaction */
static inline uint32_t invh_vdev(const struct inv_host *h, const struct inv_item *it)
{
	return it->dev * h->vdevs + it->vdev;
}
#endif
