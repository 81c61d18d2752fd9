// SPDX-License-Identifier: BSD-3-Clause
// SPDX-FileCopyrightText: The VectraOS contributors
//
// Local APIC in its memory-mapped form and I/O APICs. x2APIC mode is not used: each
// machine that has it starts in the old mode, and harts number less than 255.
//
// An edge that arrives at a masked input is lost (82093AA 3.2.4), and the device may
// never give another. So a closed edge line stays unmasked: what arrives is noted and
// repeated when the line opens. A second one while it is closed masks the input, so
// that a mad device costs two interrupts and no more.
#include "cpu.h"

#include "kernel/check.h"
#include "kernel/lock.h"

// SDM vol 3 10.4.1 and 10.5.
constexpr uint32_t LOCAL_MASKED = 1 << 16;
constexpr uint32_t LOCAL_ENABLE = 1 << 8;
constexpr uint32_t LOCAL_BUSY = 1 << 12;
constexpr uint32_t DIVIDE_BY_1 = 0xb;
constexpr uint32_t COMMAND_NMI = 0x4400; // SDM vol 3 10.6.1
constexpr uint32_t BUSY_STEPS = 100'000;
constexpr uint64_t APIC_BASE_ENABLE = 1 << 11;

// I/O APIC: two registers give access to the others, 82093AA 3.1.
constexpr uint32_t INPUT_SELECT = 0;
constexpr uint32_t INPUT_DATA = 0x10 / 4;
constexpr uint32_t INPUT_VERSION = 1;
constexpr uint32_t INPUT_TABLE = 0x10;
constexpr uint32_t ENTRY_MASKED = 1 << 16;
constexpr uint32_t ENTRY_LEVEL = 1 << 15;
constexpr uint32_t ENTRY_ACTIVE_LOW = 1 << 13;

struct line {
    volatile uint32_t *input; // nullptr: no such line
    uint32_t pin;
    uint32_t entry; // vector, trigger and polarity
    bool open;
    bool pending; // an edge came while it was closed
};

_Atomic bool halting;
static volatile uint32_t *local;
static struct line lines[LINES]; // guard: lines_lock, as for the registers of the I/O APICs
static struct lock lines_lock;   // a leaf

uint32_t local_read(enum local_register at) {
    return local[at / 4];
}

void local_write(enum local_register at, uint32_t value) {
    local[at / 4] = value;
}

void local_init(void) {
    msr_write(MSR_APIC_BASE, msr_read(MSR_APIC_BASE) | APIC_BASE_ENABLE);
    local_write(LOCAL_SPURIOUS, LOCAL_ENABLE | VECTOR_SPURIOUS);
    local_write(LOCAL_PRIORITY, 0);
    // What firmware leaves open; all others are masked since the reset.
    local_write(LOCAL_LINE0, LOCAL_MASKED);
    local_write(LOCAL_LINE1, LOCAL_MASKED);
    local_write(LOCAL_TIMER_DIVIDE, DIVIDE_BY_1);
    local_write(LOCAL_TIMER, VECTOR_TIMER); // one-shot
    local_write(LOCAL_DONE, 0);
}

void local_send(uint32_t apic_id, uint32_t command) {
    for (uint32_t i = 0; i < BUSY_STEPS && (local_read(LOCAL_COMMAND) & LOCAL_BUSY) != 0; i++) {
        arch_pause();
    }
    local_write(LOCAL_TARGET, apic_id << 24);
    local_write(LOCAL_COMMAND, command);
}

static uint32_t hart_id(uint32_t hart_index) {
    const struct arch_hart *hart = (const struct arch_hart *)hart_at(hart_index);
    return (uint32_t)boot.hart_id[hart->place];
}

// Never inlined: tests/system/harts.sh looks for it.
[[gnu::noinline]] void arch_ipi(uint32_t hart_index) {
    local_send(hart_id(hart_index), VECTOR_IPI);
}

// By NMI, so that it obeys wherever it is.
void arch_hart_halt(uint32_t hart_index) {
    atomic_store(&halting, true);
    local_send(hart_id(hart_index), COMMAND_NMI);
}

static void input_write(volatile uint32_t *input, uint32_t at, uint32_t value) {
    input[INPUT_SELECT] = at;
    input[INPUT_DATA] = value;
}

static void line_write(const struct line *line, bool masked) {
    input_write(line->input, INPUT_TABLE + 2 * line->pin + 1, (uint32_t)boot.hart_id[0] << 24);
    input_write(line->input, INPUT_TABLE + 2 * line->pin,
                line->entry | (masked ? ENTRY_MASKED : 0));
}

static void input_init(const struct boot_info *info, uint64_t base, uint32_t first) {
    volatile uint32_t *input = window_map(base, PAGE_SIZE, PTE_DEVICE);
    input[INPUT_SELECT] = INPUT_VERSION;
    uint32_t pins = (input[INPUT_DATA] >> 16 & 0xff) + 1;
    for (uint32_t pin = 0; pin < pins && first < LINES && pin < LINES - first; pin++) {
        uint32_t number = first + pin;
        struct firmware_line mode = firmware_line(info, number);
        lines[number] = (struct line){
            .input = input,
            .pin = pin,
            .entry = (VECTOR_LINES + number) | (mode.level ? ENTRY_LEVEL : 0) |
                     (mode.active_low ? ENTRY_ACTIVE_LOW : 0),
        };
        line_write(&lines[number], true);
    }
}

void interrupt_init(const struct boot_info *info) {
    check(info->interrupt.kind == BOOT_INTERRUPT_APIC);
    arch_port_write(0x21, 1, 0xff); // the old controllers: all masked
    arch_port_write(0xa1, 1, 0xff);
    local = window_map(info->interrupt.distributor.base, PAGE_SIZE, PTE_DEVICE);
    local_init();
    for (uint32_t i = 0; i < info->interrupt.input_count; i++) {
        input_init(info, info->interrupt.input[i].base, info->interrupt.input[i].first);
    }
}

enum status arch_irq_check(uint32_t line) {
    return line < LINES && lines[line].input != nullptr ? STATUS_OK : STATUS_NOT_FOUND;
}

static bool line_is_level(const struct line *line) {
    return (line->entry & ENTRY_LEVEL) != 0;
}

void arch_irq_open(uint32_t number) {
    struct line *line = &lines[number];
    lock_acquire(&lines_lock);
    bool again = line->pending;
    line->pending = false;
    line->open = true;
    line_write(line, false);
    if (again) { // comes as if from the input; an edge needs no answer to it
        local_send((uint32_t)boot.hart_id[0], VECTOR_LINES + number);
    }
    lock_release(&lines_lock);
}

void arch_irq_close(uint32_t number) {
    struct line *line = &lines[number];
    lock_acquire(&lines_lock);
    line->open = false;
    if (line_is_level(line)) {
        line_write(line, true);
    }
    lock_release(&lines_lock);
}

void line_arrived(uint32_t number) {
    struct line *line = &lines[number];
    lock_acquire(&lines_lock);
    bool tell = line->open;
    if (!tell && line->input != nullptr) {
        if (line_is_level(line) || line->pending) {
            line_write(line, true);
        }
        line->pending = !line_is_level(line);
    }
    lock_release(&lines_lock);
    if (tell) {
        kernel_irq(number);
    }
}
