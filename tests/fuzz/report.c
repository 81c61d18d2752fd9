// SPDX-License-Identifier: BSD-3-Clause
// SPDX-FileCopyrightText: The VectraOS contributors
//
// What came of it: lines for the test runner (ok, not ok), and lines `fuzz ...` that
// tools/soak.sh adds up over many runs.
#include "lib/string/string.h"
#include "lib/string/text.h"
#include "lib/vectra/program.h"
#include "lib/vectra/stream.h"
#include "tests/fuzz/parent.h"

constexpr uint64_t EDGES = 0x1001, LOCKS = 0x1100, LENGTH = 0x1200, MAP = 0x1300, AUDIT = 0x1000;
constexpr uint32_t FAULT = 64, KINDS = 67;
constexpr uint64_t BOUND = 20'000; // instructions that one entry may take

struct options options;
struct totals totals;

static char failure[300];
static uint32_t bad;

static const char *const status_names[STATUSES] = {
#define STATUS(number, name, sentence) [number] = #name,
    STATUS_LIST(STATUS)
#undef STATUS
};

void report_failure(const char *format, ...) {
    if (failure[0] != '\0') {
        return;
    }
    struct text_buffer text;
    text_start(&text, failure, sizeof failure);
    va_list arguments;
    va_start(arguments, format);
    text_format_list(&text, format, arguments);
    va_end(arguments);
}

bool report_failed(void) {
    return failure[0] != '\0';
}

static void verdict(bool good, const char *name, const char *why) {
    print("%s %s%s%s\n", good ? "ok" : "not ok", name, good ? "" : ": ", good ? "" : why);
    bad += !good;
}

static const char *entry_name(uint32_t entry) {
    static const char *const others[] = {"(fault)", "(interrupt)", "(idle)"};
    return entry < FAULT ? rows[entry].name : others[entry - FAULT];
}

// ---------------------------------------------------------------------------- statuses

static void row_tell(uint32_t number) {
    print("fuzz row %s", rows[number].name);
    for (uint32_t i = 0; i < STATUSES; i++) {
        uint32_t count = totals.counts.of[number][i];
        if (listed(rows[number].statuses, i) || count != 0) {
            print(" %s=%u", status_names[i], count);
        }
    }
    print("\n");
}

// Whether each came often enough is asked of all runs together (tools/soak.awk).
static void statuses_tell(void) {
    for (uint32_t i = 0; i < CALLS; i++) {
        if (rows[i].name != nullptr) {
            row_tell(i);
        }
    }
}

// -------------------------------------------------------------------- the check kernel

static void locks_tell(void) {
    // The contract: no lock that unrelated Tasks share on doorbell, wait and look-up.
    static const uint32_t without[] = {CALL_doorbell, CALL_doorbell_wait, CALL_signal_wait,
                                       CALL_futex_wake, CALL_device_port};
    uint64_t entries, locks, held, most;
    for (uint32_t i = 0; i < KINDS; i++) {
        if (entry_name(i) != nullptr &&
            sys_system_info(LOCKS + i, &entries, &locks, &held, &most) == STATUS_OK) {
            print("fuzz locks %s %lu %lu %lu %lu\n", entry_name(i), entries, locks, held, most);
        }
    }
    bool good = true;
    for (uint32_t i = 0; i < sizeof without / sizeof *without; i++) {
        if (sys_system_info(LOCKS + without[i], &entries, &locks, &held, &most) == STATUS_OK) {
            good = good && held == 0;
        }
    }
    verdict(good, "fuzz.locks", "a call that must not takes the lock of the books");
}

static void lengths_tell(void) {
    uint64_t longest, sum, word;
    bool good = true;
    for (uint32_t i = 0; i < KINDS; i++) {
        if (entry_name(i) != nullptr &&
            sys_system_info(LENGTH + i, &longest, &sum, &word, &word) == STATUS_OK) {
            print("fuzz length %s %lu %lu\n", entry_name(i), longest, sum);
            good = good && longest <= BOUND;
        }
    }
    if (options.bound) {
        verdict(good, "fuzz.length", "an entry took more instructions than the bound");
    }
}

static void edges_tell(void) {
    uint64_t hit, all, last, entries, word[4];
    if (sys_system_info(EDGES, &hit, &all, &last, &entries) != STATUS_OK) {
        return;
    }
    print("fuzz edges %lu %lu %lu %lu\n", hit, all, last, entries);
    for (uint64_t i = 0;
         sys_system_info(MAP + i, &word[0], &word[1], &word[2], &word[3]) == STATUS_OK; i++) {
        print("fuzz map %lu %016lx %016lx %016lx %016lx\n", i, word[0], word[1], word[2], word[3]);
    }
}

uint32_t report(void) {
    uint64_t audits, entries, things, time;
    statuses_tell();
    bool checked = sys_system_info(AUDIT, &audits, &entries, &things, &time) == STATUS_OK;
    print("fuzz run seed=%lu calls=%lu rounds=%lu workers=%lu killed=%lu faulted=%lu\n",
          options.seed, totals.calls, totals.rounds, options.workers, totals.killed,
          totals.faulted);
    if (checked) {
        print("fuzz audits %lu %lu %lu %lu\n", audits, entries, things, time);
        locks_tell();
        lengths_tell();
        edges_tell();
        verdict(audits != 0 && things != 0, "fuzz.audit", "the kernel did not check itself");
    }
    verdict(!report_failed(), "fuzz.calls", failure);
    return bad == 0 ? PROGRAM_OK : PROGRAM_FAILED;
}
