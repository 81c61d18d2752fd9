// SPDX-License-Identifier: BSD-3-Clause
// SPDX-FileCopyrightText: The VectraOS contributors
//
// Authority is complete: this Task does random things with capabilities, keeps a model of
// what it should hold, and compares it with what task_slot lists: its table, what is in
// flight from its Ring ends, what lies in Bundles that it fills. The sum of what the owners
// are charged is what the Reticle's books say.
//
// Headers of small objects are cells of 256 bytes, 16 to a page, which stays charged while
// one of them is used: so the books are the sum and the unused cells of such pages.
#include "abi/ring.h"
#include "lib/string/string.h"
#include "tests/ktest/books.h"
#include "tests/ktest/child.h"

constexpr uint32_t ENTRIES = 400, OLD = 200, STEPS = 600, NONE = UINT32_MAX;
constexpr uint32_t USUAL = RIGHT_COPY | RIGHT_PASS | RIGHT_INSPECT;

// A capability that there should be. Its place: the own table, or what `container` owns.
struct entry {
    bool used, owner, revoked, matched;
    uint32_t class, rights;
    uint32_t object; // its number
    uint32_t parent; // entry it was made from, NONE: the object itself
    uint32_t container;
    uint64_t handle; // in the own table
    uint64_t detail; // of a view
    uint64_t sequence;
    uint32_t peer;   // of a Ring end: the entry of the other
    uint32_t flight; // of a Ring end: how many are on their way from it
    uint64_t sent;
    uint64_t charge; // of an owner, in bytes, tables apart
    bool storage;    // of a Ring end: there is a page for what is in flight
};

static struct entry entries[ENTRIES];
static uint64_t old[OLD]; // indices that were used before
static uint32_t old_count;
static uint64_t random_state;

static uint32_t below(uint32_t limit) {
    random_state = random_state * 6364136223846793005 + 1442695040888963407;
    return (uint32_t)(random_state >> 33) % limit;
}

static uint32_t entry_new(const struct entry *content) {
    for (uint32_t i = 0; i < ENTRIES; i++) {
        if (!entries[i].used) {
            entries[i] = *content;
            entries[i].used = true;
            return i;
        }
    }
    (void)CHECK(false);
    return 0;
}

static uint32_t entry_count(void) {
    uint32_t count = 0;
    for (uint32_t i = 0; i < ENTRIES; i++) {
        count += entries[i].used;
    }
    return count;
}

static uint32_t number_of(uint64_t handle) {
    uint64_t description, object = 0, size, detail;
    (void)CHECK_OK(sys_handle_info(handle, &description, &object, &size, &detail));
    return (uint32_t)object;
}

// One of the own table, at random: of that class, or any but a view. NONE: there is none.
static uint32_t pick(uint32_t class) {
    uint32_t from = below(ENTRIES);
    for (uint32_t i = 0; i < ENTRIES; i++) {
        uint32_t at = (from + i) % ENTRIES;
        const struct entry *entry = &entries[at];
        if (entry->used && entry->container == NONE && entry->class != CLASS_VIEW &&
            entry->class != CLASS_NONE && (class == CLASS_NONE || entry->class == class)) {
            return at;
        }
    }
    return NONE;
}

// What hung below it hangs below what it hung below.
static void entry_gone(uint32_t at) {
    for (uint32_t i = 0; i < ENTRIES; i++) {
        if (entries[i].used && entries[i].parent == at) {
            entries[i].parent = entries[at].parent;
        }
    }
    entries[at].used = false;
}

static bool descends(uint32_t at, uint32_t from) {
    while (at != NONE && at != from) {
        at = entries[at].parent;
    }
    return at == from;
}

// ------------------------------------------------------------------------ steps

static void carve(void) {
    struct entry made = {.owner = true, .parent = NONE, .container = NONE, .peer = NONE};
    uint64_t pages = 1 + below(4);
    switch (below(4)) {
    case 0:
        made.class = CLASS_MEMORY;
        made.rights = USUAL | RIGHT_WATCH | RIGHT_MEMORY_READ | RIGHT_MEMORY_WRITE;
        made.charge = pages * PAGE_SIZE + 256;
        (void)CHECK_OK(sys_memory_carve(ground, pages * PAGE_SIZE, PAGE_SHIFT, 0, &made.handle));
        break;
    case 1:
        made.class = CLASS_RETICLE;
        made.rights = USUAL | RIGHT_WATCH | RIGHT_RETICLE_CARVE | RIGHT_RETICLE_GROW;
        made.rights |= rights_of(ground) & RIGHT_RETICLE_CODE;
        made.charge = pages * PAGE_SIZE + 512;
        (void)CHECK_OK(sys_reticle_split(ground, pages * PAGE_SIZE, &made.handle));
        break;
    case 2:
        made.class = CLASS_BUNDLE;
        made.rights = RIGHT_PASS | RIGHT_INSPECT | RIGHT_BUNDLE_FILL;
        made.charge = BUNDLE_SIZE + PAGE_SIZE + 256;
        (void)CHECK_OK(sys_bundle_carve(ground, &made.handle));
        break;
    default:
        made.class = CLASS_TASK;
        made.charge = 3 * PAGE_SIZE; // itself, the root table, a page of slots
        (void)CHECK_OK(sys_task_carve(ground, &made.handle));
        made.rights = (uint32_t)rights_of(made.handle);
        break;
    }
    made.object = number_of(made.handle);
    (void)entry_new(&made);
}

static void ring_pair(void) {
    uint32_t at[2];
    for (uint32_t i = 0; i < 2; i++) {
        struct entry made = {.owner = true, .class = CLASS_RING, .parent = NONE, .container = NONE};
        made.rights = USUAL | RIGHT_RING_BIND | RIGHT_RING_USE;
        made.charge = PAGE_SIZE + 256;
        (void)CHECK_OK(sys_ring_carve(ground, 2, &made.handle));
        made.object = number_of(made.handle);
        at[i] = entry_new(&made);
    }
    (void)CHECK_OK(sys_ring_bind(entries[at[0]].handle, entries[at[1]].handle));
    entries[at[0]].peer = at[1];
    entries[at[1]].peer = at[0];
}

static uint32_t narrowed(const struct entry *from, uint32_t rights) {
    rights &= from->rights;
    return from->class == CLASS_MEMORY ? rights & ~(uint32_t)RIGHT_MEMORY_WRITE : rights;
}

static void copy(void) {
    uint32_t from = pick(CLASS_NONE), rights = below(1 << 15) | RIGHT_COPY | RIGHT_PASS;
    if (from == NONE || (entries[from].rights & RIGHT_COPY) == 0) {
        return;
    }
    struct entry made = entries[from];
    made.owner = false;
    made.parent = from;
    made.peer = NONE;
    made.rights = narrowed(&entries[from], rights);
    (void)CHECK_OK(sys_handle_copy(entries[from].handle, rights, &made.handle));
    (void)entry_new(&made);
}

static void map(void) {
    static uint64_t next;
    uint32_t from = pick(CLASS_MEMORY);
    if (from == NONE || (entries[from].rights & RIGHT_MEMORY_READ) == 0) {
        return;
    }
    struct entry made = {.class = CLASS_VIEW, .rights = RIGHT_INSPECT, .parent = from};
    uint64_t address = AREA + next++ % 4096 * PAGE_SIZE;
    made.object = entries[from].object;
    made.container = made.peer = NONE;
    made.detail = address | MAP_READ;
    (void)CHECK_OK(
        sys_memory_map(0, entries[from].handle, address, 0, PAGE_SIZE, MAP_READ, &made.handle));
    (void)entry_new(&made);
}

// A copy goes into a container, which is a Ring end or a Bundle of this Task.
static void into(uint32_t container, uint32_t from) {
    struct entry made = entries[from];
    uint32_t rights = below(1 << 15);
    constexpr uint32_t NEED = RIGHT_COPY | RIGHT_PASS;
    if ((made.rights & NEED) != NEED || !entries[container].owner) {
        return;
    }
    made.owner = false;
    made.parent = from;
    made.container = container;
    made.peer = NONE;
    made.rights = narrowed(&entries[from], rights);
    if (entries[container].class == CLASS_BUNDLE) {
        uint64_t count = entries[container].sent++;
        char name[2] = {(char)('a' + count / 10), (char)('a' + count % 10)};
        if (count < 50) {
            (void)CHECK_OK(sys_bundle_put(entries[container].handle, (uint64_t)name, 2, made.handle,
                                          rights, 0));
            made.handle = HANDLE_NONE;
            (void)entry_new(&made);
        }
        return;
    }
    uint32_t peer = entries[container].peer;
    bool itself = made.object == entries[container].object ||
                  (peer != NONE && made.object == entries[peer].object);
    if (peer == NONE || itself || entries[container].flight == RING_IN_FLIGHT) {
        return;
    }
    made.sequence = entries[container].sent++;
    (void)CHECK_OK(sys_ring_send(entries[container].handle, made.sequence, made.handle, rights, 0));
    entries[container].flight++;
    entries[container].storage = true;
    made.handle = HANDLE_NONE;
    (void)entry_new(&made);
}

static void put(void) {
    uint32_t container = pick(below(2) == 0 ? CLASS_RING : CLASS_BUNDLE), from = pick(CLASS_NONE);
    if (container != NONE && from != NONE && container != from) {
        into(container, from);
    }
}

// The oldest of what is on its way from an end is taken at the other.
static void take(void) {
    uint32_t to = pick(CLASS_RING), first = NONE;
    if (to == NONE || entries[to].peer == NONE) {
        return;
    }
    uint32_t from = entries[to].peer;
    for (uint32_t i = 0; i < ENTRIES; i++) {
        if (entries[i].used && entries[i].container == from &&
            (first == NONE || entries[i].sequence < entries[first].sequence)) {
            first = i;
        }
    }
    if (first == NONE) {
        return;
    }
    struct entry *taken = &entries[first];
    uint64_t description;
    enum status status = sys_ring_take(entries[to].handle, taken->sequence, CLASS_NONE,
                                       &taken->handle, &description);
    entries[from].flight--;
    if (taken->revoked) {
        (void)CHECK_EQ(status, STATUS_REVOKED);
        taken->used = false;
    } else if (CHECK_EQ(status, STATUS_OK)) {
        taken->container = NONE;
    }
}

static void revoke(void) {
    uint32_t at = pick(CLASS_NONE);
    if (at == NONE) {
        return;
    }
    (void)CHECK_OK(sys_handle_revoke(entries[at].handle));
    bool doomed[ENTRIES];
    for (uint32_t i = 0; i < ENTRIES; i++) {
        doomed[i] = entries[i].used && i != at && entries[i].class != CLASS_NONE &&
                    !entries[i].revoked && descends(i, at);
    }
    for (uint32_t i = 0; i < ENTRIES; i++) {
        struct entry *entry = &entries[i];
        if (!doomed[i]) {
            continue;
        }
        bool in_ring = entry->container != NONE && entries[entry->container].class == CLASS_RING;
        if (entry->class == CLASS_VIEW || in_ring) {
            entry->revoked = true; // a tomb says so
            entry->parent = NONE;
            entry->object = 0;
            entry->class = in_ring ? CLASS_NONE : CLASS_VIEW;
            entry->rights = in_ring ? 0 : entry->rights;
        } else {
            entry->used = false;
        }
    }
}

static void give_back(void) {
    uint32_t at = pick(CLASS_NONE);
    if (at != NONE && !entries[at].owner) {
        drop(entries[at].handle);
        entry_gone(at);
    }
}

// ---------------------------------------------------------------------- comparing

static void old_read(uint64_t self) {
    uint64_t index = 0, description, object, detail;
    old_count = 0;
    while (old_count < OLD &&
           sys_task_slot(self, index, &index, &description, &object, &detail) == STATUS_OK) {
        old[old_count++] = index++;
    }
}

static bool is_old(uint64_t index) {
    for (uint32_t i = 0; i < old_count; i++) {
        if (old[i] == index) {
            return true;
        }
    }
    return false;
}

static bool same(const struct entry *entry, uint64_t index, uint64_t description, uint64_t object,
                 uint64_t detail) {
    uint64_t place = entry->container == NONE
                         ? entry->handle & HANDLE_SLOT_MASK
                         : (entries[entry->container].handle & HANDLE_SLOT_MASK) + 1;
    bool there = entry->container == NONE ? index == place : index >> INFO_CONTAINER_SHIFT == place;
    return entry->used && !entry->matched && there && (description & RIGHT_ALL) == entry->rights &&
           (description >> INFO_CLASS_SHIFT & 31) == entry->class &&
           ((description & INFO_OWNER) != 0) == entry->owner &&
           ((description & INFO_REVOKED) != 0) == entry->revoked &&
           (uint32_t)object == entry->object &&
           (entry->class != CLASS_VIEW || entry->detail == detail);
}

static uint64_t expected(const struct entry *entry) {
    return entry->charge + (entry->storage ? PAGE_SIZE : 0);
}

static void compare(uint64_t self) {
    uint64_t index = 0, description, object, detail, sum = 0, cells = 0;
    uint32_t payer = number_of(ground);
    for (uint32_t i = 0; i < ENTRIES; i++) {
        entries[i].matched = false;
    }
    for (; sys_task_slot(self, index, &index, &description, &object, &detail) == STATUS_OK;
         index++) {
        if (is_old(index)) {
            continue;
        }
        uint32_t at = 0;
        while (at < ENTRIES && !same(&entries[at], index, description, object, detail)) {
            at++;
        }
        if (at == ENTRIES) {
            check_say(__FILE__, __LINE__, "listed, not held: index %lx, %lx, object %lx", index,
                      description, object);
            return;
        }
        entries[at].matched = true;
        uint64_t charge = (description >> INFO_SIZE_SHIFT) * INFO_SIZE_UNIT;
        (void)CHECK_EQ(charge, entries[at].owner ? expected(&entries[at]) : 0);
        (void)CHECK(!entries[at].owner || object >> INFO_PAYER_SHIFT == payer);
        sum += charge;
        cells += charge % PAGE_SIZE / INFO_SIZE_UNIT;
    }
    for (uint32_t i = 0; i < ENTRIES; i++) {
        if (entries[i].used && !entries[i].matched) {
            check_say(__FILE__, __LINE__, "held, not listed: class %u, rights %x, in %d",
                      entries[i].class, entries[i].rights, (int)entries[i].container);
            return;
        }
    }
    uint64_t total, left, objects, tables;
    (void)CHECK_OK(sys_reticle_info(ground, &total, &left, &objects, &tables));
    uint64_t unused = objects + tables - sum;
    (void)CHECK(objects + tables >= sum && unused % INFO_SIZE_UNIT == 0);
    // Whole pages of cells, none without a used one.
    (void)CHECK_EQ((cells * INFO_SIZE_UNIT + unused) % PAGE_SIZE, 0);
    (void)CHECK((cells * INFO_SIZE_UNIT + unused) / PAGE_SIZE <= cells);
}

static void random(void) {
    static void (*const steps[])(void) = {carve, ring_pair, copy, copy, copy,   map,      put,
                                          put,   put,       take, take, revoke, give_back};
    uint64_t self = books_self(), seed = time_now() | 1;
    if (!CHECK(self != HANDLE_NONE)) {
        return;
    }
    random_state = seed;
    memset(entries, 0, sizeof entries);
    old_read(self);
    say("seed %lx", seed);
    for (uint32_t i = 0; i < STEPS && check_good() && entry_count() < ENTRIES - 2; i++) {
        steps[below(sizeof steps / sizeof steps[0])]();
        if (i % 16 == 0) {
            compare(self);
        }
    }
    compare(self);
    // Owners last: what hangs below them goes with them, views are left as tombs.
    for (uint32_t pass = 0; pass < 2; pass++) {
        for (uint32_t i = 0; i < ENTRIES; i++) {
            bool here = entries[i].used && entries[i].container == NONE;
            if (here && (pass == 1 || entries[i].class == CLASS_VIEW)) {
                (void)sys_handle_drop(entries[i].handle);
            }
        }
    }
}

TESTS(authority, {"random", random});
