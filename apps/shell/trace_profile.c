// SPDX-License-Identifier: BSD-3-Clause
// SPDX-FileCopyrightText: The VectraOS contributors
//
// The command `profile`: where the harts were when samples were due, by function. Names are
// those of the boot package, as for the debugger. The kernel takes no interrupts, so a sample
// that was due in it comes when it has returned, and says of which syscall.
#include "abi/capability.h"
#include "apps/shell/shell.h"
#include "lib/package/package.h"
#include "lib/string/string.h"
#include "lib/symbols/symbols.h"
#include "lib/vectra/address.h"
#include "lib/vectra/syscall.h"

constexpr unsigned PLACES = 256;       // that are told apart
constexpr unsigned SHOWN = 20;         // of them
constexpr uint64_t PERIOD = 1'000'000; // nanoseconds
constexpr uint64_t IN_KERNEL = UINT64_C(1) << 63;

// A function, or a syscall of the kernel.
struct place {
    uint32_t task, count;
    uint64_t at; // its address; or IN_KERNEL and where
    char name[SYMBOLS_NAME];
};

struct profile {
    struct place place[PLACES];
    unsigned places;
    uint32_t samples, others, idle;
    const uint8_t *package;
    uint64_t size;
    uint32_t task; // whose symbols are open
    struct symbols symbols;
};

static const char *syscall_name(uint64_t number) {
    static const char *const names[] = {
#define SYSCALL(number, name, switches, entry, arguments, results, rights, errors, sentence) \
    [number] = #name,
#include "abi/syscalls.def"
#undef SYSCALL
    };
    return number < sizeof names / sizeof *names ? names[number] : "switching";
}

// --------------------------------------------------------------- names of functions
// The index was checked by initd at boot, and nobody can write there; what it says of the
// place of a table is looked at all the same.
static void open_symbols(struct profile *profile, uint32_t task, const char *program) {
    const struct package_header *header = (const struct package_header *)profile->package;
    profile->task = task;
    profile->symbols = (struct symbols){};
    uint32_t count = profile->size < sizeof *header ? 0 : header->count;
    const struct package_record *record = (const struct package_record *)(header + 1);
    for (uint32_t i = 0; i < count && i < PACKAGE_ENTRIES; i++, record++) {
        if ((const uint8_t *)(record + 1) > profile->package + profile->size) {
            return;
        }
        if (record->kind == PACKAGE_SYMBOLS && record->offset < profile->size &&
            record->size <= profile->size - record->offset &&
            strncmp(record->name, program, INIT_NAME) == 0) {
            (void)symbols_open(profile->package + record->offset, record->size, &profile->symbols);
        }
    }
}

static uint64_t map_package(struct shell *shell, struct profile *profile) {
    static uint64_t window, window_size;
    uint64_t description, object, detail, view;
    profile->size = 0;
    if (sys_handle_info(shell->tracer.package, &description, &object, &profile->size, &detail) !=
        STATUS_OK) {
        return HANDLE_NONE;
    }
    if (window_size < profile->size && address_take(profile->size, &window) == STATUS_OK) {
        window_size = profile->size;
    }
    profile->package = (const uint8_t *)window;
    if (window_size < profile->size ||
        sys_memory_map(0, shell->tracer.package, window, 0, profile->size, MAP_READ, &view) !=
            STATUS_OK) {
        profile->size = 0;
        return HANDLE_NONE;
    }
    return view;
}

// -------------------------------------------------------------------- counting
static struct place *place_of(struct profile *profile, uint32_t task, uint64_t at) {
    for (unsigned i = 0; i < profile->places; i++) {
        struct place *place = &profile->place[i];
        if (place->task == task && place->at == at) {
            return place;
        }
    }
    if (profile->places == PLACES) {
        return nullptr;
    }
    struct place *place = &profile->place[profile->places++];
    *place = (struct place){.task = task, .at = at};
    return place;
}

static void add(struct shell *shell, struct profile *profile, const struct trace_event *event) {
    uint64_t where = event->what >> TRACE_WHERE_SHIFT, pc = event->what & (USER_TOP - 1);
    struct symbol symbol = {};
    if (event->task == 0) {
        profile->idle++;
        return;
    }
    if (profile->task != event->task) {
        open_symbols(profile, event->task, trace_name(&shell->tracer, event->task));
    }
    bool user = where == TRACE_USER;
    if (!user || symbols_at(&profile->symbols, pc, &symbol) != STATUS_OK) {
        symbol = (struct symbol){.address = user ? pc : IN_KERNEL | where};
    }
    struct place *place = place_of(profile, event->task, symbol.address);
    profile->samples++;
    if (place == nullptr) {
        profile->others++;
        return;
    }
    place->count++;
    if (symbol.name != nullptr && place->name[0] == 0) {
        memcpy(place->name, symbol.name, strnlen(symbol.name, SYMBOLS_NAME - 1));
    }
}

static void collect(struct shell *shell, struct profile *profile) {
    struct trace_reader reader;
    struct trace_event event;
    trace_rewind(&shell->tracer, &reader);
    while (trace_next(&shell->tracer, &reader, &event)) {
        if (event.kind == TRACE_SAMPLE) {
            add(shell, profile, &event);
        }
    }
}

// --------------------------------------------------------------------- showing
static void show(struct shell *shell, const struct profile *profile, const struct place *place) {
    char bytes[SYMBOLS_NAME + 32];
    struct text_buffer text;
    text_start(&text, bytes, sizeof bytes);
    if (place->name[0] != 0) {
        text_append(&text, place->name);
    } else if ((place->at & IN_KERNEL) != 0) {
        text_format(&text, "(kernel: %s)", syscall_name(place->at & UINT8_MAX));
    } else {
        text_format(&text, "0x%lx", place->at);
    }
    uint32_t permille = place->count * 1000 / profile->samples;
    say(shell, "%8u %3u.%u%%  %-12s %s\n", place->count, permille / 10, permille % 10,
        trace_name(&shell->tracer, place->task), bytes);
}

// The most frequent first.
static void show_places(struct shell *shell, struct profile *profile) {
    say(shell, " samples  share  task         function\n");
    for (unsigned n = 0; n < SHOWN; n++) {
        struct place *most = nullptr;
        for (unsigned i = 0; i < profile->places; i++) {
            struct place *place = &profile->place[i];
            if (place->count > 0 && (most == nullptr || place->count > most->count)) {
                most = place;
            }
        }
        if (most == nullptr) {
            break;
        }
        show(shell, profile, most);
        most->count = 0;
    }
    if (profile->others > 0) {
        say(shell, "%8u were elsewhere\n", profile->others);
    }
    say(shell, "%8u times a hart was idle\n", profile->idle);
}

// Microseconds, within what the kernel takes.
static bool period_of(const char *text, uint64_t *period) {
    constexpr uint64_t US = 1000;
    uint64_t value;
    if (!debug_number(text, &value) || value > TRACE_PERIOD_MOST / US ||
        value < TRACE_PERIOD_LEAST / US) {
        return false;
    }
    *period = value * US;
    return true;
}

uint32_t builtin_profile(struct shell *shell, const struct command_arguments *words) {
    static struct profile profile;
    uint64_t period = PERIOD;
    uint32_t status = SHELL_FAILED;
    bool given = words->count > 1 && strcmp(words->word[1], "--period") == 0;
    unsigned first = given ? 3 : 1;
    if (first >= words->count || (given && !period_of(words->word[2], &period)) ||
        (!given && words->word[1][0] == '-')) {
        return misused(shell, words);
    }
    if (!trace_run(shell, "profile", words, first, period, &status)) {
        return SHELL_FAILED;
    }
    memset(&profile, 0, sizeof profile);
    uint64_t view = map_package(shell, &profile);
    collect(shell, &profile);
    show_places(shell, &profile);
    if (view != HANDLE_NONE) {
        (void)sys_handle_drop(view);
    }
    if (shell->tracer.lost != 0) {
        complain_about(shell, "profile",
                       "the first %lu records were overwritten: want a longer `--period`",
                       shell->tracer.lost);
    }
    trace_forget(shell);
    return status;
}
