/* SPDX-License-Identifier: Apache-2.0 */
/*
 * inv_host_react.c - suspects and reactions of the driver of inv_host.h. A failed group of commands is split, sent again, or its suspects are
 * blocked, until nothing is unconfirmed; what has not been suspected goes first, because its pages are held back for nothing.
 * Certain is who is alone in its class: the only virtual device of the requester that VT-d named, of the DeviceID and command that AMD-Vi
 * recorded, or of the whole group where nobody is named.
 */
#include <stdlib.h>
#include <string.h>
#include "software/inv_host_int.h"

enum { RESENDS = 2 };
static void proceed(struct inv_host *h);

void inv_accuse(struct inv_host *h, const struct inv_open *o, bool sure)
{
	uint8_t *a = &h->accused[invh_vdev(h, &h->item[o->item])];

	*a = sure || *a == 2 ? 2 : 1;
}

unsigned inv_accuse_all(struct inv_host *h, int dev)
{
	unsigned n = 0;

	for (uint32_t i = 0; i < h->n_open; i++) {
		if (dev >= 0 && h->item[h->open[i].item].dev != dev)
			continue;
		inv_accuse(h, &h->open[i], false);
		h->open[i].failed = true;
		n++;
	}
	return n;
}

static bool certain(const struct inv_host *h, uint32_t v)
{
	unsigned n = 0;

	if (h->accused[v] != 1)
		return h->accused[v] == 2;
	for (uint32_t i = 0; i < h->devices * h->vdevs; i++)
		n += h->accused[i] == 1 && (!h->named || i / h->vdevs == v / h->vdevs);
	return n == 1;
}

static void blame(struct inv_host *h, uint32_t v)
{
	if (h->fenced[v] || h->blame[v])
		return;
	h->blame[v] = 1;
	h->env.blamed(h->env.arg, v / h->vdevs, v % h->vdevs);
}

static void blame_all(struct inv_host *h)
{
	for (uint32_t v = 0; v < h->devices * h->vdevs; v++)
		if (h->accused[v])
			blame(h, v);
}

static void push(struct inv_host *h, unsigned start, unsigned n, unsigned tries)
{
	if (n)
		h->stack[h->n_stack++] = (struct inv_group){ .start = (uint16_t)start, .n = (uint16_t)n, .tries = (uint16_t)tries };
}

/* ---- blocking ---- */

static void put_fence(struct inv_host *h)
{
	h->o->fence(h, h->fence_dev, h->fence_vdev, true);
}

static void set_fenced(struct inv_host *h, uint8_t on)
{
	for (unsigned v = 0; v < h->vdevs; v++)
		if (h->fence_vdev < 0 || (unsigned)h->fence_vdev == v)
			h->fenced[h->fence_dev * h->vdevs + v] = on;
}

static void put_unfence(struct inv_host *h)
{
	set_fenced(h, 0);
	h->o->fence(h, h->fence_dev, h->fence_vdev, false);
}

/* The device has forgotten everything: its pages are safe, and it may come back. */
static void reset_over(struct inv_host *h)
{
	for (uint32_t i = 0; i < h->n_cur; i++)
		if (h->item[h->cur[i]].dev == h->fence_dev)
			invh_release(h, h->cur[i], INVH_RESET_DONE);
	invh_send(h, 1 + 2 * h->vdevs, put_unfence, proceed);
}

static void fence_done(struct inv_host *h)
{
	set_fenced(h, 1);
	h->st.fences++;
	h->then = proceed;
	if (h->c->policy != INVH_RESET)
		return;
	h->st.resets++;
	h->env.reset(h->env.arg, h->fence_dev);
	invh_delay(h, h->c->reset_ps);
	h->then = reset_over;
}

/* Returns: one is being blocked. */
static bool fence_next(struct inv_host *h)
{
	for (uint32_t v = 0; v < h->devices * h->vdevs; v++) {
		if (!h->blame[v] || h->fenced[v])
			continue;
		h->fence_dev = v / h->vdevs;
		h->fence_vdev = h->c->fence == INVH_FENCE_RID || h->c->policy == INVH_RESET ? -1 : (int)(v % h->vdevs);
		for (unsigned i = 0; i < h->vdevs; i++)
			if (h->fence_vdev < 0 || (unsigned)h->fence_vdev == i)
				h->blame[h->fence_dev * h->vdevs + i] = 0;
		invh_send(h, 1 + 2 * h->vdevs, put_fence, fence_done);
		return true;
	}
	return false;
}

/* ---- the groups ---- */

static void proceed(struct inv_host *h)
{
	if (fence_next(h))
		return;
	while (h->n_stack) {
		unsigned n = 0;

		h->group = h->stack[--h->n_stack];
		for (unsigned i = 0; i < h->group.n; i++) {
			uint32_t it = h->cur[h->group.start + i];

			if (h->fenced[invh_vdev(h, &h->item[it])])
				invh_release(h, it, INVH_FENCED);
			else if (h->item[it].how == INVH_HELD)
				h->cur[h->group.start + n++] = it;
		}
		h->group.n = (uint16_t)n;
		if (!n)
			continue;
		invh_send_group(h);
		return;
	}
	if (h->recovering) {
		h->st.stall_ps += sim_now(h->u->k) - h->t_batch;
		h->env.incident(h->env.arg, NULL);
	}
	h->recovering = false;
	h->then = invh_next_batch;
}

/* The uncertain ones of the group by virtual device, in front of the others. Returns: how many. */
static unsigned uncertain_first(struct inv_host *h)
{
	uint32_t *a = &h->cur[h->group.start], tmp;
	unsigned n = 0;

	for (uint32_t v = 0; v < h->devices * h->vdevs; v++) {
		if (h->accused[v] != 1 || h->blame[v])
			continue;
		for (unsigned i = n; i < h->group.n; i++) {
			if (invh_vdev(h, &h->item[a[i]]) != v)
				continue;
			tmp = a[n];
			a[n++] = a[i];
			a[i] = tmp;
		}
	}
	return n;
}

/* A report about nobody of the group: it may be about earlier commands. After some repetitions the whole group is suspect. */
static bool reported_others(struct inv_host *h)
{
	for (unsigned i = 0; i < h->group.n; i++)
		if (h->accused[invh_vdev(h, &h->item[h->cur[h->group.start + i]])])
			return false;
	if (h->group.tries < RESENDS + h->c->retries)
		return true;
	for (unsigned i = 0; i < h->group.n; i++)
		h->accused[invh_vdev(h, &h->item[h->cur[h->group.start + i]])] = 1;
	h->named = false;
	return false;
}

static void split(struct inv_host *h, unsigned tries)
{
	unsigned n, start = h->group.start, m = 0, part = 0, cut = 1;

	for (uint32_t v = 0; v < h->devices * h->vdevs; v++)
		if (certain(h, v))
			blame(h, v);
	n = uncertain_first(h);
	for (unsigned i = 0; i < n; i++)
		m += !i || invh_vdev(h, &h->item[h->cur[start + i]]) != invh_vdev(h, &h->item[h->cur[start + i - 1]]);
	if (h->c->policy == INVH_BISECT && m > 1)
		cut = (m + 1) / 2;
	for (unsigned i = 1, seen = 1; i <= n; i++) { /* parts of `cut` virtual devices */
		bool next = i < n && invh_vdev(h, &h->item[h->cur[start + i]]) != invh_vdev(h, &h->item[h->cur[start + i - 1]]);

		if (i < n && !(next && seen++ % cut == 0))
			continue;
		push(h, start + part, i - part, 0);
		part = i;
	}
	push(h, start + n, h->group.n - n, tries);
}

static void react(struct inv_host *h)
{
	struct inv_group g = h->group;
	unsigned tries = reported_others(h) ? g.tries + 1u : 0;

	switch ((enum inv_policy)h->c->policy) {
	case INVH_IGNORE:
		invh_release_group(h, INVH_UNCONFIRMED);
		break;
	case INVH_RETRY:
		if (g.tries >= h->c->retries)
			blame_all(h);
		push(h, g.start, g.n, g.tries + 1u);
		break;
	case INVH_SINGLES:
	case INVH_BISECT:
		split(h, tries);
		break;
	case INVH_QUARANTINE:
	case INVH_RESET:
		blame_all(h);
		push(h, g.start, g.n, tries);
		break;
	}
}

/* Keeps what is not confirmed; the rest of the group is. */
static void keep_lost(struct inv_host *h)
{
	unsigned n = 0;

	for (unsigned i = 0; i < h->group.n; i++) {
		uint32_t it = h->cur[h->group.start + i];

		if (h->lost[it]) {
			h->cur[h->group.start + i] = h->cur[h->group.start + n];
			h->cur[h->group.start + n++] = it;
		} else {
			invh_release(h, it, INVH_CONFIRMED);
		}
	}
	h->group.n = (uint16_t)n;
	memset(h->lost, 0, h->n_items);
}

static void forget(struct inv_host *h)
{
	memset(h->accused, 0, (size_t)h->devices * h->vdevs);
	h->named = h->failed = false;
}

void invh_note(struct inv_host *h)
{
	h->st.incidents++;
	h->env.incident(h->env.arg, h->accused);
	h->env.incident(h->env.arg, NULL);
	forget(h);
}

void invh_group_done(struct inv_host *h)
{
	bool fresh = h->fresh;

	h->fresh = false;
	if (!h->failed) {
		invh_release_group(h, INVH_CONFIRMED);
		proceed(h);
		return;
	}
	if (fresh) {
		h->st.incidents++;
		h->recovering = true;
		h->env.incident(h->env.arg, h->accused);
	} else {
		h->st.probes_failed++;
	}
	keep_lost(h);
	react(h);
	forget(h);
	proceed(h);
}
