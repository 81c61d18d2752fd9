// SPDX-License-Identifier: BSD-3-Clause
// SPDX-FileCopyrightText: The VectraOS contributors
//
// From the entry of the first hart to the first instruction of the root Task. What
// the kernel needs for itself is taken here, once; all the rest of the memory goes into
// one Reticle, which the root Task gets together with the boot package and the devices.
#include "abi/bundle.h"
#include "kernel/budget.h"
#include "kernel/bundle.h"
#include "kernel/check.h"
#include "kernel/device.h"
#include "kernel/epoch.h"
#include "kernel/memory.h"
#include "kernel/reticle.h"
#include "kernel/root_image.h"
#include "kernel/schedule.h"
#include "kernel/syscall.h"
#include "lib/firmware/firmware.h"
#include "lib/string/string.h"

constexpr uint64_t ROOT_STACK = 32 * 1024;

// On a line of its own: whoever waits for it or has it would take away what stands beside it.
[[gnu::section(".bss.books")]] struct lock books;

static struct hart harts[BOOT_HARTS];
[[POLLED]] static _Atomic uint32_t online; // harts 0 .. online - 1 take part
static _Atomic uint32_t harts_started = 1;
static _Atomic uint32_t coming; // the place of the hart that may come up; 0: none

static const struct boot_info *boot;
// The boot allocator: the ranges of free RAM.
static struct boot_range boot_free[FIRMWARE_FREE];
static uint32_t boot_free_count;
static bool boot_over;

struct hart *hart_at(uint32_t index) {
    check(index < BOOT_HARTS);
    return &harts[index];
}

uint32_t harts_online(void) {
    return atomic_load_explicit(&online, memory_order_relaxed);
}

// ------------------------------------------------------------ memory at boot

struct phys boot_alloc(size_t pages) {
    check(!boot_over);
    struct phys at;
    uint64_t bytes = (uint64_t)pages << PAGE_SHIFT;
    if (!firmware_take(boot_free, boot_free_count, bytes, &at.value)) {
        panic("too little memory: %lu KiB more are needed for the kernel's own tables",
              bytes >> 10);
    }
    arch_zero_pages(phys_to_virt(at), pages);
    return at;
}

// -------------------------------------------------------------- the root Task

// What every capability of the root Task carries.
constexpr uint32_t COMMON = RIGHT_COPY | RIGHT_PASS | RIGHT_INSPECT;

// What the root Task needs, made out of the first Reticle while nothing else runs.
struct root {
    struct reticle *reticle;
    struct task *task;
    struct thread *thread;
    struct bundle *bundle;
};

static void need(enum status status) {
    if (status != STATUS_OK) {
        panic("too little memory for the root Task: status %u", (unsigned)status);
    }
}

// The Bundle has room for all that is put into it here, and the Task's first page of slots
// too: only a mistake in this file could fill them.
static struct bundle_name name_new(const struct root *root, const char *name,
                                   uint32_t size) REQUIRES_BOOKS {
    struct bundle_name text = {};
    memcpy(text.text, name, strlen(name));
    check(bundle_room(root->bundle, &text, size) == STATUS_OK);
    return text;
}

static void bundle_add(struct root *root, const char *name, struct object *object,
                       uint32_t rights) REQUIRES_BOOKS {
    struct bundle_name text = name_new(root, name, 0);
    // By way of the Task's own table, as any maker would.
    struct slot *slot = table_take(root->task);
    slot_fill(slot, object, object->class, COMMON | rights, 0, &object->tree);
    bundle_put(root->bundle, &text, root->task, slot, RIGHT_ALL, true);
}

static void bundle_add_value(struct root *root, const char *name, const void *value,
                             uint32_t size) REQUIRES_BOOKS {
    struct bundle_name text = name_new(root, name, size);
    bundle_value(root->bundle, &text, value, size);
}

static void root_view(struct root *root, struct memory *memory, uint64_t address,
                      uint16_t access) REQUIRES_BOOKS {
    struct slot *view = table_take(root->task);
    view_begin(view, &memory->object, &memory->object.tree, address, 0, access, 0);
    enum status status = STATUS_OK;
    while (view_grow(root->task, view, memory->pages, &status) == STEP_MORE) {
    }
    need(status);
    check(view->pages == memory->pages);
}

static void root_memory(struct root *root) REQUIRES_BOOKS {
    uint32_t image = (uint32_t)((root_image_size() + PAGE_SIZE - 1) >> PAGE_SHIFT);
    struct memory *text = memory_borrow(
        root->reticle, (uint32_t)(arch_image_phys(root_image()).value >> PAGE_SHIFT), image);
    root_view(root, text, PROGRAM_BASE, MAP_READ | MAP_EXECUTE);
    struct memory *stack;
    need(memory_carve(root->reticle, ROOT_STACK >> PAGE_SHIFT, 0, &stack));
    arch_zero_pages(page_address(stack->frame), stack->pages);
    root_view(root, stack, STACK_TOP - ROOT_STACK, MAP_READ | MAP_WRITE);
}

static void root_time(struct root *root) REQUIRES_BOOKS {
    struct memory *time;
    need(memory_carve(root->reticle, 1, 0, &time));
    void *page = page_address(time->frame);
    arch_zero_pages(page, 1);
    *(struct time_page *)page = arch_clock;
    bundle_add(root, "time", &time->object, RIGHT_MEMORY_READ);
}

static void root_devices(struct root *root) REQUIRES_BOOKS {
    if (boot->console.kind != BOOT_CONSOLE_NONE && arch_irq_check(boot->console.irq) == STATUS_OK) {
        bool ports = boot->console.kind == BOOT_CONSOLE_16550_PORT;
        struct device *device =
            device_make(root->reticle, ports, boot->console.base, boot->console.size);
        struct irq *irq = irq_make(root->reticle, boot->console.irq);
        bundle_add(root, "device.console", &device->object, RIGHT_DEVICE_USE);
        bundle_add(root, "irq.console", &irq->object, RIGHT_IRQ_USE);
    }
    struct object *machine = object_boot(root->reticle, CLASS_MACHINE);
    bundle_add(root, "machine", machine,
               RIGHT_MACHINE_POWER | RIGHT_MACHINE_CONSOLE | RIGHT_MACHINE_TRACE);
    bundle_add_value(root, "console.kind", &boot->console.kind, sizeof boot->console.kind);
    bundle_add_value(root, "command.line", boot->command_line,
                     (uint32_t)strlen(boot->command_line) + 1);
}

static void root_package(struct root *root) REQUIRES_BOOKS {
    const struct boot_range *package = &boot->package;
    if (package->size == 0 || package->base % PAGE_SIZE != 0) {
        panic("no boot package: give it as the initial ramdisk");
    }
    struct memory *memory =
        memory_borrow(root->reticle, (uint32_t)(package->base >> PAGE_SHIFT),
                      (uint32_t)((package->size + PAGE_SIZE - 1) >> PAGE_SHIFT));
    bundle_add(root, "package", &memory->object, RIGHT_MEMORY_READ | RIGHT_MEMORY_EXECUTE);
    bundle_add_value(root, "package.size", &package->size, sizeof package->size);
    bundle_add_value(root, "package.hash", package_root_hash, sizeof package_root_hash);
}

static void root_start(void) REQUIRES_BOOKS {
    struct root root = {.reticle = reticle_first()};
    need(task_carve(root.reticle, &root.task));
    need(bundle_carve(root.reticle, &root.bundle));
    need(thread_carve(root.task, false, &root.thread));
    root.task->is_root = true;
    root_memory(&root);
    root_time(&root);
    root_devices(&root);
    root_package(&root);
    bundle_add(&root, "reticle", &root.reticle->object,
               RIGHT_WATCH | RIGHT_RETICLE_CARVE | RIGHT_RETICLE_GROW | RIGHT_RETICLE_CODE);
    struct budget *budget;
    need(budget_first(root.reticle, &budget));
    bundle_add(&root, "budget", &budget->object, RIGHT_BUDGET_SPLIT | RIGHT_BUDGET_USE);
    need(bundle_map(root.bundle, root.task));
    bundle_seal(root.bundle, root.task);
    atomic_store_explicit(&root.task->state, TASK_RUNNING, memory_order_release);
    arch_frame_init(&root.thread->frame, PROGRAM_BASE, STACK_TOP, 0);
    thread_start(root.thread);
}

// -------------------------------------------------------------------- the harts

static void hart_init(struct hart *hart, uint32_t place) {
    arch_hart_init(hart, place);
    hart->timer_armed = hart->sample = TIME_NEVER;
    hart->since = arch_counter();
    hart->switched = arch_time_at(hart->since);
    atomic_store(&hart->online, true);
}

// A place is where a hart stands in boot_info; indices count only those that came. Who takes
// part is decided once: by the hart, which sets `coming` to 0, or by this one after some
// time. What comes later finds another's place there, or none.
static void harts_start(void) {
    constexpr uint64_t PATIENCE = 300'000'000; // nanoseconds
    for (uint32_t place = 1; place < boot->hart_count; place++) {
        atomic_store(&coming, place);
        bool asked = arch_hart_start(place, boot->hart_id[place]);
        uint64_t until = arch_time_now() + PATIENCE;
        while (asked && atomic_load(&coming) == place && arch_time_now() < until) {
            arch_pause();
        }
        if (atomic_exchange(&coming, 0) == place) {
            print("hart %lx does not start and is left out\n", boot->hart_id[place]);
            continue;
        }
        while (!atomic_load(&harts[harts_started].online)) {
            arch_pause();
        }
        harts_started++;
    }
}

void kernel_main(const struct boot_info *info) {
    boot = info;
    boot_free_count = firmware_free(info, PAGE_RAM_END, boot_free);
    arch_init(info);
    atomic_store_explicit(&online, 1, memory_order_relaxed);
    hart_init(&harts[0], 0);
    page_array_init(info);
    memory_init();
    struct reticle *first = reticle_first();
    harts_start();
    boot_over = true;

    lock_acquire(&books);
    for (uint32_t i = 0; i < boot_free_count; i++) {
        reticle_add(first, (uint32_t)(boot_free[i].base >> PAGE_SHIFT),
                    (uint32_t)(boot_free[i].size >> PAGE_SHIFT));
    }
    root_start();
    lock_release(&books);
    // Everything is made: now the others may look at it.
    atomic_store_explicit(&online, harts_started, memory_order_release);
    arch_resume(schedule_next());
}

void kernel_hart_main(uint32_t place) {
    struct hart *hart = &harts[harts_started]; // nobody else's while this one may come
    uint32_t mine = place;
    if (!atomic_compare_exchange_strong(&coming, &mine, 0)) {
        arch_halt();
    }
    hart->index = (uint32_t)(hart - harts);
    hart_init(hart, place);
    while (atomic_load_explicit(&online, memory_order_acquire) <= hart->index) {
        arch_pause();
    }
    arch_resume(schedule_next());
}
