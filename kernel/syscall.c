// SPDX-License-Identifier: BSD-3-Clause
// SPDX-FileCopyrightText: The VectraOS contributors
//
// Dispatch: one table from abi/syscalls.def, one place where a status becomes a result.
// And what several syscalls share.
#include "kernel/syscall.h"

#include "kernel/arch/common/number.h"
#include "kernel/bundle.h"
#include "kernel/check.h"
#include "kernel/reticle.h"
#include "kernel/schedule.h"
#include "kernel/space.h"
#include "lib/string/string.h"

typedef enum status syscall_function(struct thread *, void *, uint64_t *);
enum held { HELD_NOT, HELD_FAR, HELD_NEAR }; // the books, and where the code for that stands

[[gnu::noinline]] static enum status call_held(struct thread *self, uint64_t *a,
                                               syscall_function *call, enum cap_class class,
                                               uint32_t rights) {
    struct slot *slot;
    lock_acquire(&books);
    enum status status = lookup_class(self->task, a[0], class, rights, &slot);
    if (status == STATUS_OK) {
        status = call(self, slot->object, a);
    }
    lock_release(&books);
    return status;
}

// Says what is wrong, where something is.
[[gnu::noinline, clang::preserve_most]] static enum status
lookup_again(struct task *task, uint64_t handle, enum cap_class class,
             uint32_t rights) REQUIRES_BOOKS {
    struct slot *slot;
    return lookup_class(task, handle, class, rights, &slot);
}

// The same in place: what may be called often, and has no other caller.
static inline enum status call_near(struct thread *self, uint64_t *a, syscall_function *call,
                                    enum cap_class class, uint32_t rights) {
    uint64_t handle = a[0];
    lock_acquire(&books);
    struct slot *slot = table_at(&self->task->table, (uint32_t)(handle & HANDLE_SLOT_MASK));
    enum status status;
    if (slot != nullptr && meta_matches(slot_meta(slot), handle, class, rights) &&
        object_live(slot->object)) {
        status = call(self, slot->object, a);
    } else {
        status = lookup_again(self->task, handle, class, rights);
    }
    lock_release(&books);
    return status;
}

static inline enum status call_booked(struct thread *self, uint64_t *a, syscall_function *call) {
    lock_acquire(&books);
    enum status status = call(self, nullptr, a);
    lock_release(&books);
    return status;
}

// What is done before a syscall's function is called; all but the first two arguments are
// constants of the table.
static inline enum status call(struct thread *self, uint64_t *a, syscall_function *function,
                               enum held held, enum cap_class class, uint32_t rights) {
    if (class == CLASS_NONE) {
        return held ? call_booked(self, a, function) : function(self, nullptr, a);
    }
    if (held != HELD_NOT) {
        return (held == HELD_NEAR ? call_near : call_held)(self, a, function, class, rights);
    }
    struct object *object = lookup_quick(&self->task->table, a[0], class, rights);
    return object != nullptr ? function(self, object, a)
                             : lookup_fails(self->task, a[0], class, rights);
}

// Only what may switch can end with more than a status of the program's.
static inline uint64_t leave(enum status status, bool switches) {
    if (switches && status >= STATUS_BLOCKED) {
        schedule_attend();
    }
    hook_straight();
    return status;
}

#define FREE HELD_NOT, CLASS_NONE, 0
#define QUICK(class, rights) HELD_NOT, class, rights
#define BOOKS HELD_FAR, CLASS_NONE, 0
#define HELD(class, rights) HELD_FAR, class, rights
#define NEAR(class, rights) HELD_NEAR, class, rights
#define SWITCHES true
#define STAYS false
#define SYSCALL(number, name, switches, entry, arguments, results, rights, errors, sentence) \
    static uint64_t enter_##name(struct thread *self, uint64_t *a) { \
        hook_enter(number, a); \
        return leave(call(self, a, sys_##name, entry), switches); \
    }
#include "abi/syscalls.def"
#undef SYSCALL

enum : uint64_t {
#define SYSCALL(number, name, switches, entry, arguments, results, rights, errors, sentence) \
    number_##name = number,
#include "abi/syscalls.def"
#undef SYSCALL
};
static_assert(number_doorbell_wait == NUMBER_DOORBELL_WAIT);

syscall_entry_function *const syscall_table[] = {
#define SYSCALL(number, name, switches, entry, arguments, results, rights, errors, sentence) \
    [number] = enter_##name,
#include "abi/syscalls.def"
#undef SYSCALL
};

constexpr uint64_t COUNT = sizeof syscall_table / sizeof *syscall_table;

[[gnu::noinline]] static void begin_unfinished(struct thread *self, uint64_t number) {
    self->quick = 0; // whatever the registers say next
    self->apart |= APART_UNFINISHED;
    self->unfinished.active = true;
    self->unfinished.number = number;
    memcpy(self->unfinished.argument, self->frame.arg, sizeof self->unfinished.argument);
    arch_frame_restart(&self->frame);
}

// A further entry of a long syscall. Whatever the registers say now, it is that one
// which goes on, with its own arguments, and its result which is written.
[[gnu::noinline]] static struct arch_frame *go_on(struct thread *self) {
    uint64_t a[6];
    memcpy(a, self->unfinished.argument, sizeof a);
    uint64_t status = syscall_table[self->unfinished.number](self, a);
    if (status == STATUS_RESTART) {
        arch_frame_restart(&self->frame);
    } else {
        self->quick = COUNT;
        self->apart &= (uint8_t)~APART_UNFINISHED;
        self->unfinished = (struct unfinished){};
        memcpy(&self->frame.arg[1], &a[1], sizeof a - sizeof *a);
        self->frame.arg[0] = status;
    }
    return kernel_leave();
}

struct arch_frame *kernel_syscall_end(struct thread *self, uint64_t number, uint64_t status) {
    if (status < STATUS_BLOCKED) {
        self->frame.arg[0] = status;
    } else if (status == STATUS_RESTART) {
        begin_unfinished(self, number);
    }
    return kernel_leave();
}

struct arch_frame *kernel_syscall(uint64_t number) {
    struct thread *self = thread_current();
    if (self->unfinished.active) {
        return go_on(self);
    }
    self->quick = COUNT; // those that follow need not come this way
    if (number >= COUNT) {
        return kernel_syscall_end(self, number, STATUS_BAD_SYSCALL);
    }
    return kernel_syscall_end(self, number, syscall_table[number](self, self->frame.arg));
}

// A page may be away for a moment: the copy is tried again when it is there.
static enum status copy(void *kernel, uint64_t user, uint64_t size, bool out) {
    constexpr uint32_t TRIES = 4;
    bool again = space_user(user, size);
    for (uint32_t i = 0; again && i < TRIES; i++) {
        if (out ? arch_copy_to_user(user, kernel, size) : arch_copy_from_user(kernel, user, size)) {
            return STATUS_OK;
        }
        again = fault_passed(thread_current()->task, user, size, out ? MAP_WRITE : MAP_READ);
    }
    return STATUS_BAD_ADDRESS;
}

enum status copy_from_user(void *to, uint64_t from, uint64_t size) {
    return copy(to, from, size, false);
}

enum status copy_to_user(uint64_t to, void *from, uint64_t size) {
    return copy(from, to, size, true);
}

enum status copy_name(uint64_t from, uint64_t length, struct bundle_name *out) {
    if (length == 0 || length >= BUNDLE_NAME) {
        return STATUS_BAD_ARGUMENT;
    }
    *out = (struct bundle_name){};
    enum status status = copy_from_user(out->text, from, length);
    if (status != STATUS_OK) {
        return status;
    }
    for (uint64_t i = 0; i < length; i++) {
        char c = out->text[i];
        bool allowed =
            (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '.' || c == '-' || c == '_';
        if (!allowed) {
            return STATUS_BAD_ARGUMENT;
        }
    }
    return STATUS_OK;
}

uint64_t grant_owner(struct task *task, struct object *object, uint32_t rights) {
    struct slot *slot = table_take(task);
    slot_fill(slot, object, object->class, rights, SLOT_OWNER, &object->tree);
    return table_handle(task, slot);
}

enum status task_of(struct thread *self, uint64_t handle, uint32_t right, struct task **out) {
    if (handle == HANDLE_NONE && (right & (RIGHT_TASK_FILL | RIGHT_TASK_MAP)) != 0) {
        *out = self->task;
        return STATUS_OK;
    }
    struct slot *slot;
    enum status status = lookup_class(self->task, handle, CLASS_TASK, 0, &slot);
    if (status != STATUS_OK) {
        return status;
    }
    *out = (struct task *)slot->object;
    bool empty = task_state_of(*out) == TASK_EMPTY;
    if (right == RIGHT_TASK_MAP && empty) {
        right = RIGHT_TASK_FILL;
    }
    bool filled = right == RIGHT_TASK_FILL && !empty;
    return (slot_rights(slot) & right) != right || filled ? STATUS_ACCESS : STATUS_OK;
}

bool bit_named(const struct thread *self, uint64_t word) {
    return word < 64 + 64 * (uint64_t)watch_words_count(self) || word == UINT64_MAX;
}

enum status watch_named(struct thread *self, uint64_t word, struct watch *watch) {
    if (!bit_named(self, word)) {
        return STATUS_BAD_ARGUMENT;
    }
    watch_bind(watch, self, (uint32_t)word);
    return STATUS_OK;
}
