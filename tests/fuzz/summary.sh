#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
# SPDX-FileCopyrightText: The VectraOS contributors
#
# What ./vectra soak --summary must not overlook: runs are made up in which all is well, and
# then one thing is not. Prints `ok CASE` and `not ok CASE: WHY`. What is asked of git is asked
# of a tree of its own, in which nothing changes but what a case changes.
set -eu
cd "$(dirname "$0")/../.."
top=$PWD
work=$top/build/test/summary
bad=0

# change FILE...: a commit that changes these.
change() {
    for file in "$@"; do
        mkdir -p "$(dirname "$file")"
        echo 'a line' >>"$file"
    done
    git add -A -f .
    git -c user.name=vectra -c user.email=vectra@localhost -c commit.gpgsign=false \
        commit -q -m "tests: change $1"
}

rm -rf "$work"
mkdir -p "$work/tree/abi" "$work/kernels"
cp abi/syscalls.def "$work/tree/abi/"
cd "$work/tree"
git init -q .
change kernel/a.c

# Four runs, two on each machine, that just meet every bar: each status that abi/syscalls.def
# lists as often as it has to come, the first two of three edges, for the third a line in the
# list, and as many calls in all and after the last new edge as there have to be.
make_runs() {
    rm -f "$work"/*.i
    commit=$(git rev-parse HEAD)
    printf '%s\n' 'first kernel/a.c:1 -' 'second kernel/a.c:2 -' 'third kernel/a.c:3 -' \
        >"$work/kernels/new"
    printf '%s\n' 'kernel/a.c: third' '    it needs three harts' >"$work/list"
    for machine in x86_64 aarch64; do
        {
            printf '%s\n' 'fuzz kernel check new' "fuzz commit $commit" \
                'fuzz line fuzz --seed 5 --calls 9' 'fuzz status 0'
            awk -F '"' '/^SYSCALL\(/ {
                split($0, word, /[(, ]+/)
                count = split($(NF - 3), status, " ")
                printf "fuzz row %s OK=1000", word[3]
                for (i = 1; i <= count; i++)
                    if (status[i] != "UNSUPPORTED") printf " %s=10", status[i]
                print ""
            }' abi/syscalls.def
            printf '%s\n' 'fuzz run seed=5 calls=40000000 rounds=1 workers=4 killed=0 faulted=0' \
                'fuzz length handle_drop 20000 1' 'fuzz edges 2 3 0 0' \
                'fuzz map 0 0000000000000003 0000000000000000 0000000000000000 0000000000000000'
        } >"$work/1.1.$machine.i"
        printf '%s\n' 'fuzz kernel check new' "fuzz commit $commit" \
            'fuzz line fuzz --seed 7 --calls 9' 'fuzz status 0' \
            'fuzz run seed=7 calls=10000000 rounds=1 workers=4 killed=0 faulted=0' \
            'fuzz edges 1 3 0 0' \
            'fuzz map 0 0000000000000001 0000000000000000 0000000000000000 0000000000000000' \
            >"$work/2.1.$machine.i"
    done
}

# summary CASE STATUS PATTERN: how it ends, and what the page says.
summary() {
    status=0
    awk -v list="$work/list" -v kernels="$work/kernels" -f "$top/tools/soak.awk" "$work"/*.i \
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
second=$work/2.1.aarch64.i
summary 'all is well' 0 '^failed: 0. Open: nothing.$'
sed -i 's/^fuzz status 0/fuzz status 1\nfuzz failed not ok fuzz.calls: why/' "$run"
summary 'a run that failed' 1 '^- seed 5: not ok fuzz.calls: why$'
printf '%s\n' 'fuzz kernel check new' 'fuzz line fuzz --seed 6 --calls 9' 'fuzz status 124' \
    >"$work/3.1.aarch64.i"
summary 'a run that hung and counted nothing' 1 '^- failed, status 124: aarch64 .*, seed 6$'
sed -i '/^fuzz row bundle_put /s/BUSY=10/BUSY=9/' "$run"
summary 'an error that came nine times' 1 '^- aarch64: bundle_put BUSY came 9 times$'
sed -i '/^fuzz row task_exit /s/OK=1000/OK=999/' "$run"
summary 'a call that succeeded 999 times' 1 '^- aarch64: task_exit OK came 999 times$'
sed -i '/^fuzz row thread_watchpoint /s/$/ UNSUPPORTED=1/' "$run"
summary 'a status that never comes and did' 1 'thread_watchpoint UNSUPPORTED came 1 times$'
sed -i '/^fuzz length /s/20000/20001/' "$run"
summary 'an entry above the bound' 1 '^- aarch64: handle_drop took 20001 instructions'
summary 'a line that no run met is named' 0 '^| kernel/a.c: third | 3 | 3 |$'
sed -i 's|^third kernel/a.c:3|third kernel/a.c:9|; s|^first .*|third kernel/a.c:9 -|' \
    "$work/kernels/new"
summary 'a line that was met at another place is not' 0 'compiled to: 0 on x86_64, 0 on aarch64'
sed -i '/^fuzz map /s/3 /1 /' "$run"
summary 'an edge without a reason' 1 '^- aarch64: never met, .*: kernel/a.c: second 2$'
sed -i '/^fuzz map /s/3 /7 /' "$work"/*.i
summary 'a reason without an edge' 1 'all edges of this one were met: kernel/a.c: third$'
sed -i 's/^fuzz commit .*/fuzz commit 0123456-dirty/' "$run" "$second"
summary 'a kernel that is in no commit' 1 'built from what is in no commit, 0123456-dirty$'
rm "$run" "$second"
summary 'no run on a machine' 1 '^- no run on aarch64$'
sed 's/^fuzz status 0/fuzz status 1/; s/check new/check old/' "$run" >"$work/0.1.aarch64.i"
summary 'a failure of an older kernel is told, and not open' 0 'which 1 failed'
sed -i 's/calls=40000000/calls=39999999/' "$run"
summary 'too few calls' 1 '^- only 99999999 calls on the check kernel'
sed -i 's/calls=10000000/calls=10000001/' "$second"
sed -i 's/^fuzz map 0 0000000000000003/fuzz map 0 0000000000000001/' "$run"
sed -i 's/^fuzz map 0 0000000000000001/fuzz map 0 0000000000000003/' "$second"
summary 'a new edge in the last run' 1 '^- aarch64: 0 calls after the last new edge'
sed -i 's/calls=40000000/calls=40000001/' "$run"
sed -i 's/calls=10000000/calls=9999999/' "$second"
summary 'too few calls after the last new edge' 1 '^- aarch64: 9999999 calls after the last new'
sed -i '/^fuzz commit /d' "$run"
summary 'a run without a commit' 1 '^- aarch64: runs of which no commit was noted: 1$'
sed -i '/^fuzz status /d' "$second"
summary 'a run without an end' 1 '^- aarch64: .* it was not noted how they ended: 1$'
change kernel/arch/x86_64/a.S
summary "a change of one machine's kernel" 1 '^- x86_64: the kernel has changed since commit '
for file in kernel/a.c kernel/hooks/a.h kernel/arch/aarch64/kernel.ld \
    kernel/meson.build kernel/tests/audit.c kernel/tests/hooks/hooks.h lib/list/list.h \
    abi/syscalls.txt tests/fuzz/main.c meson.build tools/cross/x86_64.ini; do
    change "$file"
    summary "a change of $file" 1 '^- aarch64: the kernel has changed since commit '
done
change kernel/README.md kernel/tests/a_test.c kernel/tests/world.h kernel/arch/host/a.c \
    lib/list/list_test.c lib/elf/elf_fuzz.c tests/fuzz/unmet.list tests/fuzz/summary.sh \
    tests/ktest/a.c tools/soak.awk docs/a.md
summary 'a change of what the kernel is not made of' 0 '^failed: 0. Open: nothing.$'
exit "$bad"
