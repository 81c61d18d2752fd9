// SPDX-License-Identifier: BSD-3-Clause
// SPDX-FileCopyrightText: The VectraOS contributors
//
// Starting and ending the emulator. It gets a process group of its own, so that
// Ctrl-C at the terminal reaches the runner alone, and is killed by the system
// when the runner dies: no emulator is left behind.
#include "tools/run/emulator.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

[[noreturn]] static void child(char **command, int input, int output) {
    setpgid(0, 0);
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    signal(SIGPIPE, SIG_DFL);
    dup2(input, STDIN_FILENO);
    dup2(output, STDOUT_FILENO);
    execvp(command[0], command);
    fprintf(stderr, "vectra: %s: %s\n", command[0], strerror(errno));
    _exit(127);
}

bool emulator_start(struct emulator *emulator, char **command) {
    int to[2], from[2];
    if (pipe2(to, O_CLOEXEC) != 0 || pipe2(from, O_CLOEXEC) != 0) {
        fprintf(stderr, "vectra: pipe: %s\n", strerror(errno));
        return false;
    }
    emulator->process = fork();
    if (emulator->process < 0) {
        fprintf(stderr, "vectra: fork: %s\n", strerror(errno));
        return false;
    }
    if (emulator->process == 0) {
        child(command, to[0], from[1]);
    }
    close(to[0]);
    close(from[1]);
    emulator->input = to[1];
    emulator->output = from[0];
    fcntl(emulator->input, F_SETFL, O_NONBLOCK);
    return true;
}

int emulator_end(struct emulator *emulator) {
    int status = 0;
    kill(emulator->process, SIGKILL); // a zombie if it has ended: harmless
    while (waitpid(emulator->process, &status, 0) < 0 && errno == EINTR) {
    }
    return status;
}
