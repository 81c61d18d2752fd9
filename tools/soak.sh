# SPDX-License-Identifier: BSD-3-Clause
# SPDX-FileCopyrightText: The VectraOS contributors
#
# `./vectra soak --minutes N [--harts H | --icount]`: what `./vectra test` runs small, at large
# sizes and with fresh seeds, in turn over machines and counts of harts, until the time
# is over. It stops at the first failure, with the command line that repeats it.
# build/soak/log has a line for each run; build/soak/runs what each run of the syscall
# fuzzer counted. `--summary` writes what all of those add up to into
# docs/reference/fuzzing.md; where VECTRA_BUILT is set nothing is built before.
# shellcheck shell=sh disable=SC2154

# A job a line: NAME KIND WHAT. SEED is replaced by a fresh number. Kinds: `check` and `test`
# type a line at the prompt of the check kernel or of the kernel for tests, on one machine
# after the other, `sanitized` at that of the kernel in which the compiler checks each access;
# `exact` is `test` where an instruction is a nanosecond, which takes as long as it takes;
# `host` runs a command.
soak_jobs() {
    cat <<'END'
fuzz check fuzz --seed SEED --calls 1000000 --round 500000 --tasks 4
fuzz-many check fuzz --seed SEED --calls 1000000 --round 500000 --tasks 6
fuzz-bulk test fuzz --seed SEED --calls 5000000 --round 1000000 --tasks 4 --rare 2048
ktest test ktest
ktest-check check ktest
ktest-sanitized sanitized ktest -bounds
fuzz-sanitized sanitized fuzz --seed SEED --calls 400000 --tasks 4
ktest-random check ktest random
ktest-revoke check ktest revoke
ktest-destroy check ktest destroy
revocations test ktest revoke.storm 100000
crashes exact ktest clocks.soak
machine-lines host ./vectra coverage --machine
scaling-x86_64 host sh tests/system/scaling.sh x86_64 4 3 12 16
scaling-aarch64 host sh tests/system/scaling.sh aarch64 4 3 8
property host env VECTRA_SEED=SEED VECTRA_STEPS=3000 build/native/test-kernel_property
END
    listed fuzz | while read -r fuzzed; do
        echo "$fuzzed host build/native/fuzz-$fuzzed -seed=SEED -max_total_time=60 -timeout=10" \
            "-verbosity=0 -artifact_prefix=build/soak/$fuzzed-"
    done
}

# Counts of harts, in turn, unless --icount or --harts say one; i: one hart, and one
# instruction is one nanosecond.
soak_harts='4 i 1 2 i 7 3 8'

# nth N WORD...: word number N of them, beginning anew behind the last.
nth() {
    nth=$1
    shift
    shift $((nth % $#))
    echo "$1"
}

# Sets `line`, the command of a job.
soak_line() {
    case $kind in
    host) line=$what ;;
    *)
        # shellcheck disable=SC2086
        machine=$(nth "$turn" $machines)
        # shellcheck disable=SC2086
        count=$(nth "$((turn / 2))" $soak_harts)
        turn=$((turn + 1))
        place="--harts $count"
        kernel=$kind
        limit=3000
        [ "$kind" != exact ] || kernel=test count=i limit=15000
        [ "$count" != i ] || place=--icount
        echo "$what" >"build/soak/$$.script"
        line="./vectra run --kernel-$kernel --arch $machine $place --headless --timeout $limit"
        line="$line --script build/soak/$$.script"
        ;;
    esac
}

# What a run's file begins with: which kernel, of which commit, and what was typed. Edges of
# different kernels are different ones; what they are called stands in build/soak/kernels,
# below the same name.
run_head() {
    elf=build/$machine/kernel-$kernel.elf
    hash=$(sha256sum "$elf" | cut -c 1-16)
    echo "fuzz kernel $kernel $hash"
    echo "fuzz commit $commit"
    echo "fuzz line $what"
    echo "fuzz status $status"
    grep -E '^not ok|panic' "build/soak/$$.out" | sed 's/^/fuzz failed /' || true
    mkdir -p build/soak/kernels
    [ "$kernel" != check ] || [ -f "build/soak/kernels/$hash" ] ||
        sh tools/edges.sh "$elf" >"build/soak/kernels/$hash"
}

# soak_job NAME KIND WHAT...
soak_job() {
    name=$1
    kind=$2
    shift 2
    seed=$(od -An -N4 -tu4 /dev/urandom | tr -d ' ')
    what=$(echo "$*" | sed "s/SEED/$seed/")
    soak_line
    began=$(date +%s)
    status=0
    # shellcheck disable=SC2086
    nice $line >"build/soak/$$.out" 2>&1 </dev/null || status=$?
    [ "$status" != 0 ] || ! grep -q '^not ok' "build/soak/$$.out" || status=1
    echo "$began $(($(date +%s) - began))s status $status: $name: $line: $what" >>build/soak/log
    case $what in
    fuzz\ *)
        {
            run_head
            grep '^fuzz ' "build/soak/$$.out" || true
        } >"build/soak/runs/$began.$$.$machine.$count"
        ;;
    esac
    [ "$status" != 0 ] || return 0
    cp "build/soak/$$.out" "build/soak/failed.$began"
    grep -E '^(not ok|panic)' "build/soak/$$.out" >&2 || tail -n 5 "build/soak/$$.out" >&2
    say "soak: $name failed; all it said is in build/soak/failed.$began. To repeat:"
    [ "$kind" = host ] || say "  echo '$what' >build/soak/$$.script"
    say "  $line"
    exit 1
}

# Everything below the mark is written anew from build/soak/runs. Fails while something is open:
# a failed run, too few calls or too few of a status, a new edge of late, an edge without a
# reason, an entry above the bound, a kernel that is not that of HEAD.
soak_summary() {
    page=docs/reference/fuzzing.md
    sed '/^<!-- Below: /q' "$page" >build/soak/page
    awk -f tools/soak.awk build/soak/runs/* >>build/soak/page || open=$?
    [ "${open:-0}" -le 1 ] || die "soak: the files of build/soak/runs cannot be read"
    cp build/soak/page "$page"
    return "${open:-0}"
}

run_soak() {
    harts=
    options "--arch --only --minutes --summary --harts --icount" "$@"
    soak_harts=${harts:-$soak_harts}
    [ -z "$icount" ] || soak_harts=i
    mkdir -p build/soak/runs
    [ -z "$summary" ] || soak_summary
    [ -z "$summary" ] || return 0
    machines=${archs:-x86_64 aarch64}
    # shellcheck disable=SC2086
    build native $machines
    export VECTRA_BUILT=yes
    commit=$(git rev-parse HEAD 2>/dev/null || echo unknown)
    git diff --quiet HEAD -- . ':!docs' ':!*.list' || commit=$commit-dirty
    turn=$(($$ % 16))
    until=$(($(date +%s) + minutes * 60))
    soak_jobs | grep -e "$only" >"build/soak/$$.jobs" || die "soak: no job has '$only' in its line"
    while [ "$(date +%s)" -lt "$until" ]; do
        while read -r job; do
            # shellcheck disable=SC2086
            [ "$(date +%s)" -ge "$until" ] || soak_job $job
        done <"build/soak/$$.jobs"
    done
    say "soak: nothing was found in $minutes minutes; build/soak/log has the seeds"
}
