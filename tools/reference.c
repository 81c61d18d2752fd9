// SPDX-License-Identifier: BSD-3-Clause
// SPDX-FileCopyrightText: The VectraOS contributors
//
// Writes the reference of the syscalls and of the statuses: `reference DIRECTORY`
// makes DIRECTORY/syscalls/NAME.md, DIRECTORY/syscalls/README.md and
// DIRECTORY/status.md. Everything comes from abi/syscalls.def and abi/status.h, from
// which the kernel's dispatch and the programs' stubs come as well; the examples are
// functions of docs/reference/examples.c, which the compiler has seen. So a page
// cannot say what the code does not: a status without a sentence, an argument
// without an explanation or a syscall without an example ends the tool with status 1.
#include <err.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "abi/status.h"

constexpr size_t WORDS = 6;      // arguments, or results, of a syscall at most
constexpr size_t WORD = 32;      // bytes of a name
constexpr size_t PATH = 1024;    // bytes of a file's name
constexpr size_t RESULTS_AT = 1; // argument register of the first result

struct words {
    size_t count;
    char word[WORDS][WORD];
};

struct syscall {
    unsigned number;
    const char *name;
    bool switches;
    const char *arguments; // names, parted by commas
    const char *results;
    const char *rights;
    const char *errors; // names, parted by blanks
    const char *sentence;
};

#define SWITCHES true
#define STAYS false
#define A0() ""
#define A1(...) #__VA_ARGS__
#define A2(...) #__VA_ARGS__
#define A3(...) #__VA_ARGS__
#define A4(...) #__VA_ARGS__
#define A5(...) #__VA_ARGS__
#define A6(...) #__VA_ARGS__
#define R0() ""
#define R1(...) #__VA_ARGS__
#define R2(...) #__VA_ARGS__
#define R3(...) #__VA_ARGS__
#define R4(...) #__VA_ARGS__
static const struct syscall syscalls[] = {
#define SYSCALL(number, name, switches, entry, arguments, results, rights, errors, sentence) \
    {number, #name, switches, arguments, results, rights, errors, sentence},
#include "abi/syscalls.def"
#undef SYSCALL
};
constexpr size_t SYSCALLS = sizeof(syscalls) / sizeof(syscalls[0]);

struct outcome {
    unsigned number;
    const char *name;
    const char *sentence;
};

static const struct outcome outcomes[] = {
#define STATUS(number, name, sentence) {number, #name, sentence},
    STATUS_LIST(STATUS)
#undef STATUS
};
constexpr size_t OUTCOMES = sizeof(outcomes) / sizeof(outcomes[0]);
static_assert(OUTCOMES == STATUS_COUNT);

static const char examples[] = {
#embed "docs/reference/examples.c"
    , '\0'};

// What a word means, for every syscall or for one. HANDLE: it is a handle, so that
// look-up can refuse it.
enum word_kind { VALUE, HANDLE };

struct meaning {
    const char *syscall; // nullptr: wherever the word stands
    const char *word;
    enum word_kind kind;
    const char *text;
};

static const struct meaning meanings[] = {
    {"futex_wait", "address", VALUE, "of the word, a multiple of 4"},
    {"futex_wake", "address", VALUE, "of the word, a multiple of 4"},
    {"handle_info", "object", VALUE,
     "bits 0..31 name the object while it lives, bits 32..63 the Reticle that pays for it; 0: "
     "none"},
    {"handle_info", "size", VALUE, "of the object, or of what a view shows, in bytes"},
    {"handle_info", "detail", VALUE,
     "a view: its address and map flags; otherwise a word of the class, see the class's page"},
    {"memory_carve", "bytes", VALUE, "how much, rounded up to pages; at most 512 MiB"},
    {"memory_map", "object", HANDLE, "Memory, a Ring end, or a Device of registers"},
    {"memory_map", "task", HANDLE,
     "whose address space: a Task that is being filled, one that runs (MAP), or 0 for the own"},
    {"memory_map", "address", VALUE, "where, a multiple of the page size in [0x8000, 2^44)"},
    {"memory_map", "offset", VALUE, "of the first page in the object, in bytes"},
    {"memory_map", "bytes", VALUE, "how much, a multiple of the page size"},
    {"memory_map", "flags", VALUE, "`enum map_flag`; MAP_READ is always there"},
    {"reticle_watch", "low_water", VALUE, "the mark, in bytes"},
    {"ring_bind", "peer", HANDLE, "the other end"},
    {"ring_send", "handle", HANDLE, "the capability to send"},
    {"ring_take", "handle", VALUE, "of the capability, now in this Task's table"},
    {"signal_words", "memory", HANDLE, "the owner capability; not looked at if count is 0"},
    {"signal_words", "bit", VALUE, "0 to 63"},
    {"signal_words", "count", VALUE, "of words, at most 512; 0: none any more"},
    {"system_info", "topic", VALUE, "0, 1, or 2 + the number of a hart"},
    {"task_slot", "index", VALUE,
     "below 2^32 a slot of the table; from there on the owner's slot plus 1, times 2^32, plus a "
     "place in the Ring end or Bundle; as a result that of the capability found"},
    {"task_slot", "object", VALUE, "as in handle_info"},
    {"task_slot", "detail", VALUE, "as in handle_info"},
    {"task_start", "thread", HANDLE, "the first thread, made with thread_carve for this Task"},
    {"thread_carve", "task", HANDLE, "a Task that is being filled, or 0 for the own"},
    {"thread_carve", "flags", VALUE, "`enum thread_flag`"},
    {"thread_carve", "thread", VALUE, "handle of the owner capability"},
    {"task_memory", "address", VALUE, "of the first byte, in that Task"},
    {"task_memory", "buffer", VALUE, "address of the bytes, in the caller's memory"},
    {"task_memory", "size", VALUE, "1 to 256"},
    {"task_memory", "set", VALUE, "0: reads; else writes"},
    {"thread_fault", "after", VALUE, "the number of a thread, or 0 to begin"},
    {"thread_fault", "all", VALUE, "0: only those that have stopped; else all that have not ended"},
    {"thread_fault", "address", VALUE, "what was touched, if it was memory"},
    {"thread_fault", "thread", VALUE, "the thread's number in its Task"},
    {"thread_registers", "thread", VALUE, "its number, from thread_fault"},
    {"thread_control", "thread", VALUE, "its number, from thread_fault"},
    {"task_carve", "task", VALUE, "handle of the owner capability"},
    {"memory_carve", "memory", VALUE, "handle of the owner capability"},
    {"memory_carve", "flags", VALUE, "`enum carve_flag`, or 0"},
    {"ring_carve", "ring", VALUE, "handle of the owner capability"},
    {"bundle_carve", "bundle", VALUE, "handle of the owner capability"},
    {"bundle_put", "handle", HANDLE, "the capability to add"},
    {"bundle_value", "value", VALUE, "address of the bytes"},
    {"device_port", "value", VALUE, "what to write; as a result what was read, or 0"},
    {"device_port", "offset", VALUE, "of the port in the device's range"},
    {"machine_control", "action", VALUE, "`enum machine_action`"},
    {"machine_control", "argument", VALUE,
     "of the action: exit status 0 to 123, the address of a text, or the Memory to record into"},
    {"machine_control", "period", VALUE,
     "of MACHINE_TRACE: nanoseconds from 10,000 to 1,000,000,000 between two samples, or 0: none"},
    {"thread_watchpoint", "thread", VALUE, "its number, from thread_fault"},
    {"thread_watchpoint", "index", VALUE, "which watchpoint, 0 to 3"},
    {"thread_watchpoint", "address", VALUE, "of the first byte, a multiple of the length"},
    {"thread_watchpoint", "length", VALUE, "1, 2, 4 or 8 bytes; of an instruction: any of these"},
    {"thread_watchpoint", "kind", VALUE, "`enum watch_kind`"},
    {"thread_control", "action", VALUE, "`enum resume_action`"},
    {"signal_wait", "ring", HANDLE, "0, or the caller's end whose peer is waited for"},
    {"budget_carve", "part", VALUE, "handle of the owner capability"},
    {"budget_carve", "budget", VALUE, "nanoseconds, 10,000 at least and no more than the period"},
    {"budget_carve", "count", VALUE, "of the numbers; 0: the harts of the source"},
    {"budget_bind", "budget", HANDLE, "the Budget, or 0"},
    {"budget_bind", "thread", HANDLE, "the thread, or 0: the caller"},
    {nullptr, "align_shift", VALUE, "the alignment as a power of two, below 40"},
    {nullptr, "argument", VALUE, "arrives in `rdi` or `x0`"},
    {nullptr, "available", VALUE, "bytes that can be carved"},
    {nullptr, "bit", VALUE,
     "0 to 63, or 64 + i for bit i of the words (signal_words); all ones unbinds"},
    {nullptr, "bits", VALUE, "those that were set, now cleared"},
    {nullptr, "bound", VALUE, "1 if a peer is there, else 0"},
    {nullptr, "buffer", VALUE, "address of a `struct thread_registers`"},
    {nullptr, "bundle", HANDLE, "the Bundle"},
    {nullptr, "bytes", VALUE, "how much, rounded up to pages"},
    {nullptr, "class", VALUE, "`enum cap_class`; 0: any"},
    {nullptr, "closed_bit", VALUE, "set when the peer comes or goes; a bit as in task_watch"},
    {nullptr, "copy", VALUE, "handle of the child"},
    {nullptr, "count", VALUE, "how many at most"},
    {nullptr, "deadline", VALUE,
     "absolute, in nanoseconds since the kernel was entered; all ones: none"},
    {nullptr, "description", VALUE,
     "rights in bits 0..14, class in 16..20, owner in 24, revoked in 25; of an owner what the "
     "object is charged, in units of 256 bytes, in 32..63"},
    {nullptr, "device", HANDLE, "the Device"},
    {nullptr, "entry", VALUE, "address of the first instruction"},
    {nullptr, "exit_status", VALUE, "the low 32 bits count"},
    {nullptr, "expected", VALUE, "the low 32 bits count"},
    {nullptr, "first", VALUE, "by topic, in the order of the sentence above"},
    {nullptr, "flow", VALUE,
     "what a tracer is to show, of the message (`struct ring_header`); 0: none"},
    {nullptr, "fourth", VALUE, "by topic"},
    {nullptr, "generation", VALUE, "the connection's number, the same at both ends"},
    {nullptr, "harts", VALUE, "address of 32-bit numbers of harts"},
    {nullptr, "handle", HANDLE, "any capability of the caller"},
    {nullptr, "irq", HANDLE, "the interrupt"},
    {nullptr, "kind", VALUE, "`enum fault_kind`"},
    {nullptr, "length", VALUE, "of the name in bytes, 1 to 31"},
    {nullptr, "machine", HANDLE, "the Machine"},
    {nullptr, "mask", VALUE, "bits to wait for"},
    {nullptr, "memory", HANDLE, "the Memory, its owner capability"},
    {nullptr, "message_bit", VALUE, "set by the peer's doorbell; a bit as in task_watch"},
    {nullptr, "move", VALUE, "0: a copy; else the capability itself"},
    {nullptr, "name", VALUE, "address of the name: a-z 0-9 . _ -"},
    {nullptr, "nanoseconds", VALUE, "that its threads ran"},
    {nullptr, "objects", VALUE, "bytes of the objects carved from it"},
    {nullptr, "owner", HANDLE, "0, or the thread that is waited for"},
    {nullptr, "part", HANDLE, "the smaller Reticle"},
    {nullptr, "pc", VALUE, "address of the instruction"},
    {nullptr, "peer_slots", VALUE, "messages that the peer's end holds; 0 without a peer"},
    {nullptr, "period", VALUE, "nanoseconds, 1,000,000 to 1,000,000,000"},
    {nullptr, "reticle", HANDLE, "the Reticle"},
    {nullptr, "rights", VALUE, "those to keep; others are dropped"},
    {nullptr, "ring", HANDLE, "the caller's end"},
    {nullptr, "second", VALUE, "by topic"},
    {nullptr, "sequence", VALUE, "of the message it belongs to"},
    {nullptr, "set", VALUE, "0 reads the registers, anything else sets them"},
    {nullptr, "size", VALUE, "in bytes, at most 2048"},
    {nullptr, "slack", VALUE, "nanoseconds that the deadline may come later"},
    {nullptr, "slots", VALUE,
     "messages that the end holds: a power of two, within the limits of `abi/ring.h`"},
    {nullptr, "source", HANDLE, "the capability that it is taken from"},
    {nullptr, "stack", VALUE, "the first stack pointer, used as it is"},
    {nullptr, "state", VALUE, "`enum task_state`"},
    {nullptr, "tables", VALUE, "bytes of page tables and handle tables"},
    {nullptr, "task", HANDLE, "the Task"},
    {nullptr, "third", VALUE, "by topic"},
    {nullptr, "thread", HANDLE, "the thread"},
    {nullptr, "threads", VALUE, "how many were started and have not ended"},
    {nullptr, "tls", VALUE, "the thread-local base: FS base, or TPIDR_EL0"},
    {nullptr, "total", VALUE, "bytes in all"},
    {nullptr, "view", VALUE, "handle of the mapping, in the table of that Task"},
    {nullptr, "width", VALUE, "1, 2 or 4 bytes to read; 16 more to write"},
    {nullptr, "woken", VALUE, "how many were"},
};

static const char *const registers[2][WORDS] = {
    {"rdi", "rsi", "rdx", "r10", "r8", "r9"},
    {"x0", "x1", "x2", "x3", "x4", "x5"},
};

static struct words split(const char *list) {
    struct words words = {};
    while (*list != '\0') {
        size_t length = strcspn(list, ", ");
        if (length > 0) {
            if (words.count == WORDS || length >= WORD) {
                errx(1, "'%s': too many words, or too long ones", list);
            }
            memcpy(words.word[words.count++], list, length);
        }
        list += length;
        list += strspn(list, ", ");
    }
    return words;
}

static const struct meaning *meaning_of(const struct syscall *syscall, const char *word) {
    for (size_t i = 0; i < sizeof(meanings) / sizeof(meanings[0]); i++) {
        const struct meaning *meaning = &meanings[i];
        bool here = meaning->syscall == nullptr || strcmp(meaning->syscall, syscall->name) == 0;
        if (here && strcmp(meaning->word, word) == 0) {
            return meaning;
        }
    }
    errx(1, "%s: the word '%s' has no explanation in tools/reference.c", syscall->name, word);
}

static const struct outcome *outcome_of(const char *name, size_t length, const char *where) {
    for (size_t i = 0; i < OUTCOMES; i++) {
        if (strlen(outcomes[i].name) == length && memcmp(outcomes[i].name, name, length) == 0) {
            return &outcomes[i];
        }
    }
    errx(1, "%s: abi/status.h has no status '%.*s'", where, (int)length, name);
}

static bool returns(const struct syscall *syscall, const struct outcome *outcome) {
    for (const char *at = syscall->errors; *at != '\0'; at += strspn(at, " ")) {
        size_t length = strcspn(at, " ");
        if (outcome_of(at, length, syscall->name) == outcome) {
            return true;
        }
        at += length;
    }
    return false;
}

static bool takes_handle(const struct syscall *syscall) {
    struct words arguments = split(syscall->arguments);
    for (size_t i = 0; i < arguments.count; i++) {
        if (meaning_of(syscall, arguments.word[i])->kind == HANDLE) {
            return true;
        }
    }
    return false;
}

// -------------------------------------------------------------------- output

static FILE *page_open(const char *directory, const char *name, const char *title) {
    char path[PATH];
    if ((size_t)snprintf(path, sizeof(path), "%s/%s.md", directory, name) >= sizeof(path)) {
        errx(1, "%s: the name is too long", directory);
    }
    FILE *page = fopen(path, "w");
    if (page == nullptr) {
        errx(1, "%s: %s", path, strerror(errno));
    }
    fprintf(page,
            "<!-- SPDX-License-Identifier: BSD-3-Clause -->\n"
            "<!-- SPDX-FileCopyrightText: The VectraOS contributors -->\n"
            "<!-- Written by tools/reference.c from abi/: change it there. -->\n"
            "# %s\n\n",
            title);
    return page;
}

static void page_close(FILE *page) {
    bool bad = ferror(page) != 0;
    if (fclose(page) != 0 || bad) {
        errx(1, "a page could not be written: %s", strerror(errno));
    }
}

static void put_signature(FILE *page, const struct syscall *syscall) {
    struct words arguments = split(syscall->arguments);
    struct words results = split(syscall->results);
    fprintf(page, "```c\nenum status sys_%s(", syscall->name);
    for (size_t i = 0; i < arguments.count; i++) {
        fprintf(page, "%suint64_t %s", i == 0 ? "" : ", ", arguments.word[i]);
    }
    for (size_t i = 0; i < results.count; i++) {
        bool first = i == 0 && arguments.count == 0;
        fprintf(page, "%suint64_t *%s_out", first ? "" : ", ", results.word[i]);
    }
    fputs(arguments.count + results.count == 0 ? "void);\n```\n" : ");\n```\n", page);
}

static void put_words(FILE *page, const struct syscall *syscall, const char *title,
                      const char *list, size_t first) {
    struct words words = split(list);
    if (words.count == 0) {
        return;
    }
    fprintf(page, "\n## %s\n\n| name | x86_64 | aarch64 | what |\n| --- | --- | --- | --- |\n",
            title);
    for (size_t i = 0; i < words.count; i++) {
        const char *text = meaning_of(syscall, words.word[i])->text;
        fprintf(page, "| `%s` | `%s` | `%s` | %s |\n", words.word[i], registers[0][first + i],
                registers[1][first + i], text);
    }
}

// Look-up refuses a handle in three ways, and while its object dies with BUSY, which the
// table of all syscalls says once; the table of errors lists what comes on top.
static void put_errors(FILE *page, const struct syscall *syscall) {
    static const enum status refused[] = {STATUS_BAD_HANDLE, STATUS_BAD_CLASS, STATUS_ACCESS};
    bool handle = takes_handle(syscall);
    fputs("\n## Errors\n\n", page);
    if (!handle && syscall->errors[0] == '\0') {
        fputs("None.\n", page);
        return;
    }
    fputs("| status | sentence |\n| --- | --- |\n", page);
    for (size_t i = 0; i < OUTCOMES; i++) {
        bool listed = returns(syscall, &outcomes[i]);
        for (size_t j = 0; j < sizeof(refused) / sizeof(refused[0]); j++) {
            listed |= handle && outcomes[i].number == refused[j];
        }
        if (listed) {
            fprintf(page, "| `%s` (%u) | %s |\n", outcomes[i].name, outcomes[i].number,
                    outcomes[i].sentence);
        }
    }
}

// The function example_NAME of the embedded file, with the comment above it.
static void put_example(FILE *page, const struct syscall *syscall) {
    char mark[2 * WORD];
    snprintf(mark, sizeof(mark), " example_%s(", syscall->name);
    const char *at = strstr(examples, mark);
    const char *end = at == nullptr ? nullptr : strstr(at, "\n}\n");
    if (end == nullptr) {
        errx(1, "%s: docs/reference/examples.c has no function%.*s", syscall->name,
             (int)strlen(mark) - 1, mark);
    }
    while (at > examples && !(at[-1] == '\n' && at > examples + 1 && at[-2] == '\n')) {
        at--; // up to the empty line above
    }
    fprintf(page, "\n## Example\n\n```c\n%.*s\n}\n```\n", (int)(end - at), at);
}

static void write_syscall(const char *directory, const struct syscall *syscall) {
    FILE *page = page_open(directory, syscall->name, syscall->name);
    fprintf(page, "%s\n\n", syscall->sentence);
    put_signature(page, syscall);
    fprintf(page, "\n- Number: %u.\n", syscall->number);
    fprintf(page, "- Rights: %s.\n", syscall->rights[0] == '\0' ? "none" : syscall->rights);
    fprintf(page, "- Switching: %s\n",
            syscall->switches ? "another thread may run before it returns."
                              : "it returns to its caller, unless the caller's turn is over.");
    put_words(page, syscall, "Arguments", syscall->arguments, 0);
    put_words(page, syscall, "Results", syscall->results, RESULTS_AT);
    put_errors(page, syscall);
    put_example(page, syscall);
    page_close(page);
}

static void write_table(const char *directory) {
    FILE *page = page_open(directory, "README", "Syscalls");
    fputs("The number goes into `rax` (x86_64) or `x8` (aarch64), arguments into `rdi`, `rsi`, "
          "`rdx`,\n`r10`, `r8`, `r9` or `x0` to `x5`. The status comes back in the first argument "
          "register,\nresults in the next ones. `rcx` and `r11`, or `x16` and `x17`, are lost; "
          "every other register is\nkept. A call that fails changed nothing; results mean "
          "something\nonly with OK. The C functions are in `lib/vectra/syscall.h`.\n\n"
          "Every syscall that takes a handle may also return BAD_HANDLE, BAD_CLASS and ACCESS, and "
          "BUSY\nwhile the object behind it is being destroyed. "
          "A number that is not listed gives BAD_SYSCALL.\n\n"
          "| number | name | rights | may switch | what it does |\n"
          "| ---: | --- | --- | --- | --- |\n",
          page);
    for (size_t i = 0; i < SYSCALLS; i++) {
        const struct syscall *syscall = &syscalls[i];
        fprintf(page, "| %u | [%s](%s.md) | %s | %s | %s |\n", syscall->number, syscall->name,
                syscall->name, syscall->rights, syscall->switches ? "yes" : "no",
                syscall->sentence);
    }
    page_close(page);
}

static void write_statuses(const char *directory) {
    FILE *page = page_open(directory, "status", "Statuses");
    fputs("One list for the kernel, for messages on Rings and for programs (`abi/status.h`). A "
          "number is\nnever used again for another meaning.\n\n"
          "| number | name | sentence | syscalls that return it |\n| ---: | --- | --- | --- |\n",
          page);
    for (size_t i = 0; i < OUTCOMES; i++) {
        fprintf(page, "| %u | `%s` | %s |", outcomes[i].number, outcomes[i].name,
                outcomes[i].sentence);
        const char *separator = " ";
        for (size_t j = 0; j < SYSCALLS; j++) {
            if (returns(&syscalls[j], &outcomes[i])) {
                fprintf(page, "%s[%s](syscalls/%s.md)", separator, syscalls[j].name,
                        syscalls[j].name);
                separator = ", ";
            }
        }
        fputs(" |\n", page);
    }
    fputs("\n`BAD_HANDLE`, `BAD_CLASS` and `ACCESS` can come from every syscall that takes a "
          "handle, and `BUSY`\nwhile its object is being destroyed; `BAD_SYSCALL` from a number "
          "that names none. Statuses without a\nsyscall are those of libraries and services.\n",
          page);
    page_close(page);
}

int main(int count, char **argument) {
    if (count != 2) {
        fputs("usage: reference DIRECTORY\n", stderr);
        return 2;
    }
    char directory[PATH];
    if ((size_t)snprintf(directory, sizeof(directory), "%s/syscalls", argument[1]) >=
        sizeof(directory)) {
        errx(1, "%s: the name is too long", argument[1]);
    }
    if (mkdir(directory, 0777) != 0 && errno != EEXIST) {
        errx(1, "%s: %s", directory, strerror(errno));
    }
    for (size_t i = 0; i < SYSCALLS; i++) {
        write_syscall(directory, &syscalls[i]);
    }
    write_table(directory);
    write_statuses(argument[1]);
    return 0;
}
