// SPDX-License-Identifier: BSD-3-Clause
// SPDX-FileCopyrightText: The VectraOS contributors
//
// The log: the last bytes of what happened, numbered from boot on.
#include "abi/capability.h"
#include "lib/string/string.h"
#include "lib/vectra/program.h"
#include "lib/vectra/syscall.h"
#include "lib/vectra/time.h"
#include "services/initd/initd.h"

// One place short of the line is left for its end.
void log_line(struct initd *initd, const char *format, ...) {
    char line[256];
    struct text_buffer text;
    text_start(&text, line, sizeof(line) - 1);
    uint64_t now = time_now();
    text_format(&text, "[%4lu.%06lu] ", now / SECOND, now % SECOND / 1000);
    va_list arguments;
    va_start(arguments, format);
    text_format_list(&text, format, arguments);
    va_end(arguments);
    line[text.length++] = '\n';
    struct log *log = &initd->log;
    for (size_t i = 0; i < text.length; i++) {
        log->text[log->end++ % LOG_SIZE] = line[i];
    }
}

// A reader that is too slow misses lines, and its position jumps.
uint32_t log_read(const struct log *log, uint64_t *position, char *text, uint32_t limit) {
    uint64_t oldest = log->end > LOG_SIZE ? log->end - LOG_SIZE : 0;
    uint64_t from = *position < oldest ? oldest : *position;
    from = from < log->end ? from : log->end;
    uint32_t count = 0;
    while (count < limit && from < log->end) {
        text[count++] = log->text[from++ % LOG_SIZE];
    }
    *position = from;
    return count;
}

// The debug line takes texts of at most this many bytes, NUL included.
constexpr size_t SAY_LIMIT = 120;

void boot_fail(struct initd *initd, const char *sentence) {
    char line[SAY_LIMIT];
    struct text_buffer text;
    const char *rest = sentence;
    do {
        text_start(&text, line, sizeof(line));
        text_append(&text, "initd: ");
        size_t room = SAY_LIMIT - 1 - text.length;
        size_t piece = strnlen(rest, room);
        text_append_bytes(&text, rest, piece);
        (void)sys_machine_control(initd->machine, MACHINE_SAY, (uint64_t)line, 0);
        rest += piece;
    } while (*rest != '\0');
    program_exit(STATUS_BAD_BOOT);
}
