// SPDX-License-Identifier: BSD-3-Clause
// SPDX-FileCopyrightText: The VectraOS contributors
//
// vectra-run [--script FILE] [--timeout SECONDS] -- EMULATOR ARGUMENT...
//
// Runs the emulator with the machine's serial console here: for a person at the
// terminal, or for a script, whose lines are typed when a prompt is there. The
// exit status is what the machine said when it powered off (0 to 123), 124 when
// the time was over, 125 when it panicked or did not come up, 126 when this
// command was used wrongly. Every status but 0 comes with one line on standard
// error.
#include "tools/run/console.h"
#include "tools/run/emulator.h"
#include "tools/run/script.h"
#include "tools/run/terminal.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum : int {
    EXIT_TIMEOUT = 124,
    EXIT_PANIC = 125,
    EXIT_USAGE = 126,
};

constexpr uint64_t LINGER = 500; // ms that the machine may speak after a panic
constexpr uint64_t OFF = 10'000; // ms from the power-off line to the emulator's end

struct run {
    struct emulator emulator;
    struct console console;
    struct script script;
    bool scripted;
    bool off_typed;
    bool keys_ended; // nothing more comes from standard input
    bool armed;      // Ctrl-A was the last key
    bool left;       // Ctrl-A X
    uint64_t limit;  // seconds, 0: none
    uint64_t started, last_word;
    char **command;
    uint8_t pending[4096]; // bytes for the machine that did not fit into the pipe yet
    size_t pending_size;
};

static volatile sig_atomic_t caught;

static void catch (int number) {
    caught = number;
}

static uint64_t now(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (uint64_t)time.tv_sec * 1000 + (uint64_t)time.tv_nsec / 1'000'000;
}

static int usage(const char *wrong) {
    fprintf(stderr,
            "vectra: %s: want vectra-run [--script FILE] [--timeout SECONDS] -- EMULATOR ...\n",
            wrong);
    return EXIT_USAGE;
}

// Fills in the options; 0 or the exit status.
static int options(struct run *run, int count, char **words) {
    for (int at = 1; at < count; at += 2) {
        if (strcmp(words[at], "--") == 0 && at + 1 < count) {
            run->command = words + at + 1;
            return 0;
        }
        if (at + 1 >= count) {
            return usage(words[at]);
        }
        if (strcmp(words[at], "--script") == 0) {
            run->scripted = true;
            if (!script_read(&run->script, words[at + 1])) {
                return EXIT_USAGE;
            }
        } else if (strcmp(words[at], "--timeout") == 0) {
            char *end;
            run->limit = strtoul(words[at + 1], &end, 10);
            if (run->limit == 0 || *end != '\0' || run->limit > 1'000'000) {
                return usage(words[at + 1]);
            }
        } else {
            return usage(words[at]);
        }
    }
    return usage("no emulator is named");
}

// Queues bytes for the machine. A person's keys beyond the queue are dropped,
// as on a real serial line; a script's line always fits.
static void type(struct run *run, const void *bytes, size_t size) {
    size_t room = sizeof run->pending - run->pending_size;
    size = size < room ? size : room;
    memcpy(run->pending + run->pending_size, bytes, size);
    run->pending_size += size;
}

static void type_line(struct run *run) {
    const char *line = script_next(&run->script);
    char last[32];
    if (line == nullptr && !run->off_typed) {
        snprintf(last, sizeof last, "poweroff %u", run->console.last_status);
        line = last;
        run->off_typed = true;
    }
    if (line != nullptr) {
        type(run, line, strlen(line));
        type(run, "\r", 1);
        console_typed(&run->console);
    }
}

static void keys(struct run *run) {
    uint8_t bytes[256];
    ssize_t size = read(STDIN_FILENO, bytes, sizeof bytes);
    if (size <= 0) {
        run->keys_ended = true;
        return;
    }
    run->left = terminal_leaves(bytes, (size_t)size, &run->armed);
    type(run, bytes, (size_t)size);
}

// False at the end of what the machine says.
static bool listen(struct run *run) {
    uint8_t bytes[4096];
    ssize_t size = read(run->emulator.output, bytes, sizeof bytes);
    if (size <= 0) {
        return size < 0 && errno == EINTR;
    }
    enum console_outcome before = run->console.outcome;
    console_feed(&run->console, bytes, (size_t)size);
    if (run->console.outcome != before) {
        run->last_word = now();
    }
    if (!run->scripted && write(STDOUT_FILENO, bytes, (size_t)size) < 0) {
        return false;
    }
    return true;
}

static void send(struct run *run) {
    ssize_t size = write(run->emulator.input, run->pending, run->pending_size);
    if (size > 0) {
        run->pending_size -= (size_t)size;
        memmove(run->pending, run->pending + size, run->pending_size);
    } else if (errno == EPIPE) {
        run->pending_size = 0;
    }
}

// One wait for something to happen; false when the machine has ended.
static bool step(struct run *run) {
    bool want_keys = !run->scripted && !run->keys_ended && run->pending_size < 1024;
    struct pollfd polls[] = {
        {.fd = run->emulator.output, .events = POLLIN},
        {.fd = run->pending_size > 0 ? run->emulator.input : -1, .events = POLLOUT},
        {.fd = want_keys ? STDIN_FILENO : -1, .events = POLLIN},
    };
    if (poll(polls, 3, 100) <= 0) {
        return true;
    }
    if (polls[2].revents != 0) {
        keys(run);
    }
    if (polls[1].revents != 0) {
        send(run);
    }
    return polls[0].revents == 0 || listen(run);
}

static bool is_over(const struct run *run) {
    uint64_t time = now();
    switch (run->console.outcome) {
    case CONSOLE_POWER_OFF:
        return time - run->last_word > OFF;
    case CONSOLE_PANIC:
        return time - run->last_word > LINGER;
    default:
        return run->left || caught != 0 ||
               (run->limit != 0 && time - run->started >= run->limit * 1000);
    }
}

static int power_off_status(unsigned status) {
    if (status == 120) {
        fputs("vectra: a program faulted (status 120)\n", stderr);
    } else if (status != 0 && status <= 123) {
        fprintf(stderr, "vectra: the system powered off with status %u\n", status);
    } else if (status > 123) {
        fprintf(stderr, "vectra: the system powered off with status %u: 0 to 123 are known\n",
                status);
        return EXIT_PANIC;
    }
    return (int)status;
}

// Says how the run ended. `ended`: the emulator did so by itself, with `status`.
static int verdict(const struct run *run, bool ended, int status) {
    const struct console *console = &run->console;
    if (console->outcome == CONSOLE_PANIC) {
        fprintf(stderr, "vectra: the system panicked: %s\n", console->sentence);
        return EXIT_PANIC;
    }
    if (console->outcome == CONSOLE_POWER_OFF && ended) {
        return power_off_status(console->off_status);
    }
    if (console->outcome == CONSOLE_POWER_OFF) {
        fputs("vectra: the system said that it powers off, and did not\n", stderr);
        return EXIT_PANIC;
    }
    if (caught != 0) {
        fprintf(stderr, "vectra: ended by signal %d\n", (int)caught);
        return 128 + (int)caught;
    }
    if (run->left) {
        return 0;
    }
    if (!ended) {
        fprintf(stderr, "vectra: timeout: the machine still ran after %lu s\n",
                (unsigned long)run->limit);
        return EXIT_TIMEOUT;
    }
    fprintf(stderr, "vectra: the system %s: the emulator ended with %s %d\n",
            console->came_up ? "ended without powering off" : "did not come up",
            WIFSIGNALED(status) ? "signal" : "status",
            WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status));
    return EXIT_PANIC;
}

int main(int count, char **words) {
    static struct run run;
    int wrong = options(&run, count, words);
    if (wrong != 0) {
        return wrong;
    }
    struct sigaction action = {.sa_handler = catch};
    sigaction(SIGINT, &action, nullptr);
    sigaction(SIGTERM, &action, nullptr);
    sigaction(SIGHUP, &action, nullptr);
    signal(SIGPIPE, SIG_IGN);

    console_start(&run.console, run.scripted);
    run.started = now();
    if (!emulator_start(&run.emulator, run.command)) {
        return EXIT_PANIC;
    }
    if (!run.scripted) {
        terminal_raw();
    }
    bool ended = false;
    while (!ended && !is_over(&run)) {
        ended = !step(&run);
        if (run.scripted && run.console.ready) {
            type_line(&run);
        }
    }
    int status = emulator_end(&run.emulator);
    console_finish(&run.console);
    return verdict(&run, ended, status);
}
