// SPDX-License-Identifier: BSD-3-Clause
// SPDX-FileCopyrightText: The VectraOS contributors
//
// What the compiler calls before each access in the sanitized kernel (-fsanitize=kernel-address,
// outlined). Free memory needs no shadow here: the page array says of every page and cell of
// RAM whether it is carved, so a use after free is a look into it. Only the image and the
// stacks of the harts have shadow bytes, for what the compiler puts between variables. A byte
// of it stands for 8 bytes: 0, all may be used; 1 to 7, so many of them; from 128 on, none.
//
// What it does not see:
// - What the boot does before the free memory goes into the page array (begin in hooks.c).
// - The use of what was freed, once it is carved again: nothing is kept back for a while.
// - Anything inside of what is carved: one field for another, one object of a page of cells for
//   its neighbour, page tables, pages of programs.
// - Text, constants, and the stacks of harts from the ninth on.
// - Assembly; the copy of user memory; calls by a pointer of another type, which kcfi stops.
//
// Nothing here is sanitized itself.
#include "kernel/arch.h"
#include "kernel/object.h"
#include "kernel/page.h"

#include "kernel/arch/common/paging.h"

constexpr uint64_t GRANULE = 8;
constexpr uint64_t DATA_MOST = UINT64_C(3) << 19; // of the image; more is a panic at the start
constexpr uint64_t HARTS = 8;                     // stacks of more are not looked after
constexpr uint8_t POISON = 0xf9;

static uint8_t image_shadow[DATA_MOST / GRANULE];
static uint8_t stack_shadow[HARTS * STACK_SLOT / GRANULE];

// nullptr: there is none, and everything may be used.
static uint8_t *shadow_of(uint64_t address) {
    uint64_t image = (address - (uint64_t)data_start) / GRANULE;
    uint64_t stack = (address - STACKS) / GRANULE;
    if (image < sizeof image_shadow) {
        return &image_shadow[image];
    }
    return stack < sizeof stack_shadow ? &stack_shadow[stack] : nullptr;
}

static void shadow_fill(uint64_t from, uint64_t to, uint8_t value) {
    for (uint64_t address = from & ~(GRANULE - 1); address < to; address += GRANULE) {
        uint8_t *shadow = shadow_of(address);
        if (shadow != nullptr) {
            *shadow = value;
        }
    }
}

// The page array, once there is one; page_entry is sanitized itself, and slow.
static const struct page *pages;
static uint64_t first, count;

// A page inside of a block says nothing: its head does.
static bool page_free(uint64_t frame) {
    enum page_kind kind = pages[frame - first].kind;
    for (uint32_t order = 1; kind == PAGE_INNER && order < PAGE_ORDERS; order++) {
        uint64_t head = frame & ~((UINT64_C(1) << order) - 1);
        if (head < first) {
            return false;
        }
        const struct page *page = &pages[head - first];
        if (page->kind == PAGE_FREE && page->order % PAGE_SINGLE >= order) {
            return true;
        }
    }
    return kind == PAGE_FREE;
}

// RAM that nobody has carved, or a cell without an object.
static bool memory_free(uint64_t address) {
    uint64_t frame = (address - ARCH_DIRECT_BASE) >> PAGE_SHIFT;
    if (frame - first >= count) {
        return false; // not RAM, or it is too early
    }
    const struct page *page = &pages[frame - first];
    return page->kind == PAGE_CELLS ? (page->cells >> (address % PAGE_SIZE / OBJECT_CELL) & 1) == 0
                                    : page_free(frame);
}

static bool bad(uint64_t address, uint64_t last) {
    const uint8_t *shadow = shadow_of(address);
    if (shadow == nullptr) {
        return memory_free(address);
    }
    return *shadow != 0 && (*shadow >= 128 || last % GRANULE >= *shadow);
}

static inline void look(const char *what, uint64_t address, uint64_t size, const void *by) {
    for (uint64_t at = address; at < address + size; at = (at & ~(GRANULE - 1)) + GRANULE) {
        uint64_t end = (at & ~(GRANULE - 1)) + GRANULE;
        uint64_t last = (end < address + size ? end : address + size) - 1;
        if (bad(at, last)) {
            panic("address: a %s of %lu bytes at %lx, by %lx", what, size, address, (uint64_t)by);
        }
    }
}

// The names are the compiler's (LLVM, AddressSanitizer.cpp; the kernel's have `noabort`).
#define ACCESS(size) \
    void __asan_load##size##_noabort(uint64_t address); \
    void __asan_load##size##_noabort(uint64_t address) { \
        look("load", address, size, __builtin_return_address(0)); \
    } \
    void __asan_store##size##_noabort(uint64_t address); \
    void __asan_store##size##_noabort(uint64_t address) { \
        look("store", address, size, __builtin_return_address(0)); \
    }
ACCESS(1)
ACCESS(2)
ACCESS(4)
ACCESS(8)
ACCESS(16)

void __asan_loadN_noabort(uint64_t address, uint64_t size);
void __asan_loadN_noabort(uint64_t address, uint64_t size) {
    look("load", address, size, __builtin_return_address(0));
}
void __asan_storeN_noabort(uint64_t address, uint64_t size);
void __asan_storeN_noabort(uint64_t address, uint64_t size) {
    look("store", address, size, __builtin_return_address(0));
}

// A function says what it puts between its variables, and takes it back when it returns: by
// the address that the shadow would have if it began at 0.
#define SET_SHADOW(value) \
    void __asan_set_shadow_##value(uint64_t shadow, uint64_t size); \
    void __asan_set_shadow_##value(uint64_t shadow, uint64_t size) { \
        shadow_fill(shadow *GRANULE, (shadow + size) * GRANULE, 0x##value); \
    }
SET_SHADOW(00)
SET_SHADOW(01)
SET_SHADOW(02)
SET_SHADOW(03)
SET_SHADOW(04)
SET_SHADOW(05)
SET_SHADOW(06)
SET_SHADOW(07)
SET_SHADOW(f1)
SET_SHADOW(f2)
SET_SHADOW(f3)
SET_SHADOW(f5)
SET_SHADOW(f8)

// The frames of this stack are never returned to: a hart leaves the kernel.
void __asan_handle_no_return(void);
void __asan_handle_no_return(void) {
    uint64_t here = (uint64_t)__builtin_frame_address(0);
    uint64_t rest = STACK_SLOT - here % STACK_SLOT;
    shadow_fill(here, here + (here >= STACKS ? rest : 4 * PAGE_SIZE), 0);
}

struct compiler_global {
    uint64_t begin, size, size_with_poison;
    const char *name, *module;
    uint64_t more[3];
};

void __asan_register_globals(const struct compiler_global *global, uint64_t count);
void __asan_register_globals(const struct compiler_global *global, uint64_t number) {
    if (image_end - data_start > (int64_t)DATA_MOST) {
        panic("address: %lu bytes of data have no shadow", image_end - data_start - DATA_MOST);
    }
    first = page_array_first();
    pages = page_entry((uint32_t)first);
    count = page_array_count();
    for (uint64_t i = 0; i < number; i++) {
        uint64_t end = global[i].begin + global[i].size, rest = end % GRANULE;
        shadow_fill((end + GRANULE - 1) & ~(GRANULE - 1),
                    global[i].begin + global[i].size_with_poison, POISON);
        if (rest != 0) {
            shadow_fill(end, end + 1, (uint8_t)rest);
        }
    }
}
void __asan_unregister_globals(const struct compiler_global *global, uint64_t count);
void __asan_unregister_globals(const struct compiler_global *, uint64_t) {}
void __asan_init(void);
void __asan_init(void) {}
void __asan_version_mismatch_check_v8(void);
void __asan_version_mismatch_check_v8(void) {}
