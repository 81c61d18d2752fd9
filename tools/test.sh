# SPDX-License-Identifier: BSD-3-Clause
# SPDX-FileCopyrightText: The VectraOS contributors
#
# `./vectra test`: the host tests under sanitizers, a short run of each fuzz
# target, the count of conditions (coverage.sh), and on both machines the
# programs of the test package and the tests in tests/system. A unit is one program
# or script; each prints lines `ok CASE`, `not ok CASE: WHY` and, for what this computer has
# no tool for, `not run CASE: WHY`. One that ends badly without naming a case counts as one
# failure, and all it said is shown.
# shellcheck shell=sh disable=SC2154

passed=0
failed=0
not_run=0

# unit NAME COMMAND...
unit() {
    name=$1
    shift
    case $name in
    *"$only"*) ;;
    *) return 0 ;;
    esac
    log=build/test/$(echo "$name" | tr '/ ' '__').log
    status=0
    "$@" >"$log" 2>&1 </dev/null || status=$?
    good=$(grep -c '^ok ' "$log") || true
    bad=$(grep -c '^not ok ' "$log") || true
    without=$(grep -c '^not run ' "$log") || true
    if [ "$status" = 0 ] && [ "$((good + bad + without))" = 0 ]; then
        good=1
        echo "ok $name"
    fi
    if [ "$status" != 0 ] && [ "$bad" = 0 ]; then
        bad=1
        echo "not ok $name: it ended with status $status"
    fi
    sed -n "s|^ok |ok $name: |p; s|^not ok |not ok $name: |p; s|^not run |not run $name: |p" "$log"
    if [ "$bad" != 0 ]; then
        sed 's/^/    | /' "$log"
    fi
    passed=$((passed + good))
    failed=$((failed + bad))
    not_run=$((not_run + without))
}

fuzz_smoke() {
    "build/native/fuzz-$1" -runs=20000 -max_total_time=3 -seed=1 -timeout=10 -verbosity=0 \
        -artifact_prefix="build/test/fuzz-$1-"
}

host_tests() {
    listed tests >build/test/tests
    listed fuzz >build/test/fuzz
    while read -r test; do
        unit "host/$test" "build/native/test-$test"
    done <build/test/tests
    while read -r fuzzed; do
        unit "fuzz/$fuzzed" fuzz_smoke "$fuzzed"
    done <build/test/fuzz
    unit summary sh tests/fuzz/summary.sh
    unit models/ring sh tests/models/run.sh ring
    unit models/litmus sh tests/models/run.sh litmus
}

# machine_tests ARCH HARTS
machine_tests() {
    echo ktest >build/test/ktest.script
    unit "$1/$2/ktest" ./vectra run --kernel-test --arch "$1" --harts "$2" --headless \
        --timeout 600 --script build/test/ktest.script
    # All calls of the table, directed and random, in a kernel that checks itself.
    # With one hart an instruction is a nanosecond, so that the run repeats.
    # Then no entry may be longer than the bound.
    place="--harts $2"
    calls=60000
    [ "$2" != 1 ] || place=--icount calls='500000 --bound'
    echo "fuzz --seed 16 --calls $calls" >build/test/fuzz.script
    # shellcheck disable=SC2086
    unit "$1/$2/fuzz" ./vectra run --kernel-check --arch "$1" $place --headless \
        --timeout 600 --script build/test/fuzz.script
    # Counts of instructions: what became slower than the baseline.
    [ "$2" != 1 ] || unit "$1/1/bench" ./vectra bench --check --arch "$1"
    for file in tests/system/*.sh; do
        base=${file##*/}
        unit "$1/$2/${base%.sh}" sh "$file" "$1" "$2"
    done
}

run_test() {
    options "--arch --only" "$@"
    machines=${archs:-x86_64 aarch64}
    # shellcheck disable=SC2086
    build native $machines
    mkdir -p build/test
    export VECTRA_BUILT=yes
    host_tests
    unit coverage ./vectra coverage
    for machine in $machines; do
        machine_tests "$machine" 1
        machine_tests "$machine" 4
    done
    [ $((passed + failed + not_run)) != 0 ] || echo "vectra: no test has '$only' in its name" >&2
    echo "$passed passed, $failed failed, $not_run not run"
    [ "$failed" = 0 ] && [ "$passed" != 0 ]
}
