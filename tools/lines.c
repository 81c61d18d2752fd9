// SPDX-License-Identifier: BSD-3-Clause
// SPDX-FileCopyrightText: The VectraOS contributors
//
// Loaded into the emulator (-plugin): which cache lines several harts write, in the kernel as it is
// shipped, with its assembly, and in programs. A line is taken by its address in the machine, so
// one page at two addresses is one, and the same address in two Tasks is two.
//
// From the moment at which as many harts as said are in the midst of their work (MARK_BEGIN,
// tests/ktest/clocks_pairs.c) until the first stops, the loads and stores of each hart are counted
// by line. Then comes what more than one of them touched and any wrote, and the next such time may
// begin. Not seen: what the processor reads and writes by itself, which is page tables and the
// frames of interrupts, and the registers of devices. Harts run in turns (-icount): no locks.
#include <stdio.h>
#include <stdlib.h>

#include "tools/plugin.h"

int qemu_plugin_version = 1;

enum { HARTS = 64, LINE_BITS = 6, SLOTS = 1 << 16, PLACES = 6 };

struct line {
    uint64_t number, address; // of the machine; where it was written or read first
    uint64_t loads, stores;
    uint64_t bytes;       // that were written: a bit for each
    uint64_t pcs[PLACES]; // which instructions wrote
    uint64_t load_pc;     // one that read
};

struct hart {
    struct line *lines;
    uint64_t used, asks, replies;
};
static struct hart harts[HARTS];
static unsigned wanted, begun; // harts that have work, and that are in the midst of it
static bool counts;
static FILE *out;

static struct line *find(struct hart *hart, uint64_t number) {
    if (hart->lines == NULL) {
        hart->lines = calloc(SLOTS, sizeof *hart->lines);
    }
    uint64_t slot = number * 0x9e3779b97f4a7c15 >> 40;
    for (;; slot++) {
        struct line *line = &hart->lines[slot % SLOTS];
        if (line->number == number && line->address != 0) {
            return line;
        }
        if (line->address == 0) {
            if (hart->used == SLOTS / 2) {
                abort(); // more than any kernel here touches: the window is not what was meant
            }
            hart->used++;
            line->number = number;
            return line;
        }
    }
}

static void store(struct line *line, uint64_t from, unsigned size, uint64_t pc) {
    line->stores++;
    line->bytes |= (size >= 64 ? UINT64_MAX : (UINT64_C(1) << size) - 1) << from;
    for (unsigned i = 0; i < PLACES; i++) {
        if (line->pcs[i] == pc || line->pcs[i] == 0) {
            line->pcs[i] = pc;
            return;
        }
    }
}

static void access(unsigned hart, uint32_t kind, uint64_t address, void *pc) {
    if (!counts) {
        return;
    }
    const struct place *place = qemu_plugin_get_hwaddr(kind, address);
    if (place == NULL || qemu_plugin_hwaddr_is_io(place)) {
        return;
    }
    uint64_t physical = qemu_plugin_hwaddr_phys_addr(place), from = address % (1 << LINE_BITS);
    struct line *line = find(&harts[hart], physical >> LINE_BITS);
    line->address = address;
    if (qemu_plugin_mem_is_store(kind)) {
        store(line, from, 1U << qemu_plugin_mem_size_shift(kind), (uint64_t)pc);
    } else {
        line->loads++;
        line->load_pc = (uint64_t)pc;
    }
}

// The hart's own line of that number; NULL: it did not touch it.
static const struct line *look(const struct hart *hart, uint64_t number) {
    uint64_t slot = number * 0x9e3779b97f4a7c15 >> 40;
    for (; hart->lines != NULL; slot++) {
        const struct line *line = &hart->lines[slot % SLOTS];
        if (line->address == 0 || line->number == number) {
            return line->address == 0 ? NULL : line;
        }
    }
    return NULL;
}

// "line NUMBER HART ADDRESS STORES LOADS BYTES READER WRITER...", one for each hart.
static void show(const struct line *line, uint64_t number, unsigned hart) {
    fprintf(out, "line %lx %u %016lx %lu %lu %016lx %016lx", number, hart, line->address,
            line->stores, line->loads, line->bytes, line->load_pc);
    for (unsigned i = 0; i < PLACES && line->pcs[i] != 0; i++) {
        fprintf(out, " %016lx", line->pcs[i]);
    }
    fprintf(out, "\n");
}

// A line that no hart with a lower number touched.
static void compare(uint64_t number, unsigned first) {
    unsigned touch = 0;
    uint64_t stores = 0;
    for (unsigned i = 0; i < HARTS; i++) {
        const struct line *line = look(&harts[i], number);
        if (line != NULL && i < first) {
            return;
        }
        touch += line != NULL;
        stores += line != NULL ? line->stores : 0;
    }
    for (unsigned i = first; i < HARTS && touch > 1 && stores != 0; i++) {
        const struct line *line = look(&harts[i], number);
        if (line != NULL) {
            show(line, number, i);
        }
    }
}

static void report(void) {
    fprintf(out, "window\n");
    for (unsigned i = 0; i < HARTS; i++) {
        const struct hart *hart = &harts[i];
        if (hart->lines != NULL) {
            fprintf(out, "hart %u %lu %lu %lu\n", i, hart->asks, hart->replies, hart->used);
        }
    }
    for (unsigned i = 0; i < HARTS; i++) {
        const struct hart *hart = &harts[i];
        for (unsigned slot = 0; slot < SLOTS && hart->lines != NULL; slot++) {
            if (hart->lines[slot].address != 0) {
                compare(hart->lines[slot].number, i);
            }
        }
    }
    for (unsigned i = 0; i < HARTS; i++) {
        free(harts[i].lines);
        harts[i] = (struct hart){0};
    }
    fflush(out);
}

static void mark(unsigned hart, void *data) {
    uint64_t kind = (uintptr_t)data;
    if (kind == MARK_BEGIN) {
        counts = ++begun == wanted;
    } else if (kind == MARK_END && counts) {
        report();
        counts = false;
        begun = 0;
    } else if (counts) {
        harts[hart].asks += kind == MARK_ASK;
        harts[hart].replies += kind == MARK_REPLY;
    }
}

static void translated(uint64_t, struct block *block) {
    bool kernel = qemu_plugin_tb_vaddr(block) >> 63 != 0;
    for (size_t i = 0; i < qemu_plugin_tb_n_insns(block); i++) {
        struct instruction *instruction = qemu_plugin_tb_get_insn(block, i);
        uint64_t kind = kernel ? 0 : mark_of(instruction);
        if (kind != 0) {
            qemu_plugin_register_vcpu_insn_exec_cb(instruction, mark, NO_REGISTERS,
                                                   (void *)(uintptr_t)kind);
        }
        qemu_plugin_register_vcpu_mem_cb(instruction, access, NO_REGISTERS, LOADS | STORES,
                                         (void *)(uintptr_t)qemu_plugin_insn_vaddr(instruction));
    }
}

// Two arguments: out=FILE, and harts=NUMBER of the pairs.
int qemu_plugin_install(uint64_t id, const void *, int count, char **arguments) {
    if (count != 2 || strncmp(arguments[0], "out=", 4) != 0 ||
        sscanf(arguments[1], "harts=%u", &wanted) != 1 || wanted > HARTS) {
        return -1;
    }
    out = fopen(arguments[0] + 4, "w");
    qemu_plugin_register_vcpu_tb_trans_cb(id, translated);
    return out == NULL;
}
