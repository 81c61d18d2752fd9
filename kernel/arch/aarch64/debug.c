// SPDX-License-Identifier: BSD-3-Clause
// SPDX-FileCopyrightText: The VectraOS contributors
//
// Steps, watchpoints and hardware breakpoints of user threads (ARM, "AArch64 Self-hosted
// Debug"). The kernel itself is never debugged: MDSCR_EL1.KDE stays clear, so no debug
// exception is taken in EL1, and each register matches in EL0 only.
//
// A watchpoint strikes before the access, a breakpoint before the instruction. A thread
// gets past either by one software step with that kind of register off. So a watched
// access is told when it is done, and a continued thread passes the breakpoint on which
// it stands.
#include "kernel/arch/aarch64/own.h"

constexpr uint64_t MDSCR_STEP = 1 << 0;
constexpr uint64_t MDSCR_ALWAYS = 1 << 12; // TDCC: EL0 does not reach the debug channel
constexpr uint64_t MDSCR_MONITOR = 1 << 15;
constexpr uint32_t BREAKPOINT_ON = 1 | 2 << 1 | 15 << 5; // for EL0, four bytes
constexpr uint32_t WRITE_ON = 1 | 2 << 1 | 2 << 3;       // for EL0
constexpr uint32_t ACCESS_ON = 1 | 2 << 1 | 3 << 3;
constexpr uint32_t BYTES_SHIFT = 5; // which of the eight at the address

static uint32_t breakpoints, watchpoints; // how many there are

#define SET(i, count, name, value) \
    (void)((i) < (count) && ({ \
               SYSREG_WRITE(name##i##_el1, value); \
               true; \
           }))

// A breakpoint does not strike in any step, a watchpoint not in one that was asked for and
// not while its own access is being done.
void arch_debug_load(const struct arch_frame *frame) {
    const struct arch_debug *debug = &frame->debug;
    bool step = (debug->control & MDSCR_STEP) != 0, off = debug->step || debug->hit != 0;
#define LOAD(i) \
    SET(i, breakpoints, dbgbvr, debug->address[i]), \
        SET(i, breakpoints, dbgbcr, step ? 0 : debug->breakpoint[i]), \
        SET(i, watchpoints, dbgwvr, debug->address[i] & ~UINT64_C(7)), \
        SET(i, watchpoints, dbgwcr, off ? 0 : debug->watchpoint[i])
    LOAD(0), LOAD(1), LOAD(2), LOAD(3);
    SYSREG_WRITE(mdscr_el1, MDSCR_ALWAYS | debug->control);
}

void debug_hart_init(void) {
    uint64_t id = SYSREG_READ(id_aa64dfr0_el1);
    breakpoints = id_field(id, 12) + 1;
    watchpoints = id_field(id, 20) + 1;
    // What reset left in the registers that nobody uses must not strike.
#define CLEAR(i) SET(i, breakpoints, dbgbcr, 0), SET(i, watchpoints, dbgwcr, 0)
    CLEAR(4), CLEAR(5), CLEAR(6), CLEAR(7), CLEAR(8), CLEAR(9), CLEAR(10), CLEAR(11), CLEAR(12),
        CLEAR(13), CLEAR(14), CLEAR(15);
    arch_debug_load(&(struct arch_frame){});
    SYSREG_WRITE(osdlr_el1, 0); // the locks are closed after reset
    SYSREG_WRITE(oslar_el1, 0);
}

enum status arch_frame_watch(struct arch_frame *frame, uint32_t index, uint64_t address,
                             uint32_t length, enum watch_kind kind) {
    struct arch_debug *debug = &frame->debug;
    uint32_t bytes = ((1u << length) - 1) << address % 8 << BYTES_SHIFT;
    if (index >= (kind == WATCH_EXECUTE ? breakpoints : watchpoints)) {
        return STATUS_UNSUPPORTED;
    }
    debug->control = MDSCR_MONITOR;
    debug->address[index] = address;
    debug->breakpoint[index] = kind == WATCH_EXECUTE ? BREAKPOINT_ON : 0;
    debug->watchpoint[index] =
        kind < WATCH_WRITE ? 0 : bytes | (kind == WATCH_WRITE ? WRITE_ON : ACCESS_ON);
    return STATUS_OK;
}

void arch_frame_stop(struct arch_frame *frame) {
    frame->debug.control &= MDSCR_MONITOR;
    frame->debug.hit = 0;
    frame->debug.step = false;
}

void arch_frame_go(struct arch_frame *frame, bool step) {
    struct arch_debug *debug = &frame->debug;
    debug->step = step;
    debug->control |= step || debug->control != 0 ? MDSCR_STEP : 0;
    frame->flags |= FLAG_STEP; // without the other one it is ignored
}

struct arch_frame *debug_watchpoint(struct arch_frame *frame, uint64_t address) {
    arch_frame_go(frame, false);
    frame->debug.hit = address;
    arch_debug_load(frame);
    return frame;
}

struct arch_frame *debug_step(struct arch_frame *frame) {
    const struct arch_debug *debug = &frame->debug;
    if (debug->hit != 0 || debug->step) {
        return kernel_fault(debug->hit != 0 ? FAULT_WATCH : FAULT_STEP,
                            debug->hit != 0 ? debug->hit : frame->pc);
    }
    arch_frame_stop(frame);
    arch_debug_load(frame);
    return frame;
}
