// SPDX-License-Identifier: BSD-3-Clause
// SPDX-FileCopyrightText: The VectraOS contributors
//
// Script files are read whole and checked before the machine starts, so that a
// bad line never ends a run halfway.
#include "tools/run/script.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool read_whole(struct script *script, FILE *file) {
    size_t room = 0;
    while (!feof(file) && !ferror(file)) {
        if (room - script->size < 2) {
            room = room * 2 + 4096;
            char *larger = realloc(script->text, room);
            if (larger == nullptr) {
                return false;
            }
            script->text = larger;
        }
        script->size += fread(script->text + script->size, 1, room - script->size - 1, file);
    }
    script->text[script->size++] = '\n'; // also ends a last line without one
    return !ferror(file);
}

// Terminates each line and looks at its length.
static bool split(struct script *script, const char *path) {
    size_t start = 0, number = 1;
    for (size_t at = 0; at < script->size; at++) {
        if (script->text[at] != '\n') {
            continue;
        }
        if (at - start > SCRIPT_LINE) {
            fprintf(stderr, "vectra: %s:%zu: the line has %zu bytes: at most %zu are typed\n", path,
                    number, at - start, SCRIPT_LINE);
            return false;
        }
        script->text[at] = '\0';
        start = at + 1;
        number++;
    }
    return true;
}

bool script_read(struct script *script, const char *path) {
    *script = (struct script){};
    FILE *file = fopen(path, "r");
    if (file == nullptr || !read_whole(script, file)) {
        fprintf(stderr, "vectra: %s: %s\n", path, strerror(errno));
        if (file != nullptr) {
            fclose(file);
        }
        return false;
    }
    fclose(file);
    return split(script, path);
}

const char *script_next(struct script *script) {
    while (script->at < script->size) {
        const char *line = script->text + script->at;
        script->at += strlen(line) + 1;
        if (line[0] != '\0') {
            return line;
        }
    }
    return nullptr;
}
