#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
# SPDX-FileCopyrightText: The VectraOS contributors
#
# What ./vectra soak --summary must not overlook: runs are made up in which all is well, and
# then one thing is not. Prints `ok CASE` and `not ok CASE: WHY`.
set -eu
cd "$(dirname "$0")/../.."
work=$PWD/build/test/summary
bad=0

# Two runs, one on each machine, that meet every bar: each status that abi/syscalls.def lists
# as often as it has to come, and the first two of three edges; the list says why not the third.
make_runs() {
    rm -rf "$work"
    mkdir -p "$work/kernels"
    printf '%s\n' 'first kernel/a.c:1 -' 'second kernel/a.c:2 -' 'third kernel/a.c:3 -' \
        >"$work/kernels/new"
    printf '%s\n' 'kernel/a.c: third' '    it needs three harts' >"$work/list"
    for machine in x86_64 aarch64; do
        {
            printf '%s\n' 'fuzz kernel check new' 'fuzz line fuzz --seed 5 --calls 9' 'fuzz status 0'
            awk -F '"' '/^SYSCALL\(/ {
                split($0, word, /[(, ]+/)
                count = split($(NF - 3), status, " ")
                printf "fuzz row %s OK=1000", word[3]
                for (i = 1; i <= count; i++)
                    if (status[i] != "UNSUPPORTED") printf " %s=10", status[i]
                print ""
            }' abi/syscalls.def
            printf '%s\n' 'fuzz run seed=5 calls=9 rounds=1 workers=4 killed=0 faulted=0' \
                'fuzz length handle_drop 20000 1' 'fuzz edges 2 3 0 0' \
                'fuzz map 0 0000000000000003 0000000000000000 0000000000000000 0000000000000000'
        } >"$work/1.1.$machine.i"
    done
}

# summary CASE STATUS PATTERN: how it ends, and what the page says.
summary() {
    status=0
    awk -v list="$work/list" -v kernels="$work/kernels" -f tools/soak.awk "$work"/*.i \
        >"$work/page" 2>"$work/errors" || status=$?
    if [ "$status" = "$2" ] && grep -q -e "$3" "$work/page"; then
        echo "ok $1"
    else
        echo "not ok $1: status $status, and the page: $(head -n 6 "$work/page" | tr '\n' ' ')"
        bad=1
    fi
    make_runs
}

make_runs
run=$work/1.1.aarch64.i
summary 'all is well' 0 '^failed: 0. Open: nothing.$'
sed -i 's/^fuzz status 0/fuzz status 1\nfuzz failed not ok fuzz.calls: why/' "$run"
summary 'a run that failed' 1 '^- seed 5: not ok fuzz.calls: why$'
printf '%s\n' 'fuzz kernel check new' 'fuzz line fuzz --seed 6 --calls 9' 'fuzz status 124' \
    >"$work/2.1.aarch64.i"
summary 'a run that hung and counted nothing' 1 '^- failed, status 124: aarch64 .*, seed 6$'
sed -i '/^fuzz row bundle_put /s/BUSY=10/BUSY=9/' "$run"
summary 'an error that came nine times' 1 '^- aarch64: bundle_put BUSY came 9 times$'
sed -i '/^fuzz row task_exit /s/OK=1000/OK=999/' "$run"
summary 'a call that succeeded 999 times' 1 '^- aarch64: task_exit OK came 999 times$'
sed -i '/^fuzz row thread_watchpoint /s/$/ UNSUPPORTED=1/' "$run"
summary 'a status that never comes and did' 1 'thread_watchpoint UNSUPPORTED came 1 times$'
sed -i '/^fuzz length /s/20000/20001/' "$run"
summary 'an entry above the bound' 1 '^- aarch64: handle_drop took 20001 instructions'
sed -i '/^fuzz map /s/3 /1 /' "$run"
summary 'an edge without a reason' 1 '^- aarch64: never met, .*: kernel/a.c: second 2$'
sed -i '/^fuzz map /s/3 /7 /' "$work"/*.i
summary 'a reason without an edge' 1 'all edges of this one were met: kernel/a.c: third$'
sed -i 's/^fuzz status 0/fuzz commit 0123456-dirty\nfuzz status 0/' "$run"
summary 'a kernel that is in no commit' 1 'built from what is in no commit, 0123456-dirty$'
rm "$run"
summary 'no run on a machine' 1 '^- no run on aarch64$'
sed 's/^fuzz status 0/fuzz status 1/; s/check new/check old/' "$run" >"$work/0.1.aarch64.i"
summary 'a failure of an older kernel is told, and not open' 0 'which 1 failed'
exit "$bad"
