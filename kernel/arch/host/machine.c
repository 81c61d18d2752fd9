// SPDX-License-Identifier: BSD-3-Clause
// SPDX-FileCopyrightText: The VectraOS contributors
//
// The rest of the fake machine: frames, the floating-point unit, time, lines, ports,
// the debug line, and how a process ends.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "kernel/arch/host/internal.h"
#include "machine/registers.h"

constexpr uint32_t FLOAT_SIZE = 64;
constexpr int EXIT_PANIC = 86, EXIT_STOPPED = 87, EXIT_OTHERWISE = 88;
constexpr size_t CONSOLE_SIZE = 8192;

static uint64_t now;
static uint8_t float_unit[HOST_HARTS][FLOAT_SIZE];
static uint64_t tls_unit[HOST_HARTS];
static uint64_t debug_unit[HOST_HARTS];
static bool line_open[HOST_LINES];
static char console[CONSOLE_SIZE + 1], told[CONSOLE_SIZE + 1];
static size_t console_length;
static bool child;                       // the process ends quietly
static const char *sentence = "panic: "; // part of what a panic there is to say
static void (*death)(void);

[[gnu::weak]] void __sanitizer_set_death_callback(void (*callback)(void));

void host_check(bool condition, const char *sentence) {
    if (!condition) {
        panic("host: %s", sentence);
    }
}

void host_on_death(void (*tell)(void)) {
    death = tell;
    if (__sanitizer_set_death_callback != nullptr) {
        __sanitizer_set_death_callback(tell);
    }
}

// ------------------------------------------------------------------- the ends

// The coverage build counts what ran; without it this is absent.
[[gnu::weak]] int __llvm_profile_write_file(void);

// At once: nothing that the parent has begun is finished a second time.
[[noreturn]] static void leave(int status) {
    if (__llvm_profile_write_file != nullptr) {
        __llvm_profile_write_file();
    }
    _exit(status);
}

void arch_halt(void) {
    if (child) {
        leave(strstr(host_console(), sentence) != nullptr ? EXIT_PANIC : EXIT_OTHERWISE);
    }
    fprintf(stderr, "%s\n", host_console());
    if (death != nullptr) {
        death();
    }
    abort();
}

void arch_hart_halt(uint32_t hart_index) {
    (void)hart_index;
}

static void stop(void) {
    if (child) {
        leave(EXIT_STOPPED);
    }
    host_stop();
}

void arch_power_off(void) {
    stop();
    abort();
}

void arch_reset(void) {
    stop();
    abort();
}

static int child_status(void (*run)(void), bool quiet) {
    fflush(stdout);
    pid_t pid = fork();
    if (pid == 0) {
        child = quiet;
        run();
        exit(0); // not _exit: coverage is written on the way
    }
    int status = 0;
    waitpid(pid, &status, 0);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

bool host_panics(void (*run)(void)) {
    return child_status(run, true) == EXIT_PANIC;
}

bool host_panics_with(void (*run)(void), const char *part_of_the_sentence) {
    const char *usual = sentence;
    sentence = part_of_the_sentence;
    bool panics = host_panics(run);
    sentence = usual;
    return panics;
}

bool host_stops(void (*run)(void)) {
    return child_status(run, true) == EXIT_STOPPED;
}

bool host_passes(void (*run)(void)) {
    return child_status(run, false) == 0;
}

void arch_serial_write(char c) {
    if (console_length == CONSOLE_SIZE) {
        memmove(console, console + CONSOLE_SIZE / 2, CONSOLE_SIZE / 2);
        console_length = CONSOLE_SIZE / 2;
    }
    console[console_length++] = c;
    console[console_length] = '\0';
}

const char *host_console(void) {
    memcpy(told, console, sizeof told);
    console_length = 0;
    console[0] = '\0';
    return told;
}

// ------------------------------------------------------------- frames, floats

void arch_frame_init(struct arch_frame *frame, uint64_t entry, uint64_t stack, uint64_t argument) {
    frame->arg[0] = argument;
    frame->pc = entry;
    frame->stack = stack;
    frame->whole = true;
}

static void whole_check(const struct arch_frame *frame) {
    host_check(frame->whole, "registers are looked at that are not in the frame");
}

void arch_frame_restart(struct arch_frame *frame) {
    whole_check(frame);
    frame->restart = true;
}

void arch_frame_get(const struct arch_frame *frame, struct thread_registers *out) {
    whole_check(frame);
    *out = (struct thread_registers){.pc = frame->pc};
}

void arch_frame_set(struct arch_frame *frame, const struct thread_registers *in) {
    whole_check(frame);
    frame->pc = in->pc;
}

void arch_frame_stop(struct arch_frame *frame) {
    whole_check(frame);
    frame->step = false;
}

void arch_frame_go(struct arch_frame *frame, bool step) {
    whole_check(frame);
    frame->step = step;
}

// Three watchpoints, so that one too many can be asked for.
enum status arch_frame_watch(struct arch_frame *frame, uint32_t index, uint64_t address,
                             uint32_t length, enum watch_kind kind) {
    host_check(address >= USER_BASE && address < USER_TOP && length <= USER_TOP - address,
               "a watchpoint outside of user space");
    if (index == 3) {
        return STATUS_UNSUPPORTED;
    }
    frame->debug.control &= ~(UINT64_C(1) << index);
    frame->debug.control |= (uint64_t)(kind != WATCH_OFF) << index;
    frame->debug.address[index] = address;
    return STATUS_OK;
}

void arch_debug_load(const struct arch_frame *frame) {
    debug_unit[arch_hart()->index] = frame->debug.control;
}

uint64_t host_debug(uint32_t hart) {
    return debug_unit[hart];
}

size_t arch_float_size(void) {
    return FLOAT_SIZE;
}

void arch_float_init(void *area) {
    memset(area, 0, FLOAT_SIZE);
}

void arch_float_save(void *area) {
    memcpy(area, float_unit[arch_hart()->index], FLOAT_SIZE);
}

void arch_float_load(const void *area) {
    uint8_t *unit = float_unit[arch_hart()->index];
    if (area != nullptr) {
        memcpy(unit, area, FLOAT_SIZE);
    } else {
        memset(unit, 0xff, FLOAT_SIZE);
    }
}

void arch_tls_load(uint64_t value) {
    tls_unit[arch_hart()->index] = value;
}

void arch_tls_save(uint64_t *value) {
    *value = tls_unit[arch_hart()->index];
}

// -------------------------------------------------------- time, lines and ports

uint64_t arch_counter(void) {
    return now;
}

void host_time_set(uint64_t time) {
    host_check(time >= now, "time goes back");
    now = time;
}

struct time_page arch_clock = {.multiplier = UINT64_C(1) << ARCH_CLOCK_SHIFT,
                               .shift = ARCH_CLOCK_SHIFT,
                               .frequency = 1000000000};

enum status arch_irq_check(uint32_t line) {
    return line < HOST_LINES ? STATUS_OK : STATUS_NOT_FOUND;
}

void arch_irq_open(uint32_t line) {
    line_open[line] = true;
}

void arch_irq_close(uint32_t line) {
    line_open[line] = false;
}

bool host_irq_open(uint32_t line) {
    return line_open[line];
}

void host_irq_raise(uint32_t line) {
    if (line_open[line]) {
        host_line_pending(line);
    }
}

// Each port answers its own number.
uint32_t arch_port_read(uint16_t port, uint32_t width) {
    return port & (width == 4 ? UINT32_MAX : (UINT32_C(1) << (8 * width)) - 1);
}

void arch_port_write(uint16_t port, uint32_t width, uint32_t value) {
    (void)port;
    (void)width;
    (void)value;
}

void arch_init(const struct boot_info *boot) {
    (void)boot;
}
