/* SPDX-License-Identifier: Apache-2.0 */
/*
 * run_oracle.c - `run --oracle`: the oracle's findings as text. The first RUN_ORACLE_SHOWN errors, then the first RUN_ORACLE_LEGAL uses in
 * the legal window.
 * A finding is a line "trace:LINE: dma ..." and the chain below it: store, command, wait, use.
 */
#include "run_oracle.h"
#include <inttypes.h>
#include <stdio.h>

struct oracle *run_oracle_start(struct plat *p, struct stat_reg *reg, struct err *e)
{
	struct oracle *o = oracle_create(p, RUN_ORACLE_SHOWN, e);

	if (o && !stat_add(reg, "oracle", oracle_statistics(o), oracle_stat_defs)) {
		err_set(e, ERR_MACHINE, "out of memory");
		oracle_destroy(o);
		return NULL;
	}
	return o;
}

static void print_rid(uint32_t rid, bool has_pasid, uint32_t pasid)
{
	printf("%02x:%02x.%x", rid >> 8, rid >> 3 & 31, rid & 7);
	if (has_pasid)
		printf(" pasid %" PRIu32, pasid);
}

static void print_ans(struct oracle_ans a)
{
	if (a.ok)
		printf("0x%" PRIx64, a.spa);
	else
		printf("refused (0x%x)", a.code);
}

static double us(sim_time t)
{
	return 1e-6 * (double)t;
}

static void print_store(const struct oracle_finding *f)
{
	if (f->lost)
		printf("  store: longer ago than the last %d changes of the words on its path\n", ORACLE_HISTORY);
	if (f->has_store)
		printf("  store: line %" PRIu64 ", [0x%" PRIx64 "] 0x%" PRIx64 " -> 0x%" PRIx64 ", %.3f us\n", f->store.line,
		       f->store.addr, f->store.old, f->store.new_, us(f->store.at));
}

static void print_cmd(const struct oracle_finding *f)
{
	if (!f->has_cmd) {
		if (f->class == ORACLE_WINDOW || f->class == ORACLE_REUSE)
			printf("  command: none has completed since\n");
		return;
	}
	printf("  command: ");
	if (f->cmd.first_line)
		printf("stored in lines %" PRIu64 "-%" PRIu64 ", ", f->cmd.first_line, f->cmd.last_line);
	printf("register 0x%" PRIx32 "%s = 0x%" PRIx64 " in line %" PRIu64 ", %.3f us\n", f->cmd.off, f->cmd.tail ? " (queue tail)" : "",
	       f->cmd.val, f->cmd.line, us(f->cmd.at));
	if (f->inv_line) {
		printf("  invalidation: submitted in line %" PRIu64, f->inv_line);
		if (f->inv_pos != UINT64_MAX)
			printf(", at 0x%" PRIx64 " of the queue", f->inv_pos);
		putchar('\n');
	}
	printf("  wait: completed %.3f us\n", us(f->cmd.done_at));
}

static void print_finding(const struct oracle_finding *f, const char *trace)
{
	const uint8_t acc = f->req.acc;

	printf("%s:%" PRIu64 ": dma ", trace, f->line);
	print_rid(f->req.rid, f->req.has_pasid, f->req.pasid);
	printf(" %c 0x%" PRIx64 ": %s%s: got ", acc & XL_ATOMIC ? 'a' : acc & XL_X ? 'x' : acc & XL_W ? 'w' : 'r', f->req.iova,
	       oracle_class_name[f->class], f->atc ? " (device translation cache)" : "");
	print_ans(f->got);
	printf(", the tables say ");
	print_ans(f->now);
	putchar('\n');
	print_store(f);
	print_cmd(f);
	if (f->has_other) {
		printf("  other context: ");
		print_rid(f->other_rid, f->other_has_pasid, f->other_pasid);
		if (f->same_tag && !f->atc)
			printf(", the same tag (domain %u, ASID %u, VMID %u)", f->did, f->asid, f->vmid);
		else if (!f->same_tag)
			printf(", another tag");
		putchar('\n');
	}
	if (f->has_reuse)
		printf("  reuse: line %" PRIu64 ", the page went into [0x%" PRIx64 "]\n", f->reuse_line, f->reuse_word);
	printf("  use: %.3f us", us(f->at));
	if (f->has_store)
		printf(", %.3f us after the store", us(f->at - f->store.at));
	if (f->has_cmd)
		printf(", %.3f us after the wait", us(f->at - f->cmd.done_at));
	putchar('\n');
}

void run_oracle_print(struct oracle *o, const char *trace)
{
	const struct oracle_stats *s = oracle_statistics(o);
	const struct oracle_finding *f;

	for (size_t i = 0, legal = 0; (f = oracle_finding(o, i)) != NULL && legal < RUN_ORACLE_LEGAL; i++) {
		print_finding(f, trace);
		legal += f->class == ORACLE_WINDOW;
	}
	printf("oracle: %" PRIu64 " checked, %" PRIu64 " in the legal window, %" PRIu64 " stale, %" PRIu64 " invalidation missing, %" PRIu64
	       " alias, %" PRIu64 " reuse, %" PRIu64 " unexplained\n", s->checked, s->window, s->stale, s->missing,
	       s->alias, s->reuse, s->unexplained);
}
