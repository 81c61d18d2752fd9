// SPDX-License-Identifier: BSD-3-Clause
// SPDX-FileCopyrightText: The VectraOS contributors
//
// The program that is debugged on the host. Its instructions: start calls main, main
// calls turn again and again, turn writes the counter. The syscalls of the debugger are
// here too.
#include "apps/shell/tests/patient.h"

#include <machine/registers.h>
#include <string.h>

#include "abi/capability.h"
#include "apps/shell/machine.h"
#include "apps/shell/tests/lib/vectra/syscall.h"
#include "lib/symbols/symbols.h"

constexpr uint64_t STACK = 0x7ffe0000, STACK_SIZE = 0x100;
constexpr unsigned POINTS = 4;

static const struct {
    struct symbols_header header;
    struct symbols_record records[4];
    char names[32];
} table = {
    {SYMBOLS_MAGIC, SYMBOLS_VERSION, 4, PATIENT_START, 32, 0},
    {{0, 0x100, 0, SYMBOLS_CODE},
     {0x100, 0x100, 6, SYMBOLS_CODE},
     {0x200, 0x100, 11, SYMBOLS_CODE},
     {0x100000, 8, 16, SYMBOLS_DATA}},
    "start\0main\0turn\0counter\0\0\0\0\0\0\0\0",
};

static struct {
    bool runs, stops, ended, faults; // stops: initd is yet to tell
    uint32_t kind;
    uint64_t address, pc, counter;
    unsigned turns;
    struct {
        uint64_t address, length, kind;
    } point[POINTS];
    uint64_t stack[STACK_SIZE / 8];
} patient;

static void stop(uint32_t kind, uint64_t address) {
    patient.runs = false;
    patient.stops = true;
    patient.kind = kind;
    patient.address = address;
}

static bool met(uint64_t address, uint64_t kind) {
    for (unsigned i = 0; i < POINTS; i++) {
        if (patient.point[i].kind == kind && patient.point[i].address == address) {
            stop(FAULT_WATCH, address);
            return true;
        }
    }
    return false;
}

// One instruction; false when it stopped or ended by itself.
static bool execute(void) {
    switch (patient.pc) {
    case PATIENT_START + 8:
        patient.pc = PATIENT_MAIN;
        return true;
    case PATIENT_MAIN + 8:
        patient.pc = PATIENT_TURN;
        return true;
    case PATIENT_TURN + 4:
        patient.pc += 4;
        patient.counter++;
        return !met(PATIENT_COUNTER, WATCH_WRITE);
    case PATIENT_TURN + 8:
        patient.pc = ++patient.turns == PATIENT_TURNS ? PATIENT_MAIN + 12 : PATIENT_MAIN + 8;
        return true;
    case PATIENT_MAIN + 12:
        if (patient.faults) {
            stop(FAULT_READ, 0x10);
            return false;
        }
        patient.ended = true;
        patient.runs = false;
        return false;
    default:
        patient.pc += 4;
        return true;
    }
}

// A jump into nothing is a fault.
static bool outside(void) {
    bool inside = patient.pc >= PATIENT_START && patient.pc < PATIENT_TURN + 0x100;
    if (!inside) {
        stop(FAULT_EXECUTE, patient.pc);
    }
    return !inside;
}

static void run(void) {
    patient.runs = true;
    patient.kind = FAULT_NONE;
    while (!outside() && execute() && !met(patient.pc, WATCH_EXECUTE)) {
    }
}

void patient_begin(bool held, bool faults) {
    memset(&patient, 0, sizeof patient);
    patient.faults = faults;
    patient.pc = PATIENT_START;
    // start called main, main called turn: frames at 0x40 and 0x80.
    patient.stack[8] = STACK + 0x80;
    patient.stack[9] = PATIENT_MAIN + 12;
    patient.stack[17] = PATIENT_START + 12;
    if (held) {
        stop(FAULT_WATCH, patient.pc);
    } else {
        patient.runs = true;
        patient.pc = PATIENT_TURN + 4;
    }
}

bool patient_stopped(void) {
    bool stops = patient.stops;
    patient.stops = false;
    return stops;
}

bool patient_ended(void) {
    return patient.ended;
}

void patient_release(void) {
    memset(patient.point, 0, sizeof patient.point);
    patient.ended = true;
}

enum status sys_thread_fault(uint64_t task, uint64_t after, uint64_t all, uint64_t *thread,
                             uint64_t *kind, uint64_t *address, uint64_t *pc) {
    (void)task;
    if (patient.ended || after > 0 || (patient.runs && all == 0)) {
        return STATUS_NOT_FOUND;
    }
    *thread = 1;
    *kind = patient.runs ? (uint32_t)FAULT_NONE : patient.kind;
    *address = patient.runs ? 0 : patient.address;
    *pc = patient.runs ? 0 : patient.pc;
    return STATUS_OK;
}

static void put(struct thread_registers *registers, const char *name, uint64_t value) {
    for (unsigned i = 0; i < MACHINE_REGISTERS && machine_registers[i].name != nullptr; i++) {
        if (strcmp(machine_registers[i].name, name) == 0) {
            memcpy((uint8_t *)registers + machine_registers[i].word * 8, &value, 8);
        }
    }
}

enum status sys_thread_registers(uint64_t task, uint64_t thread, uint64_t buffer, uint64_t set) {
    (void)task;
    struct thread_registers *registers = (struct thread_registers *)buffer;
    if (patient.ended || thread != 1) {
        return STATUS_NOT_FOUND;
    }
    if (patient.runs) {
        return STATUS_BAD_STATE;
    }
    if (set != 0) {
        patient.pc = registers->pc;
        return STATUS_OK;
    }
    memset(registers, 0, sizeof *registers);
    put(registers, "pc", patient.pc);
    put(registers, "sp", STACK + 0x10);
    put(registers, "fp", STACK + 0x40);
    return STATUS_OK;
}

enum status sys_thread_control(uint64_t task, uint64_t thread, uint64_t action) {
    (void)task;
    if (patient.ended || thread != 1) {
        return STATUS_NOT_FOUND;
    }
    if (action == RESUME_STOP) {
        if (patient.runs) {
            stop(FAULT_STOPPED, 0);
        }
        return STATUS_OK;
    }
    if (patient.runs) {
        return STATUS_BAD_STATE;
    }
    if (action == RESUME_CONTINUE) {
        run();
    } else if (!outside() && execute()) {
        stop(FAULT_STEP, 0);
        patient.address = patient.pc;
    }
    return STATUS_OK;
}

enum status sys_thread_watchpoint(uint64_t task, uint64_t thread, uint64_t index, uint64_t address,
                                  uint64_t length, uint64_t kind) {
    (void)task;
    if (thread != 1 || patient.ended) {
        return STATUS_NOT_FOUND;
    }
    if (index >= POINTS) {
        return STATUS_BAD_ARGUMENT;
    }
    if (kind != WATCH_OFF && address % length != 0) {
        return STATUS_BAD_ARGUMENT;
    }
    patient.point[index].address = address;
    patient.point[index].length = length;
    patient.point[index].kind = kind;
    return STATUS_OK;
}

enum status sys_task_memory(uint64_t task, uint64_t address, uint64_t buffer, uint64_t size,
                            uint64_t set) {
    (void)task;
    void *from = nullptr;
    if (address >= PATIENT_COUNTER && size <= 8 && address - PATIENT_COUNTER <= 8 - size) {
        from = (uint8_t *)&patient.counter + (address - PATIENT_COUNTER);
    } else if (address >= STACK && size <= STACK_SIZE && address - STACK <= STACK_SIZE - size) {
        from = (uint8_t *)patient.stack + (address - STACK);
    }
    if (from == nullptr) {
        return STATUS_BAD_ADDRESS;
    }
    memcpy(set != 0 ? from : (void *)buffer, set != 0 ? (void *)buffer : from, size);
    return STATUS_OK;
}

// The symbols, in place of the package.
enum status sys_memory_map(uint64_t task, uint64_t object, uint64_t address, uint64_t offset,
                           uint64_t bytes, uint64_t flags, uint64_t *view) {
    (void)task;
    (void)object;
    (void)offset;
    (void)flags;
    if (bytes < sizeof table) {
        return STATUS_BAD_ARGUMENT;
    }
    memcpy((void *)address, &table, sizeof table);
    *view = 77;
    return STATUS_OK;
}
