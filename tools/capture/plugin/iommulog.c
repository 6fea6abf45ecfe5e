/* SPDX-License-Identifier: Apache-2.0 */
/*
 * iommulog.c - TCG plugin for QEMU: what the guest does to the structures of its IOMMU, as lines in QEMU's own log, among the IOMMU's
 * trace events. The guest is not changed; its memory is read through the file that backs it.
 *
 * arguments: arch=vtd|smmuv3|amdvi ram=FILE base=GUEST-PHYSICAL mmio=GUEST-PHYSICAL
 * lines:
 *   mem_page pa=A kind=K           this page is one of the structures from now on; its words are 0 but for those in
 *   mem_word pa=A val=V            lines that follow. Comes before the store that links the page.
 *   mem_write pa=A val=V bytes=N kind=K   a store of N bytes (1, 2, 4, 8, aligned) to such a page; a wider one is several lines
 *   mem_flush pa=A bytes=64        the line is written back (clflush, clflushopt, clwb; dc cvac, cvap, civac). Behind mem_page: the line
 *                                  was written back after its last store, before the page was linked
 *   mem_drop pa=A                  no entry links the page any more; it is no longer followed
 *   mem_mmio off=A bytes=N val=V   a write to a register (AMD-Vi only: QEMU's own events have no values)
 * Does not model: barriers, registers' read values, memory freed by the guest; write-backs through an Arm virtual address that is not in
 * the linear map; stores by devices or by the IOMMU itself.
 * Needs: TCG with thread=single, so that the order of the lines is the order of the guest's stores.
 */
#include <fcntl.h>
#include <glib.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>
#include <qemu-plugin.h>
#include "tables.h"

QEMU_PLUGIN_EXPORT int qemu_plugin_version = QEMU_PLUGIN_VERSION;

enum { MAX_CPU = 16, LINE = 64, MMIO_BYTES = 0x4000, X86_CR3 = 16, X86_CR4, N_REG = 32 };
static struct tab tab;
static enum tab_arch arch;
static uint64_t mmio;
static bool arm;
static uint64_t linear; /* Arm: virtual less physical address of the linear map, from the last store to a structure */
static unsigned char *clean; /* bit per line of memory: written back since its last store */
static struct qemu_plugin_register *reg_of[MAX_CPU][N_REG];

/* ---- log ---- */

static void __attribute__((format(printf, 1, 2))) put(const char *fmt, ...)
{
	char l[160];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(l, sizeof(l), fmt, ap);
	va_end(ap);
	qemu_plugin_outs(l);
}
static bool line_clean(uint64_t pa)
{
	uint64_t n = (pa - tab.base) / LINE;

	return clean[n / 8] >> (n % 8) & 1;
}
static void page_log(struct tab *t, uint64_t pa, const char *kind)
{
	const uint64_t *w = (const void *)(t->ram + (pa - t->base));

	put("mem_page pa=0x%" PRIx64 " kind=%s\n", pa, kind);
	for (unsigned i = 0; i < 512; i++)
		if (w[i])
			put("mem_word pa=0x%" PRIx64 " val=0x%" PRIx64 "\n", pa + i * 8, w[i]);
	for (unsigned i = 0; i < 4096; i += LINE)
		if (line_clean(pa + i))
			put("mem_flush pa=0x%" PRIx64 " bytes=%d\n", pa + i, LINE);
}
static void drop_log(struct tab *t, uint64_t pa)
{
	(void)t;
	put("mem_drop pa=0x%" PRIx64 "\n", pa);
}

/* ---- stores ---- */

static uint64_t value_at(uint64_t pa, unsigned n)
{
	uint64_t v = 0;

	memcpy(&v, tab.ram + (pa - tab.base), n);
	return v;
}
/* @n bytes at @pa, which is in memory, have just been stored. */
static void stored(uint64_t pa, uint64_t n)
{
	uint64_t end = pa + n, line = (pa - tab.base) / LINE;
	char name[16];

	if ((pa ^ (end - 1)) >> 12) /* the rest is in another page, which may be anywhere */
		end = (pa | 0xfff) + 1;
	for (; line <= (end - 1 - tab.base) / LINE; line++)
		clean[line / 8] &= (unsigned char)~(1u << line % 8);
	if (!tab_page_of(&tab, pa))
		return;
	for (unsigned step; pa < end; pa += step) {
		struct tab_ref old;
		struct tab_page *p = tab_page_of(&tab, pa);

		for (step = 8; (pa & (step - 1)) || pa + step > end; step /= 2)
			;
		if (!p) /* the store itself has cut the page off */
			return;
		old = tab_link(&tab, pa);
		put("mem_write pa=0x%" PRIx64 " val=0x%" PRIx64 " bytes=%u kind=%s\n", pa, value_at(pa, step), step, tab_kind_name(name, p));
		tab_unlink(&tab, old);
	}
}
static void reg_write(qemu_plugin_meminfo_t info, uint32_t off, unsigned bytes)
{
	qemu_plugin_mem_value v = qemu_plugin_mem_get_value(info);
	uint64_t val = bytes == 1 ? v.data.u8 : bytes == 2 ? v.data.u16 : bytes == 4 ? v.data.u32 : v.data.u64;

	if (bytes > 8)
		return;
	if (arch == TAB_AMDVI)
		put("mem_mmio off=0x%x bytes=%u val=0x%" PRIx64 "\n", off, bytes, val);
	tab_reg_write(&tab, arch, off, bytes, val);
}
static void store_cb(unsigned int cpu, qemu_plugin_meminfo_t info, uint64_t va, void *user)
{
	struct qemu_plugin_hwaddr *h = qemu_plugin_get_hwaddr(info, va);
	unsigned n = 1u << qemu_plugin_mem_size_shift(info);
	uint64_t pa;

	(void)cpu;
	(void)user;
	if (!h)
		return;
	pa = qemu_plugin_hwaddr_phys_addr(h);
	if (qemu_plugin_hwaddr_is_io(h)) {
		if (pa - mmio < MMIO_BYTES)
			reg_write(info, (uint32_t)(pa - mmio), n);
	} else if (pa - tab.base < tab.size) {
		if (tab_page_of(&tab, pa))
			linear = va - pa;
		stored(pa, n);
	}
}

/* ---- instructions that write back or clear a line ---- */

struct op { /* one such instruction */
	int8_t base, index; /* register, -1: none */
	uint8_t scale;
	bool zero; /* dc zva */
	uint64_t disp;
};
static bool reg_value(unsigned cpu, int n, uint64_t *v)
{
	GByteArray *a;
	bool ok;

	if (cpu >= MAX_CPU || !reg_of[cpu][n])
		return false;
	a = g_byte_array_new();
	ok = qemu_plugin_read_register(reg_of[cpu][n], a) >= 8;
	if (ok)
		memcpy(v, a->data, 8);
	g_byte_array_free(a, TRUE);
	return ok;
}
/* Intel 64 paging, four or five levels (CR4.LA57). */
static bool x86_walk(unsigned cpu, uint64_t va, uint64_t *pa)
{
	uint64_t e, cr4, table;
	unsigned level;

	if (!reg_value(cpu, X86_CR3, &table) || !reg_value(cpu, X86_CR4, &cr4))
		return false;
	for (level = cr4 >> 12 & 1 ? 5 : 4; level; level--) {
		unsigned sh = 12 + 9 * (level - 1);
		uint64_t at = (table & UINT64_C(0x000ffffffffff000)) + 8 * (va >> sh & 511);

		if (at - tab.base >= tab.size)
			return false;
		e = value_at(at, 8);
		if (!(e & 1))
			return false;
		if (level == 1 || (level <= 3 && (e & 0x80))) {
			*pa = (e & UINT64_C(0x000ffffffffff000) & ~((UINT64_C(1) << sh) - 1)) | (va & ((UINT64_C(1) << sh) - 1));
			return true;
		}
		table = e;
	}
	return false;
}
static void op_cb(unsigned int cpu, void *user)
{
	const struct op *o = user;
	uint64_t va = o->disp, v, pa;

	if (o->base >= 0) {
		if (!reg_value(cpu, o->base, &v))
			return;
		va += v;
	}
	if (o->index >= 0) {
		if (!reg_value(cpu, o->index, &v))
			return;
		va += v << o->scale;
	}
	if (arm)
		pa = va - linear;
	else if (!x86_walk(cpu, va, &pa))
		return;
	pa &= ~(uint64_t)(LINE - 1);
	if (pa - tab.base >= tab.size)
		return;
	if (o->zero) {
		/* this comes before the instruction: do what it is about to do, so that the log shows what it leaves */
		if (tab_page_of(&tab, pa))
			memset(tab.ram + (pa - tab.base), 0, LINE);
		stored(pa, LINE);
		return;
	}
	v = (pa - tab.base) / LINE;
	clean[v / 8] |= (unsigned char)(1u << v % 8);
	if (tab_page_of(&tab, pa))
		put("mem_flush pa=0x%" PRIx64 " bytes=%d\n", pa, LINE);
}
/* clflush 0f ae /7, clflushopt 66 0f ae /7, clwb 66 0f ae /6, with a memory operand */
static bool x86_op(const uint8_t *b, size_t n, uint64_t next, struct op *o)
{
	uint8_t rex = 0;
	bool opsize = false;
	size_t i = 0;
	bool sib;
	unsigned mod, reg, rm, dn;
	int32_t d = 0;

	for (; i < n && (b[i] == 0x66 || b[i] == 0x3e || b[i] == 0x2e || b[i] == 0x26 || b[i] == 0x36); i++)
		opsize |= b[i] == 0x66;
	if (i < n && (b[i] & 0xf0) == 0x40)
		rex = b[i++];
	if (n < i + 3 || b[i] != 0x0f || b[i + 1] != 0xae)
		return false;
	mod = b[i + 2] >> 6;
	reg = b[i + 2] >> 3 & 7;
	rm = b[i + 2] & 7;
	sib = rm == 4;
	i += 3;
	if (mod == 3 || !(reg == 7 || (reg == 6 && opsize)) || (sib && n == i))
		return false;
	*o = (struct op){ .index = -1 };
	if (sib) {
		unsigned x = (b[i] >> 3 & 7) | (rex & 2u) << 2;

		o->index = x == 4 ? -1 : (int8_t)x;
		o->scale = b[i] >> 6;
		rm = b[i++] & 7;
	}
	o->base = (int8_t)(rm | (rex & 1) << 3);
	dn = mod == 1 ? 1 : mod == 2 || (mod == 0 && rm == 5) ? 4 : 0;
	if (n < i + dn)
		return false;
	if (dn == 1)
		d = (int8_t)b[i];
	else if (dn == 4)
		memcpy(&d, b + i, 4);
	o->disp = (uint64_t)(int64_t)d;
	if (mod == 0 && rm == 5) { /* no base: behind the next instruction, or with SIB absolute */
		o->disp += sib ? 0 : next;
		o->base = -1;
	}
	return true;
}
/* dc zva, cvac, cvap, civac: sys instructions that differ in CRm and op2 */
static bool arm_op(uint32_t w, struct op *o)
{
	uint32_t what = w & ~31u;

	if (what != 0xd50b7420 && what != 0xd50b7a20 && what != 0xd50b7c20 && what != 0xd50b7e20)
		return false;
	*o = (struct op){ .base = (w & 31) == 31 ? -1 : (int8_t)(w & 31), .index = -1, .zero = what == 0xd50b7420 };
	return true;
}
static void translate_cb(qemu_plugin_id_t id, struct qemu_plugin_tb *tb)
{
	(void)id;
	for (size_t i = 0, n = qemu_plugin_tb_n_insns(tb); i < n; i++) {
		struct qemu_plugin_insn *in = qemu_plugin_tb_get_insn(tb, i);
		uint8_t b[16] = { 0 };
		size_t len = qemu_plugin_insn_data(in, b, sizeof(b));
		uint32_t w;
		struct op o;

		memcpy(&w, b, 4);
		if (arm ? len == 4 && arm_op(w, &o) : x86_op(b, len, qemu_plugin_insn_vaddr(in) + len, &o))
			/* kept as long as QEMU runs: the same instruction may be translated again */
			qemu_plugin_register_vcpu_insn_exec_cb(in, op_cb, QEMU_PLUGIN_CB_R_REGS, g_memdup2(&o, sizeof(o)));
		qemu_plugin_register_vcpu_mem_cb(in, store_cb, QEMU_PLUGIN_CB_NO_REGS, QEMU_PLUGIN_MEM_W, NULL);
	}
}
static void vcpu_cb(qemu_plugin_id_t id, unsigned int cpu)
{
	static const char *const x86[] = { "rax", "rcx", "rdx", "rbx", "rsp", "rbp", "rsi", "rdi", "r8",  "r9",
					   "r10", "r11", "r12", "r13", "r14", "r15", "cr3", "cr4" };
	GArray *r = qemu_plugin_get_registers();

	(void)id;
	for (guint i = 0; r && cpu < MAX_CPU && i < r->len; i++) {
		const qemu_plugin_reg_descriptor *d = &g_array_index(r, qemu_plugin_reg_descriptor, i);
		char name[8];

		for (unsigned n = 0; n < (arm ? 31 : sizeof(x86) / sizeof(x86[0])); n++) {
			snprintf(name, sizeof(name), "x%u", n);
			if (!strcmp(d->name, arm ? name : x86[n]))
				reg_of[cpu][n] = d->handle;
		}
	}
	if (r)
		g_array_free(r, TRUE);
}

/* ---- begin ---- */

static bool map_ram(const char *path)
{
	struct stat st;
	int fd = open(path, O_RDWR);

	if (fd < 0 || fstat(fd, &st))
		return false;
	tab.size = (uint64_t)st.st_size;
	tab.ram = mmap(NULL, tab.size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	close(fd);
	tab.page = calloc(tab.size >> 12, sizeof(struct tab_page *));
	clean = calloc(tab.size / LINE / 8 + 1, 1);
	tab.on_page = page_log;
	tab.on_drop = drop_log;
	return tab.ram != MAP_FAILED && tab.page && clean;
}
QEMU_PLUGIN_EXPORT int qemu_plugin_install(qemu_plugin_id_t id, const qemu_info_t *info, int argc, char **argv)
{
	static const char *const names[] = { [TAB_VTD] = "vtd", [TAB_SMMUV3] = "smmuv3", [TAB_AMDVI] = "amdvi" };
	const char *ram = NULL;
	bool known = false;

	arm = !strcmp(info->target_name, "aarch64");
	for (int i = 0; i < argc; i++) {
		const char *v = strchr(argv[i], '=');

		if (!v)
			continue;
		v++;
		if (!strncmp(argv[i], "ram=", 4))
			ram = v;
		else if (!strncmp(argv[i], "base=", 5))
			tab.base = strtoull(v, NULL, 0);
		else if (!strncmp(argv[i], "mmio=", 5))
			mmio = strtoull(v, NULL, 0);
		for (unsigned a = 0; a < 3 && !strncmp(argv[i], "arch=", 5); a++)
			if (!strcmp(v, names[a])) {
				arch = (enum tab_arch)a;
				known = true;
			}
	}
	if (!known || !mmio || !ram || !map_ram(ram)) {
		fprintf(stderr, "iommulog: wants arch=vtd|smmuv3|amdvi,ram=FILE,base=ADDRESS,mmio=ADDRESS\n");
		return -1;
	}
	qemu_plugin_register_vcpu_init_cb(id, vcpu_cb);
	qemu_plugin_register_vcpu_tb_trans_cb(id, translate_cb);
	return 0;
}
