/* SPDX-License-Identifier: Apache-2.0 */
/* amd_hv.c - the hypervisor that executes a guest's commands after its tail write was trapped; see amd_host.h. */
#include <stdlib.h>
#include "software/amd_host_int.h"

enum hv_phase { V_GUEST, V_READ, V_LOCK, V_PUT, V_HEAD, V_ROOM, V_POLL, V_DONE, V_ENTRY };

static void go(struct amd_hv *v, enum hv_phase p)
{
	v->phase = (uint8_t)p;
	v->i = 0;
}

static void trap(struct amd_guest *g)
{
	struct amd_host *h = g->arg;
	struct amd_hv *v = &h->hv[g - h->guest];

	v->trapped = true;
	thread_wake(&v->t);
}

/* Guest ids to host ids. Returns: false if the command is not for the host's buffer. */
static bool to_host(struct amd_hv *v, uint64_t w[2])
{
	const struct amd_guest *g = v->g;
	uint32_t dom = (uint32_t)bits_get(w[0], 47, 32) - AMDG_DOM0, dev = (uint32_t)bits_get(w[0], 15, 0) - AMDG_DEV0;
	unsigned op = (unsigned)(w[0] >> 60);

	if (op == 1) {
		v->store = w[0] & 1;
		v->store_addr = g->ram + (w[0] & bits_mask(51, 3));
		v->store_data = w[1];
		return false;
	}
	if (op == 3 ? dom >= g->cfg->domains : dev >= g->cfg->devices) {
		v->h->st.unknown_ids++;
		return false;
	}
	if (op == 3)
		w[0] = bits_put(w[0], 47, 32, amd_host_did((uint32_t)(g - v->h->guest), dom));
	else
		w[0] = bits_put(w[0], 15, 0, g->rid0 + dev);
	if (op == 4)
		w[0] = bits_put(w[0], 47, 32, g->rid0 + dev);
	return true;
}

/* Loads of both words, then the software's time for the command. */
static enum thread_op read_command(struct amd_hv *v)
{
	const struct amd_guest *g = v->g;

	if (v->i == 1)
		v->cmd[v->n][0] = v->t.value;
	if (v->i == 2) {
		v->cmd[v->n][1] = v->t.value;
		v->h->st.commands++;
		v->n += to_host(v, v->cmd[v->n]);
		v->head = (v->head + 1) % g->ring_entries;
		v->i = 0;
		v->t.ps = v->h->cfg->command_ps;
		return TH_DELAY;
	}
	v->t.addr = g->ram + AMDG_RING + 16 * v->head + 8 * v->i++;
	v->t.bytes = 8;
	return TH_LOAD;
}

static void lock(struct amd_hv *v)
{
	struct amd_host *h = v->h;

	v->since = sim_now(h->u->k);
	v->next = NULL;
	if (!h->lock_owner) {
		h->lock_owner = v;
		return;
	}
	*h->lock_last = v;
	h->lock_last = &v->next;
}

static void unlock(struct amd_host *h)
{
	struct amd_hv *v = h->lock_first;

	h->lock_owner = v;
	if (!v)
		return;
	h->lock_first = v->next;
	if (!v->next)
		h->lock_last = &h->lock_first;
	thread_wake(&v->t);
}

/* The commands of the guest and one COMPLETION_WAIT; while there is no room, what is there is made known and the head read. */
static enum thread_op put_command(struct amd_hv *v)
{
	struct amd_host *h = v->h;
	uint32_t k = v->i / 2;
	uint64_t own[2] = { UINT64_C(0x1000000000000001) | AMDH_SEM, h->seq + 1 }, *w = k < v->n ? v->cmd[k] : own;
	uint64_t at = AMDH_RING + 16 * h->tail + 8 * (v->i & 1);

	if (!(v->i & 1) && (h->tail + 1) % AMDH_RING_N == h->head_seen) {
		v->phase = V_HEAD;
		return th_mmio(&v->t, AMDH_R_CMD_TAIL, h->tail * 16);
	}
	if (v->i & 1) {
		h->tail = (h->tail + 1) % AMDH_RING_N;
		if (k == v->n)
			v->seq = ++h->seq;
	}
	v->t.value = w[v->i++ & 1];
	return th_store(&v->t, at, v->t.value);
}

static enum thread_op delay(struct amd_hv *v, uint64_t ps)
{
	v->t.ps = ps;
	return TH_DELAY;
}

static enum thread_op hv_run(struct thread *t)
{
	struct amd_hv *v = container_of(t, struct amd_hv, t);
	struct amd_host *h = v->h;
	uint64_t half = h->cfg->exit_ps / 2;

	for (;;) {
		switch ((enum hv_phase)v->phase) {
		case V_GUEST:
			if (!v->trapped)
				return TH_SLEEP;
			v->trapped = false;
			h->st.exits++;
			v->n = 0;
			v->store = false;
			go(v, V_READ);
			return delay(v, half);
		case V_READ:
			if (v->i || v->head != v->g->tail)
				return read_command(v);
			lock(v);
			go(v, V_LOCK);
			break;
		case V_LOCK:
			if (h->lock_owner != v)
				return TH_SLEEP;
			h->st.lock_wait_ps += sim_now(h->u->k) - v->since;
			go(v, V_PUT);
			break;
		case V_HEAD:
			v->phase = V_ROOM;
			t->addr = AMDH_R_CMD_HEAD;
			t->bytes = 8;
			return TH_MMIO_READ;
		case V_ROOM:
			h->head_seen = (uint32_t)(t->value / 16);
			v->phase = (h->tail + 1) % AMDH_RING_N == h->head_seen ? V_HEAD : V_PUT;
			break;
		case V_PUT:
			if (v->i < 2 * (v->n + 1))
				return put_command(v);
			go(v, V_POLL);
			v->since = sim_now(h->u->k);
			return th_mmio(t, AMDH_R_CMD_TAIL, h->tail * 16);
		case V_POLL:
			unlock(h);
			go(v, V_DONE);
			return th_poll_sem(t, v->seq);
		case V_DONE:
			h->st.queue_wait_ps += sim_now(h->u->k) - v->since;
			go(v, V_ENTRY);
			if (v->store)
				return th_store(t, v->store_addr, v->store_data);
			break;
		case V_ENTRY:
			if (v->i++ == 0)
				return delay(v, half);
			go(v, V_GUEST);
			amd_guest_resume(v->g);
			break;
		}
	}
}

bool amd_hv_init(struct amd_host *h)
{
	h->hv = calloc(h->n_guests, sizeof *h->hv);
	for (uint32_t g = 0; h->hv && g < h->n_guests; g++) {
		struct amd_hv *v = &h->hv[g];

		v->h = h;
		v->g = &h->guest[g];
		v->t.u = h->u;
		v->t.cfg = &h->cfg->cpu;
		v->t.run = hv_run;
		v->cmd = calloc(h->guest[g].ring_entries, sizeof *v->cmd);
		if (!v->cmd)
			return false;
		h->guest[g].trap = trap;
	}
	return h->hv != NULL;
}
