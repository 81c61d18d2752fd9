// SPDX-License-Identifier: BSD-3-Clause
// SPDX-FileCopyrightText: The VectraOS contributors
//
// Choosing and making the syscalls. See operations.h; the rules are in rules.c.
#include "kernel/tests/operations.h"

#include <stdio.h>
#include <string.h>

#include "abi/ring.h"
#include "kernel/check.h"
#include "kernel/schedule.h"
#include "kernel/tests/audit.h"
#include "kernel/tests/rules.h"
#include "kernel/tests/world.h"

constexpr uint32_t ACTORS_MOST = 64;
constexpr uint32_t TASKS = 3;
constexpr uint32_t OLD_HANDLES = 32;
constexpr uint32_t LOG = 16;
constexpr uint64_t AREA = 0x3000000; // where views are put
constexpr uint32_t AREA_PAGES = 12;  // few: so they are seen often, and are in each other's way
constexpr uint64_t TASK_BYTES = 96 * PAGE_SIZE;

// What the arguments of each syscall are, a letter each: capitals are handles of a class
// (T: a Task or 0, Q: any), the others are in `draw`.
static const char *const shapes[SYS_COUNT] = {
    [SYS_system_info] = "n",         [SYS_handle_copy] = "Qr",
    [SYS_handle_drop] = "Q",         [SYS_handle_revoke] = "Q",
    [SYS_handle_info] = "Q",         [SYS_reticle_split] = "Rs",
    [SYS_reticle_grow] = "RRs",      [SYS_reticle_info] = "R",
    [SYS_reticle_watch] = "Rbs",     [SYS_memory_carve] = "Rsac",
    [SYS_memory_map] = "TOposf",     [SYS_memory_wipe] = "M",
    [SYS_device_port] = "Dnwn",      [SYS_irq_watch] = "Ib",
    [SYS_irq_acknowledge] = "I",     [SYS_task_carve] = "R",
    [SYS_task_start] = "TBH",        [SYS_task_watch] = "Tb",
    [SYS_task_info] = "T",           [SYS_task_stop] = "Tn",
    [SYS_task_exit] = "n",           [SYS_task_slot] = "Tn",
    [SYS_thread_carve] = "Tppnpc",   [SYS_thread_start] = "H",
    [SYS_thread_exit] = "",          [SYS_thread_watch] = "Hb",
    [SYS_thread_registers] = "Tnuv", [SYS_thread_fault] = "Tnv",
    [SYS_thread_control] = "Tnz",    [SYS_ring_carve] = "Rk",
    [SYS_ring_bind] = "GG",          [SYS_ring_watch] = "Gbb",
    [SYS_ring_info] = "G",           [SYS_ring_send] = "GqQrv",
    [SYS_ring_take] = "Gqj",         [SYS_doorbell] = "G",
    [SYS_doorbell_wait] = "Gmtn",    [SYS_signal_wait] = "mtnJ",
    [SYS_futex_wait] = "ugtK",       [SYS_futex_wake] = "un",
    [SYS_bundle_carve] = "R",        [SYS_bundle_put] = "BulQrv",
    [SYS_bundle_value] = "Bulun",    [SYS_machine_control] = "Xyu",
    [SYS_signal_words] = "Mbn",      [SYS_thread_watchpoint] = "Tnnu12",
    [SYS_task_memory] = "Tuu3v",     [SYS_budget_carve] = "RPeiud",
    [SYS_budget_bind] = "LK",
};

struct logged {
    uint64_t number, a[6];
    uint32_t task, status;
};

static struct world_task tasks[TASKS];
static struct world_shape before;
static uint64_t old_handles[OLD_HANDLES];
static uint32_t old_next;
static struct logged logged[LOG];
static uint32_t logged_next;

static uint32_t pick(struct choices *choices, uint32_t limit) {
    return limit == 0 ? 0 : choices->next(choices, limit);
}

// --------------------------------------------------------------------- arguments

// A handle of the Task's table; of that class unless it is CLASS_NONE.
static uint64_t held(struct choices *choices, const struct task *task, enum cap_class class) {
    uint32_t end = task->table.pages * SLOTS_PER_PAGE;
    uint32_t from = pick(choices, end);
    for (uint32_t i = 0; i < end; i++) {
        uint32_t index = (from + i) % end;
        const struct slot *slot = &task->table.page[index / SLOTS_PER_PAGE][index % SLOTS_PER_PAGE];
        bool wanted =
            slot_class(slot) != CLASS_NONE && (class == CLASS_NONE || slot_class(slot) == class);
        if (wanted) {
            uint64_t handle =
                (slot_meta(slot) >> META_GENERATION_SHIFT) << HANDLE_SLOT_BITS | index;
            old_handles[old_next++ % OLD_HANDLES] = handle;
            return handle;
        }
    }
    return 0;
}

static uint64_t handle(struct choices *choices, const struct task *task, enum cap_class class) {
    switch (pick(choices, 16)) {
    case 0: // another Task's, or one of former times
        return old_handles[pick(choices, OLD_HANDLES)];
    case 1:
        return held(choices, task, CLASS_NONE);
    case 2:
        return held(choices, task, class) + (pick(choices, 3) << (pick(choices, 2) * 19));
    default:
        return held(choices, task, class);
    }
}

static uint64_t size(struct choices *choices) {
    switch (pick(choices, 12)) {
    case 0:
        return 0;
    case 1:
        return UINT64_MAX - pick(choices, 3) * PAGE_SIZE;
    case 2:
        return pick(choices, 1 << 20);
    case 3:
        return (uint64_t)pick(choices, 64) << 38;
    case 4:
        return (uint64_t)pick(choices, 200) * PAGE_SIZE;
    default:
        return (1 + pick(choices, 8)) * PAGE_SIZE;
    }
}

static uint64_t user_address(struct choices *choices) {
    switch (pick(choices, 8)) {
    case 0:
        return UINT64_MAX - pick(choices, 40);
    case 1:
        return USER_TOP - 1 - pick(choices, 40);
    case 2:
        return pick(choices, 0x10000);
    case 3:
        return AREA + pick(choices, AREA_PAGES) * PAGE_SIZE;
    default:
        return WORLD_DATA + pick(choices, 64) * 16;
    }
}

static uint64_t rights(struct choices *choices) {
    switch (pick(choices, 4)) {
    case 0:
        return pick(choices, 1 << 16);
    case 1:
        return UINT64_MAX << pick(choices, 20);
    default:
        return RIGHT_ALL;
    }
}

static uint64_t map_flags(struct choices *choices) {
    static const uint64_t usual[] = {MAP_READ, MAP_READ | MAP_WRITE, MAP_READ | MAP_PEER,
                                     MAP_READ | MAP_WRITE | MAP_GIVE, MAP_READ | MAP_EXECUTE};
    return pick(choices, 4) == 0 ? pick(choices, 40) : usual[pick(choices, 5)];
}

static uint64_t deadline(struct choices *choices) {
    uint64_t now = arch_time_now();
    return pick(choices, 3) == 0 ? 0 : now + pick(choices, 4) * 1000000;
}

// A number whose letter it is; handles are drawn by the caller.
static uint64_t draw(struct choices *choices, char letter) {
    switch (letter) {
    case 'r':
        return rights(choices);
    case 'b':
        return pick(choices, 5) == 0 ? UINT64_MAX - pick(choices, 2) : pick(choices, 100);
    case 's':
        return size(choices);
    case 'p':
        return pick(choices, 6) == 0 ? user_address(choices)
                                     : AREA + pick(choices, AREA_PAGES) * PAGE_SIZE +
                                           ((uint64_t)pick(choices, 2) << 30);
    case 'o':
        return pick(choices, 4) != 0 ? 0 : size(choices);
    case 'f':
        return map_flags(choices);
    case 'a':
        return pick(choices, 4) == 0 ? pick(choices, 70) : 0;
    case 'c':
        return pick(choices, 4) == 0 ? pick(choices, 4) : 0;
    case 'u':
        return user_address(choices);
    case 'l':
        return pick(choices, 8) == 0 ? pick(choices, 40) : 2;
    case 'k':
        return pick(choices, 4) == 0 ? pick(choices, 5000) : UINT64_C(1) << pick(choices, 14);
    case 'j':
        return pick(choices, 4) == 0 ? pick(choices, CLASS_COUNT + 2) : 0;
    case 'q':
        return pick(choices, 6);
    case 'v':
        return pick(choices, 3);
    case 'm':
        return pick(choices, 8) == 0 ? 0 : UINT64_MAX >> pick(choices, 64);
    case 't':
        return deadline(choices);
    case 'e': // of a budget, and its period
        return pick(choices, 8) == 0 ? pick(choices, 20000) : (1 + pick(choices, 8)) * 250000;
    case 'i':
        return pick(choices, 8) == 0 ? size(choices) : (1 + pick(choices, 5)) * 2000000;
    case 'd':
        return pick(choices, 4) == 0 ? pick(choices, 70) : pick(choices, 2) * 2;
    case 'g':
        return pick(choices, 2);
    case 'z': // as a supervisor would, which lets a stopped thread go on
        return pick(choices, 8) == 0 ? pick(choices, 5) : pick(choices, 2);
    case '1':
        return UINT64_C(1) << pick(choices, 5);
    case '2':
        return pick(choices, 5);
    case '3':
        return pick(choices, 4) == 0 ? pick(choices, 300) : 8;
    case 'w':
        return pick(choices, 24);
    case 'y':
        return MACHINE_QUIET + pick(choices, 3);
    default:
        return pick(choices, 4) == 0 ? pick(choices, 3000) : pick(choices, 4);
    }
}

static uint64_t argument(struct choices *choices, const struct task *task, char letter) {
    static const char classes[CLASS_COUNT] = "?RTHMGBDIX?P";
    if (letter == 'T' && pick(choices, 3) != 0) {
        return 0;
    }
    // A Ring, a thread or a budget, or none.
    if ((letter == 'J' || letter == 'K' || letter == 'L') && pick(choices, 3) == 0) {
        return 0;
    }
    letter = letter == 'J' ? 'G' : letter == 'K' ? 'H' : letter == 'L' ? 'P' : letter;
    if (letter == 'O') { // what can be mapped
        static const enum cap_class seen[] = {CLASS_MEMORY, CLASS_MEMORY, CLASS_RING, CLASS_RING,
                                              CLASS_DEVICE};
        return handle(choices, task, seen[pick(choices, 5)]);
    }
    if (letter == 'Q') {
        return handle(choices, task, (enum cap_class)pick(choices, CLASS_COUNT));
    }
    for (uint32_t class = 1; class < CLASS_COUNT; class ++) {
        if (classes[class] == letter) {
            return handle(choices, task, (enum cap_class) class);
        }
    }
    return draw(choices, letter);
}

static uint64_t choose(struct choices *choices, const struct task *task, uint64_t a[6]) {
    uint64_t number = pick(choices, SYS_COUNT + 1);
    bool end = number == SYS_task_exit || number == SYS_thread_exit;
    if (end && pick(choices, 32) != 0) {
        number = SYS_ring_send;
    }
    const char *shape = number < SYS_COUNT ? shapes[number] : "nn";
    for (uint32_t i = 0; i < 6; i++) {
        a[i] = *shape != '\0' ? argument(choices, task, *shape++) : 0;
    }
    // What the same syscall would do for the Task itself, it may also do for another.
    if (number == SYS_machine_control) {
        a[2] = a[1] == MACHINE_QUIET ? 1 : a[2];
    }
    return number;
}

// ------------------------------------------------------------------------ actors

static struct thread *actors[ACTORS_MOST];
static uint32_t actor_count;

static void find_actor(struct object *object) {
    struct thread *thread = (struct thread *)object;
    bool runs = object->class == CLASS_THREAD && thread != world_root &&
                (thread->state == THREAD_READY || thread->state == THREAD_RUNNING) &&
                !thread->frame.restart;
    if (runs && actor_count < ACTORS_MOST) {
        actors[actor_count++] = thread;
    }
}

static struct thread *actor(struct choices *choices) {
    actor_count = 0;
    lock_acquire(&books);
    audit_objects(reticle_first(), find_actor);
    lock_release(&books);
    return actor_count == 0 ? nullptr : actors[pick(choices, actor_count)];
}

static void log_call(const struct thread *thread, uint64_t number, const uint64_t a[6]) {
    struct logged *entry = &logged[logged_next++ % LOG];
    *entry = (struct logged){
        .number = number, .task = object_number(&thread->task->object), .status = WORLD_BLOCKED};
    memcpy(entry->a, a, sizeof entry->a);
}

void operations_tell(void) {
    static const char *const names[] = {
#define SYSCALL(number, name, switches, entry, arguments, results, rights, errors, sentence) #name,
#include "abi/syscalls.def"
#undef SYSCALL
    };
    for (uint32_t i = logged_next < LOG ? 0 : logged_next - LOG; i < logged_next; i++) {
        const struct logged *l = &logged[i % LOG];
        fprintf(stderr, "# task %x: %s(%lx, %lx, %lx, %lx, %lx, %lx) -> %x\n", l->task,
                l->number < SYS_COUNT ? names[l->number] : "?", l->a[0], l->a[1], l->a[2], l->a[3],
                l->a[4], l->a[5], l->status);
    }
}

// ------------------------------------------------------------------------- steps

// User code reads and writes what it can see, which fills the TLB of its hart.
static void touch(struct choices *choices, uint32_t hart) {
    uint64_t address = user_address(choices);
    if (pick(choices, 2) == 0) {
        address = AREA + pick(choices, AREA_PAGES) * PAGE_SIZE;
    }
    uint64_t value = 0x5555555555555555;
    (void)host_user_read(hart, address, &value, 1);
    // Names stand in the first page of a Task's data.
    if (address >= AREA && host_user_write(hart, address, &value, sizeof value)) {
        check(host_user_read(hart, address, &value, sizeof value));
    }
}

static void touch_all(struct choices *choices) {
    for (uint32_t i = 0; i < harts_online(); i++) {
        bool user = host_state_of(i) == HOST_USER && hart_at(i)->current != world_root;
        for (uint32_t j = user ? pick(choices, 4) : 0; j != 0; j--) {
            touch(choices, i);
        }
    }
}

static void time_passes(struct choices *choices) {
    uint64_t next = host_timer_next();
    uint64_t now = arch_time_now();
    bool jump = next != TIME_NEVER && next > now && pick(choices, 2) == 0;
    host_time_set(jump ? next : now + 500000);
    host_irq_raise(HOST_CONSOLE_LINE);
}

void operations_step(struct choices *choices) {
    struct thread *thread = actor(choices);
    uint32_t what = pick(choices, 32);
    if (what == 0 || thread == nullptr) {
        time_passes(choices);
        host_settle();
        world_audit();
        return;
    }
    if (!world_run(thread)) {
        return;
    }
    if (what == 1 && pick(choices, 8) == 0) {
        host_fault(thread->hart->index, FAULT_READ, 0);
        host_settle();
        world_audit();
        return;
    }
    touch_all(choices);
    struct words words;
    uint64_t number = choose(choices, thread->task, words.a);
    log_call(thread, number, words.a);
    rules_before(thread->task, number, words.a);
    enum status status = world_call(thread, number, &words);
    logged[(logged_next - 1) % LOG].status = status;
    rules_after(status, words.a);
    world_audit();
}

void operations_interleave(struct choices *choices) {
    if (pick(choices, 256) == 0) {
        host_yield_every(0);
        host_settle();
        world_audit();
        host_yield_every(1 + pick(choices, 6));
        return;
    }
    uint32_t hart = pick(choices, harts_online());
    if (host_can_go(hart)) {
        (void)host_go(hart);
    } else if (host_state_of(hart) == HOST_USER && pick(choices, 8) != 0) {
        struct thread *thread = hart_at(hart)->current;
        uint64_t a[6] = {};
        uint64_t number = SYS_signal_wait;
        if (thread != world_root) {
            touch(choices, hart);
            number = choose(choices, thread->task, a);
        } else {
            a[1] = arch_time_now() + 1000000;
        }
        log_call(thread, number, a);
        host_syscall(hart, number, a);
    } else if (pick(choices, 4) == 0) {
        time_passes(choices);
    }
}

// ------------------------------------------------------------- begin and end

static uint64_t ring_pair(const struct world_task *own, uint64_t other_reticle, uint64_t *other) {
    uint64_t end = 0;
    check(CALL(world_root, &end, ring_carve, own->reticle, 16) == STATUS_OK);
    check(CALL(world_root, other, ring_carve, other_reticle, 32) == STATUS_OK);
    check(CALL(world_root, nullptr, ring_bind, end, *other) == STATUS_OK);
    return end;
}

void operations_begin(void) {
    host_yield_every(0);
    host_settle();
    world_audit();
    before = world_shape();
    logged_next = 0;
    memset(old_handles, 0, sizeof old_handles);
    uint64_t root_reticle = world_named("reticle"), spare[TASKS];
    for (uint32_t i = 0; i < TASKS; i++) {
        // A Reticle of its own to carve from, which outlives nobody.
        uint64_t end, other;
        check(CALL(world_root, &spare[i], reticle_split, root_reticle, TASK_BYTES) == STATUS_OK);
        tasks[i].reticle = spare[i];
        end = ring_pair(&tasks[i], spare[i], &other);
        struct world_grant grants[] = {
            {"pool", spare[i], RIGHT_ALL, false},
            {"end", end, RIGHT_ALL, false},
            {"other", other, RIGHT_ALL, i % 2 == 0},
            {"budget", world_named("budget"), RIGHT_ALL, false},
            {"machine", world_named("machine"), RIGHT_COPY | RIGHT_PASS | RIGHT_MACHINE_CONSOLE,
             false},
            {"irq", world_named("irq.console"), RIGHT_ALL, false},
            {"device", world_named("device.console"), RIGHT_ALL, false},
            {"time", world_named("time"), RIGHT_ALL, false},
            // One holds its neighbour's Task and pool, with all that this allows.
            {"task", i == 0 ? world_named("time") : tasks[i - 1].handle, RIGHT_ALL, false},
            {"neighbour", i == 0 ? world_named("time") : spare[i - 1], RIGHT_ALL, i == 2},
        };
        check(world_task_make(&tasks[i], TASK_BYTES, grants, 9) == STATUS_OK);
        // A second thread, so that the Task runs on two harts.
        check(CALL(tasks[i].thread, &end, thread_carve, 0, PROGRAM_BASE, STACK_TOP) == STATUS_OK);
        check(CALL(tasks[i].thread, nullptr, thread_start, end) == STATUS_OK);
        char names[64][16];
        for (uint32_t j = 0; j < 64; j++) {
            memset(names[j], 0, sizeof names[j]);
            names[j][0] = (char)('a' + j / 8);
            names[j][1] = (char)('a' + j % 8);
        }
        check(world_run(tasks[i].thread));
        check(host_user_write(tasks[i].thread->hart->index, WORLD_DATA, names, sizeof names));
    }
    world_audit();
}

void operations_end(void) {
    host_yield_every(0);
    host_settle();
    world_audit();
    // The root may be asleep for as long as it does between its turns.
    host_time_set(arch_time_now() + 2000000);
    host_settle();
    // All Reticles that the root made, and what was handed back to it: nothing else is
    // the root's but what it had.
    for (uint32_t i = 0; i < world_root->task->table.pages * SLOTS_PER_PAGE; i++) {
        struct slot *slot = table_slot(world_root->task, i);
        bool made = slot_class(slot) == CLASS_RETICLE && (slot->flags & SLOT_OWNER) != 0;
        if (!made) {
            continue;
        }
        uint64_t handle = (slot_meta(slot) >> META_GENERATION_SHIFT) << HANDLE_SLOT_BITS | i;
        check(world_run(world_root));
        check(CALL(world_root, nullptr, handle_drop, handle) == STATUS_OK);
    }
    // What Tasks owned that died in these drops is taken apart when a hart idles.
    check(world_run(world_root));
    check(CALL(world_root, nullptr, signal_wait, UINT64_C(1) << 63, arch_time_now() + 1) ==
          WORLD_BLOCKED);
    host_time_set(arch_time_now() + 1);
    host_settle();
    world_audit();
    struct world_shape after = world_shape();
    if (!world_shape_equal(&before, &after)) {
        fprintf(stderr, "# before %lx free %lx objects %lx tables, after %lx %lx %lx\n",
                before.available, before.objects, before.tables, after.available, after.objects,
                after.tables);
    }
    check(world_shape_equal(&before, &after));
}
