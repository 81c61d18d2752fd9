# SPDX-License-Identifier: BSD-3-Clause
# SPDX-FileCopyrightText: The VectraOS contributors
#
# `./vectra bench`: boots each machine so that one instruction is one nanosecond
# of its time, and runs the program `bench` there, which prints lines
# `bench ID VALUE UNIT`. Such counts are equal in every run. What is not counted
# in instructions is measured from outside. The rows across harts run with two of
# them, in the host's time. tests/bench/rows.tsv lists all rows; one that could not be
# measured says why, and the command fails.
# shellcheck shell=sh disable=SC2154,SC1091
. tools/bench_linux.sh

baseline=tests/bench/baseline
classes=tests/bench/instructions

# Runs the lines of $1 at the prompt; further arguments are for `run`. What the programs
# printed as figures goes to the output, and why one failed is kept.
booted() {
    printf '%b' "$1" >build/bench/script
    shift
    ./vectra run --arch "$machine" --headless --timeout 300 "$@" \
        --script build/bench/script >build/bench/out 2>&1 </dev/null || {
        grep -E '^(bench|vectra): ' build/bench/out | head -n 1 >build/bench/why
    }
    awk '$1 == "bench" && NF == 4 { print $2, $3, $4 }' build/bench/out
}

# Of `time boot`: a nanosecond is an instruction here.
boot_to_prompt() {
    booted 'time boot\n' --icount
    sed -n 's/^\([0-9]*\) ns until the first prompt$/boot_to_prompt \1 instructions/p' build/bench/out
}

boots_with() {
    ./vectra run --arch "$machine" --icount --memory "$1" --headless --timeout 60 \
        --script build/bench/up.script >build/bench/up.out 2>&1 </dev/null
}

# The least whole number of MiB, from 2 to 32, with which a command runs.
least_memory() {
    printf 'echo up\n' >build/bench/up.script
    boots_with 32 || return 0
    low=1
    high=32
    while [ $((high - low)) -gt 1 ]; do
        middle=$(((low + high) / 2))
        if boots_with "$middle"; then
            high=$middle
        else
            low=$middle
        fi
    done
    echo "min_memory_mib $high MiB"
}

kernel_text() {
    llvm-size-19 -A "build/$machine/kernel.elf" |
        awk '$1 == ".text" { print "kernel_text_kib", int(($2 + 1023) / 1024), "KiB" }'
}

# measure MODE: the rows of that mode.
measure() {
    rm -f build/bench/why
    if [ "$1" = wall ]; then
        booted 'bench harts\n' --kernel-test --harts 2
    else
        boot_to_prompt
        booted 'bench\n' --icount --kernel-test
        least_memory
        kernel_text
    fi >build/bench/rows
    sed "s/^/$machine /" build/bench/rows >>build/bench/measured
    awk -v mode="$1" '!/^#/ && $2 == mode { print $1 }' tests/bench/rows.tsv | while read -r id; do
        grep -q "^$id " build/bench/rows ||
            echo "vectra: bench: $machine: $id could not be measured: $(cat build/bench/why)"
    done >>build/bench/missing
}

# The classes of instructions on the path of each row, from the emulator's log of what it ran.
# That is some 700 MB, so it is never a file.
count_classes() {
    rm -f build/bench/log
    mkfifo build/bench/log
    timeout 900 awk -f tools/check/classes.awk -v machine="$machine" build/bench/log build/bench/out \
        >>build/bench/classes 2>build/bench/classes.err &
    reader=$!
    rm -f build/bench/why
    booted 'bench trace\n' --icount --kernel-test --qemu-arg -d --qemu-arg in_asm,exec,nochain \
        --qemu-arg -D --qemu-arg build/bench/log >/dev/null
    # If the emulator never opened it the reader still waits for that.
    exec 9<>build/bench/log
    exec 9>&-
    wait "$reader" || echo "vectra: bench: $machine: instructions could not be counted: $(
        cat build/bench/why build/bench/classes.err 2>/dev/null)" >>build/bench/missing
}

# classes_table: the lines of such counts as a table, for docs/reference/bench.md and the eye.
classes_table() {
    awk 'BEGIN {
        print "| machine | row | instructions | entries | atomics | fences | serialising | TLB | tables |"
        print "| --- | --- | --- | --- | --- | --- | --- | --- | --- |"
    }
    !/^#/ {
        for (i = 1; i <= NF; i++) {
            printf "| %s ", i == 2 ? "`" $i "`" : $i
        }
        print "|"
    }' "$1"
}

# Writes what was counted, and the table in the reference that is made of it.
write_classes() {
    {
        sed -n '/^#/p' "$classes"
        for machine in x86_64 aarch64; do
            case " $machines " in
            *" $machine "*) grep "^$machine " build/bench/classes ;;
            *) grep "^$machine " "$classes" || true ;;
            esac
        done
    } >build/bench/instructions
    cp build/bench/instructions "$classes"
    {
        sed '/^| machine | row |/,$d' docs/reference/bench.md
        classes_table "$classes"
    } >build/bench/bench.md
    cp build/bench/bench.md docs/reference/bench.md
}

# show WHAT
show() {
    awk -f tools/bench.awk -v show="$1" -v baseline="$baseline" tests/bench/rows.tsv \
        build/bench/peer build/bench/measured
}

# The figures of the machines that were measured take the place of what they were.
write_baseline() {
    {
        sed -n '/^#/p' "$baseline"
        for machine in x86_64 aarch64; do
            case " $machines " in
            *" $machine "*) show baseline | grep "^$machine " ;;
            *) grep "^$machine " "$baseline" || true ;;
            esac
        done
    } >build/bench/baseline
    cp build/bench/baseline "$baseline"
}

run_bench() {
    options "--arch --json --check --baseline --peer --instructions" "$@"
    machines=${archs:-x86_64 aarch64}
    # shellcheck disable=SC2086
    build $machines
    mkdir -p build/bench
    export VECTRA_BUILT=yes
    for file in measured missing peer classes; do
        : >"build/bench/$file"
    done
    for machine in $machines; do
        say "measuring $machine ..."
        measure icount
        [ -z "$peer" ] || linux_rows icount
        [ -z "$instructions" ] || count_classes
        [ -z "$check$write" ] || continue
        measure wall
        [ -z "$peer" ] || linux_rows wall
    done
    status=0
    if [ -n "$check" ]; then
        show check || status=1
    elif [ -n "$write" ]; then
        write_baseline
    else
        show table
    fi
    if [ -n "$instructions" ]; then
        echo
        classes_table build/bench/classes
        [ -z "$write" ] || write_classes
    fi
    [ -z "$json" ] || show json >"$json"
    [ ! -s build/bench/missing ] || status=1
    cat build/bench/missing >&2
    return "$status"
}
