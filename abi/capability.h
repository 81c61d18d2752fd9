// SPDX-License-Identifier: BSD-3-Clause
// SPDX-FileCopyrightText: The VectraOS contributors
//
// Handles, classes and rights: how a program names what it was handed.
#pragma once

#include <stdint.h>

// A handle is 64 bits: the slot in the Task's table (low 20 bits) and the
// generation of that slot (high 44 bits). A slot that was emptied never accepts
// its old generation again, so a stale handle resolves to nothing. Zero is never
// a handle; where a syscall says so it stands for the calling Task itself.
constexpr uint64_t HANDLE_NONE = 0;
constexpr uint32_t HANDLE_SLOT_BITS = 20;
constexpr uint64_t HANDLE_SLOT_MASK = (UINT64_C(1) << HANDLE_SLOT_BITS) - 1;
constexpr uint32_t HANDLE_GENERATION_BITS = 44;

enum cap_class : uint32_t {
    CLASS_NONE = 0,
    CLASS_RETICLE = 1,
    CLASS_TASK = 2,
    CLASS_THREAD = 3,
    CLASS_MEMORY = 4,
    CLASS_RING = 5, // one end of a connection
    CLASS_BUNDLE = 6,
    CLASS_DEVICE = 7,
    CLASS_IRQ = 8,
    CLASS_MACHINE = 9,
    CLASS_VIEW = 10,   // a mapping of Memory, a Ring region or a Device
    CLASS_BUDGET = 11, // the right to the Person band
};
constexpr uint32_t CLASS_COUNT = 12;

// Rights are 15 bits. The low four mean the same for every class.
enum cap_right : uint32_t {
    RIGHT_COPY = 1 << 0,    // may be copied
    RIGHT_PASS = 1 << 1,    // may travel in a Bundle or beside a Ring
    RIGHT_INSPECT = 1 << 2, // may be asked about
    RIGHT_WATCH = 1 << 3,   // may bind a signal bit to its events

    RIGHT_RETICLE_CARVE = 1 << 4, // take objects and smaller Reticles out of it
    RIGHT_RETICLE_GROW = 1 << 5,  // give it more, or take more from it for another
    RIGHT_RETICLE_CODE = 1 << 6,  // carve Memory that may become executable

    RIGHT_TASK_FILL = 1 << 4, // map, add threads and start; gone after the start
    RIGHT_TASK_STOP = 1 << 5,
    RIGHT_TASK_DEBUG = 1 << 6, // faults, registers, memory, watchpoints; stop and continue
    RIGHT_TASK_MAP = 1 << 7,   // map into it after the start too

    RIGHT_THREAD_START = 1 << 4,

    RIGHT_MEMORY_READ = 1 << 4,
    RIGHT_MEMORY_WRITE = 1 << 5, // only ever held by the owner: never on a copy
    RIGHT_MEMORY_EXECUTE = 1 << 6,

    RIGHT_RING_BIND = 1 << 4, // connect it to another end
    RIGHT_RING_USE = 1 << 5,  // map, send, take, ring the peer

    RIGHT_BUNDLE_FILL = 1 << 4,
    RIGHT_DEVICE_USE = 1 << 4,
    RIGHT_IRQ_USE = 1 << 4,
    RIGHT_BUDGET_SPLIT = 1 << 4, // carve parts of it
    RIGHT_BUDGET_USE = 1 << 5,   // bind threads to it

    RIGHT_MACHINE_POWER = 1 << 4,
    RIGHT_MACHINE_CONSOLE = 1 << 5, // silence the kernel's debug line, or speak on it
    RIGHT_MACHINE_TRACE = 1 << 6,   // see what every Task does, and when

    RIGHT_ALL = (1 << 15) - 1,
};

// `description` of handle_info and task_slot.
//   bits 0..14 rights, bits 16..20 class, bit 24 owner, bit 25 revoked: a view, or what was
//   on its way; bits 32..63, of an owner: what its Reticle is charged for the object, tables
//   and header included, in units of 256 bytes.
constexpr uint32_t INFO_CLASS_SHIFT = 16;
constexpr uint64_t INFO_OWNER = UINT64_C(1) << 24;
constexpr uint64_t INFO_REVOKED = UINT64_C(1) << 25;
constexpr uint32_t INFO_SIZE_SHIFT = 32;
constexpr uint64_t INFO_SIZE_UNIT = 256;
// `object`: bits 0..31 name the object, bits 32..63 the Reticle that pays for it; 0: none.
constexpr uint32_t INFO_PAYER_SHIFT = 32;
// `index` of task_slot: below this a slot of the table. From here on a capability in what
// the Task owns, in flight from a Ring end or in a Bundle that is being filled: the slot of
// the owner plus 1 in bits 32..63, the place in bits 0..31.
constexpr uint32_t INFO_CONTAINER_SHIFT = 32;

// memory_map: what may be done through the mapping, and how it is made.
enum map_flag : uint32_t {
    MAP_READ = 1 << 0,
    MAP_WRITE = 1 << 1, // excludes MAP_EXECUTE, on the object as on the mapping
    MAP_EXECUTE = 1 << 2,
    MAP_PEER = 1 << 3, // of a Ring: the peer's region, read only
    MAP_GIVE = 1 << 4, // writable into another Task: the owner capability goes along
};

// memory_carve flags.
enum carve_flag : uint32_t {
    CARVE_CODE = 1 << 0, // the owner gets the execute right; needs RETICLE_CODE
};

// thread_carve flags.
enum thread_flag : uint32_t {
    THREAD_FLOAT = 1 << 0, // has floating-point and vector state
};

// machine_control actions.
enum machine_action : uint32_t {
    MACHINE_POWER_OFF = 0, // argument: exit status 0..123, told on the console
    MACHINE_RESET = 1,
    MACHINE_QUIET = 2,     // the kernel's debug line falls silent (console right)
    MACHINE_SAY = 3,       // argument: address of a terminated text of at most 120 bytes, put on
                           // the debug line even when silent (console right)
    MACHINE_TRACE = 4,     // argument: Memory (owner, WRITE) that every hart writes records into
                           // (abi/trace.h) until MACHINE_TRACE_END or its end, with a sample each
                           // `period` nanoseconds, or 0 (trace right)
    MACHINE_TRACE_END = 5, // argument: that Memory; no hart writes there any more
};

// task_info word 0.
enum task_state : uint32_t {
    TASK_EMPTY = 0, // being filled
    TASK_RUNNING = 1,
    TASK_FAULTED = 2, // at least one thread waits for the supervisor
    TASK_ENDED = 3,   // exited or stopped: status in word 1
};

// thread_control actions. A thread that is continued or stepped passes a breakpoint at its
// next instruction.
enum resume_action : uint32_t {
    RESUME_CONTINUE = 0,
    RESUME_STOP = 1, // wherever it is: FAULT_STOPPED; a wait is begun again when it goes on
    RESUME_STEP = 2, // one instruction, a syscall as a whole, unwatched: then FAULT_STEP
};

// thread_watchpoint: what is told.
enum watch_kind : uint32_t {
    WATCH_OFF = 0,
    WATCH_EXECUTE = 1, // before the instruction at the address
    WATCH_WRITE = 2,   // after the instruction that wrote
    WATCH_ACCESS = 3,  // after the instruction that read or wrote
};

// Why a thread stopped: `kind` of thread_fault.
enum fault_kind : uint32_t {
    FAULT_NONE = 0,
    FAULT_READ = 1, // no readable mapping at the address
    FAULT_WRITE = 2,
    FAULT_EXECUTE = 3,
    FAULT_INSTRUCTION = 4, // undefined or privileged instruction
    FAULT_ARITHMETIC = 5,  // division by zero, floating-point exception
    FAULT_BREAKPOINT = 6,
    FAULT_STEP = 7,
    FAULT_ALIGNMENT = 8,
    FAULT_FLOAT = 9,     // floating point in a thread made without it
    FAULT_PROTOCOL = 10, // never by the kernel: initd tells of a broken protocol
    FAULT_MACHINE = 11,  // the hardware reported an error
    FAULT_STOPPED = 12,  // its supervisor stopped it
    FAULT_WATCH = 13,    // a watchpoint was hit: the address is the watchpoint's
};
constexpr uint32_t FAULT_COUNT = 14;
