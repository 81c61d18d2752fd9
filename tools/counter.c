// SPDX-License-Identifier: BSD-3-Clause
// SPDX-FileCopyrightText: The VectraOS contributors
//
// Loaded into the emulator (-plugin, QEMU's interface of version 1): counts what each hart
// executes, and how much of it lies between something that should wake a thread and the moment at
// which the thread goes on. No counter of either machine tells that: under -icount those of all
// harts count what all of them execute. tests/ktest/clocks_harts.c executes the marks.
//
// When the line of a device rose, nobody tells. But a hart in user mode takes its interrupt before
// the next block, and the kernel lets none in: so it did not rise before the last block of user
// mode that the hart executed, and from there it is counted, too early rather than too late.
//
// A block counts as a whole when it begins, so a hart may be taken to have executed some
// instructions more than it has. Harts run in turns (-icount), one at a time: no locks.
#include <stdio.h>

#include "tools/plugin.h"

int qemu_plugin_version = 1;

enum { HARTS = 64, WAITS = 1 << 16 };

struct count {
    uint64_t executed, waited; // waited: by others, while this one spun for a lock
};
static struct count counts[HARTS];
static bool spins[HARTS];
static unsigned harts; // that have executed anything
static uint64_t total; // by all harts, which is the time as long as one of them is busy

// What should wake the thread, since when, and what each hart had executed then.
static uint64_t cause, since;
static bool pending, begun;
static struct count before[HARTS];
// A bell counts from the interrupt that it sends to the other hart: from this function of the
// kernel on, in the syscall that comes after the mark. If anybody else runs on the hart before
// it, it is not counted.
static uint64_t send;
static unsigned ringer;
static bool rung, entered;
// The line of a device: the kernel's function for it, the hart that took it, what that one had
// executed before its last block of user mode, and what lies between that and the interrupt that it
// sends to the hart of the thread, if that is another one.
static uint64_t line;
static unsigned taker;
static bool is_key, taken;
static struct count user[HARTS], own;
static FILE *out;

static void begin(void) {
    begun = true;
    since = total;
    memcpy(before, counts, sizeof before);
}

// What block_runs is told of a block, beside the number of its instructions.
enum { SPIN = 1 << 0, KERNEL = 1 << 1, SEND = 1 << 2, LINE = 1 << 3, SHIFT = 4 };

static struct count since_of(unsigned hart, const struct count *from) {
    return (struct count){counts[hart].executed - from->executed,
                          counts[hart].waited - from->waited};
}

// Of the blocks after that of the line only the first one that sends is of interest.
static void line_runs(unsigned hart, uintptr_t kind) {
    bool comes = (kind & LINE) != 0 && !begun;
    if (comes) {
        begin();
        taken = true;
        taker = hart;
    }
    if (comes || (taken && hart == taker && (kind & SEND) != 0)) {
        own = since_of(hart, &user[hart]);
        memcpy(before, counts, sizeof before);
        taken = comes;
    }
}

static void bell_runs(uintptr_t kind) {
    if ((kind & SEND) != 0) {
        begin();
    } else if ((kind & KERNEL) == 0 && entered) {
        pending = false;
    }
    entered = (kind & KERNEL) != 0;
    rung = pending && !begun;
}

static void block_runs(unsigned hart, void *data) {
    uintptr_t kind = (uintptr_t)data;
    uint64_t number = kind >> SHIFT;
    harts = hart >= harts ? hart + 1 : harts;
    if ((kind & KERNEL) == 0) {
        user[hart] = counts[hart];
        taken = taken && hart != taker;
    }
    counts[hart].executed += number;
    total += number;
    for (unsigned i = 0; i < harts; i++) {
        counts[i].waited += i != hart && spins[i] ? number : 0;
    }
    spins[hart] = (kind & SPIN) != 0;
    if (rung && hart == ringer) {
        bell_runs(kind);
    } else if (pending && is_key) {
        line_runs(hart, kind);
    } else if (pending && !begun && !rung && total >= since) {
        begin();
    }
}

// What the thread waited for: on its hart, and before that on the one that took the line.
static struct count reaction(unsigned hart) {
    struct count count = begun ? since_of(hart, &before[hart]) : (struct count){};
    if (begun && is_key) {
        count.executed += own.executed;
        count.waited += own.waited;
    }
    return count;
}

// "MARK executed waited all hart": 0 0 0 for one that went on before it should. And "MARK" for
// one that now waits for a key, so that somebody presses it.
static void mark(unsigned hart, void *data) {
    uint64_t kind = (uintptr_t)data;
    if (kind != MARK_AWAKE) {
        cause = kind;
        pending = true;
        begun = entered = taken = false;
        is_key = kind == MARK_KEY || kind == MARK_KEY_NETWORK;
        since = total + MARK_SLEEP - MARK_SLACK;
        rung = kind == MARK_BELL;
        ringer = hart;
        if (is_key) {
            fprintf(out, "%lu\n", kind);
            fflush(out);
        }
    } else if (pending) {
        struct count count = reaction(hart);
        pending = rung = false;
        fprintf(out, "%lu %lu %lu %lu %u\n", cause, count.executed, count.waited,
                begun ? total - since : 0, hart);
        fflush(out);
    }
}

// PAUSE or YIELD, which the kernel has where it waits for a lock, or idles.
static bool is_spin(const uint8_t *code, size_t size) {
    static const uint8_t pause[] = {0xf3, 0x90}, yield[] = {0x3f, 0x20, 0x03, 0xd5};
    return (size == sizeof pause && memcmp(code, pause, size) == 0) ||
           (size == sizeof yield && memcmp(code, yield, size) == 0);
}

static void translated(uint64_t, struct block *block) {
    size_t number = qemu_plugin_tb_n_insns(block);
    uint64_t address = qemu_plugin_tb_vaddr(block);
    bool kernel = address >> 63 != 0, spin = false;
    for (size_t i = 0; i < number; i++) {
        struct instruction *instruction = qemu_plugin_tb_get_insn(block, i);
        const uint8_t *code = qemu_plugin_insn_data(instruction);
        size_t size = qemu_plugin_insn_size(instruction);
        uint64_t kind = kernel ? 0 : mark_of(instruction);
        spin |= kernel && is_spin(code, size);
        if (kind != 0) {
            qemu_plugin_register_vcpu_insn_exec_cb(instruction, mark, NO_REGISTERS,
                                                   (void *)(uintptr_t)kind);
        }
    }
    uintptr_t kind = number << SHIFT | (spin ? SPIN : 0) | (kernel ? KERNEL : 0) |
                     (address == send ? SEND : 0) | (address == line ? LINE : 0);
    qemu_plugin_register_vcpu_tb_exec_cb(block, block_runs, NO_REGISTERS, (void *)kind);
}

// Arguments: out=FILE, and send=ADDRESS and line=ADDRESS of the kernel's functions that interrupt
// a hart, and that the interrupt of a device's line comes to.
int qemu_plugin_install(uint64_t id, const void *, int count, char **arguments) {
    if (count != 3 || strncmp(arguments[0], "out=", 4) != 0 ||
        sscanf(arguments[1], "send=%lx", &send) != 1 ||
        sscanf(arguments[2], "line=%lx", &line) != 1) {
        return -1;
    }
    out = fopen(arguments[0] + 4, "w");
    qemu_plugin_register_vcpu_tb_trans_cb(id, translated);
    return out == NULL;
}
