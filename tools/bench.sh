# SPDX-License-Identifier: BSD-3-Clause
# SPDX-FileCopyrightText: The VectraOS contributors
#
# `./vectra bench`: boots each machine so that one instruction is one nanosecond
# of its time, and runs the program `bench` there, which prints lines
# `bench ID VALUE UNIT`. Such counts are equal in every run. What is not counted
# in instructions is measured from outside.
# shellcheck shell=sh disable=SC2154

# Identifier and target of every row; a row that was not measured is an error.
rows='boot_to_prompt 20000000
min_memory_mib 16
kernel_text_kib 64
null_syscall 60
ring_call 450
doorbell_pingpong 320'

boots_with() {
    ./vectra run --arch "$machine" --harts 4 --memory "$1" --headless --timeout 60 \
        --script build/bench/up.script >build/bench/up.out 2>&1
}

# The least whole number of MiB, from 2 to 32, with which a command runs.
least_memory() {
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
    echo "min_memory_mib $high MiB wall"
}

kernel_text() {
    llvm-size-19 -A "build/$machine/kernel.elf" |
        awk '$1 == ".text" { print "kernel_text_kib", int(($2 + 1023) / 1024), "KiB wall" }'
}

# counted LINES [OPTION...]: the rows that the lines print, in instructions.
counted() {
    printf '%b' "$1" >build/bench/script
    shift
    ./vectra run --arch "$machine" --icount --headless --timeout 300 "$@" \
        --script build/bench/script >build/bench/out || {
        cat build/bench/out >&2
        die "bench: $machine: the programs did not run to their end"
    }
    awk '$1 == "bench" && NF == 4 { print $2, $3, $4, "icount" }' build/bench/out
}

measure() {
    printf 'echo up\n' >build/bench/up.script
    counted 'time boot\n'
    counted 'bench\n' --kernel-test
    least_memory
    kernel_text
}

# Prints the rows in order: MACHINE ID VALUE UNIT MODE TARGET.
collect() {
    echo "$rows" | while read -r id goal; do
        line=$(awk -v id="$id" '$1 == id { print $2, $3, $4 }' build/bench/rows)
        [ -n "$line" ] || die "bench: $machine: the row $id is missing"
        echo "$machine $id $line $goal"
    done
}

run_bench() {
    options "--arch --json" "$@"
    machines=${archs:-x86_64 aarch64}
    # shellcheck disable=SC2086
    build $machines
    mkdir -p build/bench
    export VECTRA_BUILT=yes
    : >build/bench/table
    for machine in $machines; do
        say "measuring $machine ..."
        measure >build/bench/rows
        collect >>build/bench/table
    done
    awk 'BEGIN { printf "%-8s %-20s %12s %-14s %12s\n", "machine", "row", "value", "unit", "target" }
        { printf "%-8s %-20s %12s %-14s %12s%s\n", $1, $2, $3, $4, $6, ($3 > $6 ? "  missed" : "") }' \
        build/bench/table
    [ -n "$json" ] || return 0
    awk 'BEGIN { printf "[" }
        {
            printf "%s\n  {\"id\": \"%s\", \"arch\": \"%s\", \"mode\": \"%s\", ", comma, $2, $1, $5
            printf "\"value\": %s, \"unit\": \"%s\", \"target\": %s}", $3, $4, $6
            comma = ","
        }
        END { print "\n]" }' build/bench/table >"$json"
}
