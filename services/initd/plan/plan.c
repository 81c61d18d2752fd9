// SPDX-License-Identifier: BSD-3-Clause
// SPDX-FileCopyrightText: The VectraOS contributors
//
// The checks between manifests, and the order of the start. Counts are small
// (PLAN_PROGRAMS), so plain searches do.
#include "services/initd/plan/plan.h"

#include "lib/string/string.h"

// ------------------------------------------------------------ lines of text
// Whether the line's first word is `directive`; comments and blanks do not match.
static bool line_is(const char *line, size_t size, const char *directive) {
    size_t begin = 0;
    while (begin < size && (line[begin] == ' ' || line[begin] == '\t')) {
        begin++;
    }
    size_t length = strlen(directive);
    if (size - begin < length || memcmp(line + begin, directive, length) != 0) {
        return false;
    }
    char after = begin + length < size ? line[begin + length] : ' ';
    return after == ' ' || after == '\t';
}

// The line number of the occurrence `index` (from 0) of a directive, or 1.
static uint32_t line_of(const struct plan_program *program, const char *directive, uint32_t index) {
    uint32_t line = 1;
    size_t begin = 0;
    for (size_t i = 0; i <= program->size; i++) {
        if (i < program->size && program->text[i] != '\n') {
            continue;
        }
        if (line_is(program->text + begin, i - begin, directive) && index-- == 0) {
            return line;
        }
        begin = i + 1;
        line++;
    }
    return 1;
}

// Begins a sentence about a directive: `NAME.manifest:LINE: `.
static void place(struct text_buffer *error, const struct plan_program *program,
                  const char *directive, uint32_t index) {
    text_format(error, "%s.manifest:%u: ", program->manifest.program,
                line_of(program, directive, index));
}

// ------------------------------------------------------------------- look-up
enum status plan_find_service(const struct plan *plan, const char *service,
                              struct plan_service *out) {
    static const struct {
        const char *name;
        uint32_t server;
    } own[] = {{"init", PLAN_INIT}, {"broker", PLAN_BROKER}, {"debug", PLAN_DEBUG}};
    *out = (struct plan_service){.server = PLAN_NONE};
    for (uint32_t i = 0; i < sizeof own / sizeof own[0]; i++) {
        if (strcmp(service, own[i].name) == 0) {
            out->server = own[i].server;
            return STATUS_OK;
        }
    }
    for (uint32_t i = 0; i < plan->count; i++) {
        const struct manifest *manifest = &plan->program[i].manifest;
        for (uint32_t line = 0; line < manifest->serve_count; line++) {
            if (strcmp(manifest->serves[line].service, service) == 0) {
                *out = (struct plan_service){.server = i, .line = line};
                return STATUS_OK;
            }
        }
    }
    return STATUS_NOT_FOUND;
}

uint32_t plan_find_program(const struct plan *plan, const char *name) {
    for (uint32_t i = 0; i < plan->count; i++) {
        if (strcmp(plan->program[i].manifest.program, name) == 0) {
            return i;
        }
    }
    return PLAN_NONE;
}

bool plan_reaches(const struct manifest *manifest, const char *service) {
    for (uint32_t i = 0; i < manifest->reach_count; i++) {
        if (strcmp(manifest->reaches[i].service, service) == 0) {
            return true;
        }
    }
    return false;
}

// ------------------------------------------------------------------- reading
enum status plan_add(struct plan *plan, const char *name, const char *text, size_t size,
                     struct text_buffer *error) {
    if (plan->count == PLAN_PROGRAMS) {
        text_format(error, "%s.manifest:1: there are more than %u programs", name, PLAN_PROGRAMS);
        return STATUS_TOO_LARGE;
    }
    char file[MANIFEST_NAME + 16];
    struct text_buffer file_name;
    text_start(&file_name, file, sizeof(file));
    text_format(&file_name, "%s.manifest", name);
    struct plan_program *program = &plan->program[plan->count];
    *program = (struct plan_program){.text = text, .size = size};
    enum status status = manifest_parse(text, size, file, &program->manifest, error);
    if (status != STATUS_OK) {
        return status;
    }
    if (strcmp(program->manifest.program, name) != 0) {
        text_format(error, "%s:%u: the program is called '%s': want '%s', as the manifest", file,
                    line_of(program, "program", 0), program->manifest.program, name);
        return STATUS_BAD_FORMAT;
    }
    plan->count++;
    return STATUS_OK;
}

// ------------------------------------------------------------------ checking
static enum status check_serves(const struct plan *plan, uint32_t index,
                                struct text_buffer *error) {
    const struct plan_program *program = &plan->program[index];
    for (uint32_t i = 0; i < program->manifest.serve_count; i++) {
        const char *service = program->manifest.serves[i].service;
        struct plan_service first;
        // The first that serves it is found: another one is a duplicate.
        if (plan_find_service(plan, service, &first) != STATUS_OK ||
            (first.server == index && first.line == i)) {
            continue;
        }
        place(error, program, "serve", i);
        text_format(error, "service '%s' is served by %s already", service,
                    first.server < plan->count ? plan->program[first.server].manifest.program
                                               : "initd");
        return STATUS_BAD_FORMAT;
    }
    return STATUS_OK;
}

static enum status check_known(const struct plan *plan, const struct plan_program *program,
                               const char *directive, uint32_t index, const char *service,
                               struct text_buffer *error) {
    struct plan_service found;
    enum status status = plan_find_service(plan, service, &found);
    if (status == STATUS_OK) {
        return STATUS_OK;
    }
    place(error, program, directive, index);
    text_format(error, "nobody serves '%s': want a service that a manifest serves", service);
    return STATUS_BAD_FORMAT;
}

static enum status check_services(const struct plan *plan, uint32_t index,
                                  struct text_buffer *error) {
    const struct plan_program *program = &plan->program[index];
    const struct manifest *manifest = &program->manifest;
    enum status status = check_serves(plan, index, error);
    for (uint32_t i = 0; i < manifest->connect_count && status == STATUS_OK; i++) {
        status = check_known(plan, program, "connect", i, manifest->connects[i].service, error);
    }
    for (uint32_t i = 0; i < manifest->reach_count && status == STATUS_OK; i++) {
        status = check_known(plan, program, "reach", i, manifest->reaches[i].service, error);
    }
    return status;
}

// What a manifest asks of the package and of the machine.
static enum status check_world(const struct plan_program *program, const struct plan_world *world,
                               struct text_buffer *error) {
    const struct manifest *manifest = &program->manifest;
    if (!world->has_program(world->context, manifest->program)) {
        place(error, program, "program", 0);
        text_format(error, "the package has no program '%s'", manifest->program);
        return STATUS_BAD_FORMAT;
    }
    for (uint32_t i = 0; i < manifest->grant_count; i++) {
        const struct manifest_grant *grant = &manifest->grants[i];
        if ((grant->kind == MANIFEST_DEVICE || grant->kind == MANIFEST_IRQ) &&
            !world->has_slot(world->context, grant->slot)) {
            place(error, program, "grant", i);
            text_format(error, "this machine has no '%s'", grant->slot);
            return STATUS_BAD_FORMAT;
        }
    }
    return STATUS_OK;
}

// What starts at boot has its memory for sure.
static enum status check_memory(const struct plan *plan, const struct plan_world *world,
                                struct text_buffer *error) {
    uint64_t sum = 0;
    for (uint32_t i = 0; i < plan->boot_count; i++) {
        const struct plan_program *program = &plan->program[plan->boot[i]];
        sum += program->manifest.memory_kib;
        if (sum > world->memory_kib) {
            place(error, program, "memory", 0);
            text_format(error,
                        "programs that start at boot want %lu KiB of memory or more: there are %lu",
                        sum, world->memory_kib);
            return STATUS_BAD_FORMAT;
        }
    }
    return STATUS_OK;
}

// ------------------------------------------------------------------ ordering
// Whether each server of the program that starts at boot is in the order already.
static bool ready(const struct plan *plan, uint32_t index, const bool *placed) {
    const struct manifest *manifest = &plan->program[index].manifest;
    for (uint32_t i = 0; i < manifest->connect_count; i++) {
        struct plan_service service;
        if (plan_find_service(plan, manifest->connects[i].service, &service) == STATUS_OK &&
            service.server < plan->count && service.server != index && !placed[service.server] &&
            plan->program[service.server].manifest.start == MANIFEST_BOOT) {
            return false;
        }
    }
    return true;
}

// The next program that can be placed, or PLAN_NONE.
static uint32_t next_ready(const struct plan *plan, const bool *placed) {
    for (uint32_t i = 0; i < plan->count; i++) {
        if (!placed[i] && plan->program[i].manifest.start == MANIFEST_BOOT &&
            ready(plan, i, placed)) {
            return i;
        }
    }
    return PLAN_NONE;
}

// Each round places a program whose servers stand already; names decide between
// several, since the plan is in their order. Who is left over is in a circle.
static enum status make_order(struct plan *plan, struct text_buffer *error) {
    bool placed[PLAN_PROGRAMS] = {};
    plan->boot_count = 0;
    for (uint32_t i = next_ready(plan, placed); i != PLAN_NONE; i = next_ready(plan, placed)) {
        placed[i] = true;
        plan->boot[plan->boot_count++] = i;
    }
    for (uint32_t i = 0; i < plan->count; i++) {
        if (!placed[i] && plan->program[i].manifest.start == MANIFEST_BOOT) {
            place(error, &plan->program[i], "connect", 0);
            text_append(error, "programs that start at boot connect to each other in a circle");
            return STATUS_BAD_FORMAT;
        }
    }
    return STATUS_OK;
}

// From the most particular to the sum, so that the sentence names the real cause.
enum status plan_finish(struct plan *plan, const struct plan_world *world,
                        struct text_buffer *error) {
    enum status status = STATUS_OK;
    for (uint32_t i = 0; i < plan->count && status == STATUS_OK; i++) {
        status = check_services(plan, i, error);
        if (status == STATUS_OK) {
            status = check_world(&plan->program[i], world, error);
        }
    }
    if (status == STATUS_OK) {
        status = make_order(plan, error);
    }
    return status == STATUS_OK ? check_memory(plan, world, error) : status;
}

// ----------------------------------------------------------------- restarting
constexpr uint64_t MILLISECOND = 1000 * 1000;
constexpr uint64_t STEADY = 100 * MILLISECOND; // ran this long: not a crash loop
constexpr uint64_t DELAY_FIRST = 10 * MILLISECOND;
constexpr uint64_t DELAY_MOST = 1000 * MILLISECOND;

// Doubles from 10 ms on; the count stops where the shift would no longer matter.
uint64_t plan_restart_delay(uint32_t *crashes, uint64_t ran) {
    if (ran >= STEADY) {
        *crashes = 0;
    }
    uint32_t before = *crashes;
    *crashes = before < 16 ? before + 1 : before;
    if (before == 0) {
        return 0;
    }
    uint64_t delay = DELAY_FIRST << (before - 1);
    return delay < DELAY_MOST ? delay : DELAY_MOST;
}
