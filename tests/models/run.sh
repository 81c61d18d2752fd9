#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
# SPDX-FileCopyrightText: The VectraOS contributors
#
# The order of memory accesses, checked by tools: ring.pml by spin, and each *.litmus by
# herd7 in the memory model of its machine. Then the same with each fence, and each order
# of an access, taken away one by one: every such mutant must fail, or the check would not
# be worth much. Prints `ok CASE` and `not ok CASE: WHY`, and `not run CASE: WHY` where the
# tool cannot be had.
#
#   sh tests/models/run.sh ring|litmus
set -eu
cd "$(dirname "$0")/../.."
work=$PWD/build/models
mkdir -p "$work"

# ----------------------------------------------------------------------- spin

spin_fetch() {
    spin=$(command -v spin) && return 0
    spin=$work/spin/usr/bin/spin
    [ ! -x "$spin" ] || return 0
    mkdir -p "$work/debs"
    (cd "$work/debs" && timeout 120 apt-get -qq download spin) &&
        dpkg-deb -x "$work"/debs/spin_*.deb "$work/spin"
}

# What pan says of the model with that macro: the number of errors.
ring_errors() {
    mkdir -p "$work/ring$1"
    cd "$work/ring$1"
    "$spin" -P'clang-19 -E -x c' ${1:+-D"LESS_$1"} -a ../../../tests/models/ring.pml >spin.log
    clang-19 -O1 -w -DSAFETY -DVECTORSZ=4096 -DMEMLIM=2000 -o pan pan.c
    ./pan -m200000 -w22 >pan.log
    cd "$OLDPWD"
    grep -q 'search depth too small' "$work/ring$1/pan.log" && echo unfinished && return
    sed -n 's/.*errors: \([0-9]*\).*/\1/p' "$work/ring$1/pan.log"
}

run_ring() {
    if ! spin_fetch >"$work/spin.log" 2>&1; then
        echo "not run ring: spin cannot be had here, see build/models/spin.log"
        return
    fi
    errors=$(ring_errors '')
    if [ "$errors" = 0 ]; then
        echo "ok ring: $(sed -n 's/^ *\([0-9]*\) states, stored.*/\1/p' "$work/ring/pan.log") states"
    else
        echo "not ok ring: $errors errors, see build/models/ring"
    fi
    sed -n 's/^#ifdef LESS_//p' tests/models/ring.pml >"$work/mutants"
    while read -r mutant; do
        if [ "$(ring_errors "$mutant")" = 1 ]; then
            echo "ok ring: without $mutant it fails"
        else
            echo "not ok ring: without $mutant it does not fail"
        fi
    done <"$work/mutants"
}

# ---------------------------------------------------------------------- herd7

# herd7 is in no release that this project builds on: unpacked from a newer one, with that
# one's own loader, from wherever apt gets its packages here.
herd_fetch() {
    [ ! -x "$work/root/usr/bin/herd7" ] || return 0
    mkdir -p "$work/lists/partial" "$work/archives/partial" "$work/debs"
    mirror=$(apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' | sed -n 1p) || return 1
    echo "deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] $mirror forky main" \
        >"$work/sources.list"
    set -- -qq -o "Dir::Etc::sourcelist=$work/sources.list" -o Dir::Etc::sourceparts=/dev/null \
        -o "Dir::State::lists=$work/lists" -o "Dir::Cache=$work" -o APT::Sandbox::User= \
        -o Acquire::Languages=none -o Acquire::Retries=1 -o Acquire::http::Timeout=20
    timeout 120 apt-get "$@" update || return 1
    (cd "$work/debs" && timeout 120 apt-get "$@" download herdtools7 libc6:amd64 libgmp10:amd64) ||
        return 1
    for deb in "$work"/debs/herdtools7_*.deb "$work"/debs/lib*.deb; do
        dpkg-deb -x "$deb" "$work/root" || return 1
    done
}

herd() {
    lib=$work/root/usr/lib/x86_64-linux-gnu
    "$lib/ld-linux-x86-64.so.2" --library-path "$lib" "$work/root/usr/bin/herd7" \
        -set-libdir "$work/root/usr/share/herdtools7/herd" "$1" 2>&1 |
        sed -n 's/^Observation [^ ]* \([A-Za-z]*\).*/\1/p'
}

# mutant FILE N: the file with the Nth ordering taken away; nothing when there are fewer.
mutant() {
    awk -v wanted="$2" '
    {
        line = $0
        out = ""
        # The first column of a comment or a name is never an ordering in capitals before
        # a register, so that whole lines can be searched.
        while (match(line, /DMB ISHLD|DMB ISH|MFENCE|STLR |LDAR |LDSETL |LDCLRA |SWPL /)) {
            found = substr(line, RSTART, RLENGTH)
            count++
            weaker = ""
            if (found == "STLR ") weaker = "STR "
            if (found == "LDAR ") weaker = "LDR "
            if (found == "LDSETL ") weaker = "LDSET "
            if (found == "LDCLRA ") weaker = "LDCLR "
            if (found == "SWPL ") weaker = "SWP "
            out = out substr(line, 1, RSTART - 1) (count == wanted ? weaker : found)
            line = substr(line, RSTART + RLENGTH)
        }
        text = text out line "\n"
    }
    END { if (count >= wanted) printf "%s", text }' "$1"
}

run_litmus() {
    if [ "$(uname -m)" != x86_64 ]; then
        echo "not run litmus: herd7 is unpacked only where the processor is x86_64"
        return
    fi
    if ! herd_fetch >"$work/fetch.log" 2>&1; then
        echo "not run litmus: herd7 cannot be had here, see build/models/fetch.log"
        return
    fi
    for file in tests/models/*.litmus; do
        base=${file##*/}
        [ "$(herd "$file")" = Never ] && echo "ok $base" || echo "not ok $base: it can happen"
        number=1
        while mutant "$file" "$number" >"$work/$base" && [ -s "$work/$base" ]; do
            case $(herd "$work/$base") in
            Sometimes) echo "ok $base: without order $number it fails" ;;
            *) echo "not ok $base: without order $number it does not fail" ;;
            esac
            number=$((number + 1))
        done
    done
}

"run_$1"
