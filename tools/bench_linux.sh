# SPDX-License-Identifier: BSD-3-Clause
# SPDX-FileCopyrightText: The VectraOS contributors
#
# `./vectra bench --peer linux`: Debian's own kernel package, fetched by apt into build/peer and
# unpacked there, is booted under the same emulator with tests/bench/linux as its /init.
# Nothing is installed, and nothing of it becomes part of the tree. Part of tools/bench.sh.
# shellcheck shell=sh disable=SC2154

peer_cache=build/peer

# fetch_linux: sets `linux` to the kernel of this machine.
fetch_linux() {
    case $machine in
    x86_64) debian=amd64 ;;
    aarch64) debian=arm64 ;;
    esac
    linux=$(find "$peer_cache/$machine/boot" -name 'vmlinuz-*' 2>/dev/null | head -n 1)
    [ -z "$linux" ] || return 0
    say "fetching Debian's kernel for $machine (about 30 MB, once) ..."
    cache=$top/$peer_cache/apt-$debian
    mkdir -p "$cache/lists/partial" "$cache/archives/partial"
    set -- -qq -o APT::Architecture="$debian" -o APT::Architectures::="$debian" \
        -o Dir::State::lists="$cache/lists" -o Dir::Cache="$cache" -o Dir::Cache::pkgcache= \
        -o Dir::Cache::srcpkgcache= -o APT::Sandbox::User=root -o Acquire::Languages=none
    apt-get "$@" update >"$cache/log" 2>&1 || return 1
    name=$(apt-cache "$@" depends "linux-image-cloud-$debian" |
        grep -oE 'linux-image-[0-9][^ ]*' | head -n 1)
    (cd "$cache" && apt-get "$@" download "$name") >>"$cache/log" 2>&1 || return 1
    dpkg-deb -x "$cache/${name}"_*.deb "$peer_cache/$machine" >>"$cache/log" 2>&1 || return 1
    linux=$(find "$peer_cache/$machine/boot" -name 'vmlinuz-*' | head -n 1)
}

# pad BYTES: zeros up to a multiple of four.
pad() {
    head -c $(((4 - $1 % 4) % 4)) /dev/zero
}

# entry NAME FILE: one executable file of a cpio archive (format newc).
entry() {
    size=$(wc -c <"$2")
    length=$((${#1} + 1))
    printf '070701%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x%s\0' \
        0 33261 0 0 1 0 "$size" 0 0 0 0 "$length" 0 "$1"
    pad $((110 + length))
    cat "$2"
    pad "$size"
}

# boot_linux PEER OUT MIB [OPTION...]: boots it with PEER as what /init is to do.
boot_linux() {
    case $machine in
    x86_64) set -- qemu-system-x86_64 q35 max ttyS0 "$@" ;;
    aarch64) set -- qemu-system-aarch64 virt max,pauth-impdef=on ttyAMA0 "$@" ;;
    esac
    emulator=$1 board=$2 processor=$3 console=$4 work=$5 said=$6 mib=$7
    shift 7
    timeout 600 "$emulator" -machine "$board" -cpu "$processor" -m "$mib" -nodefaults -no-user-config \
        -display none -monitor none -serial stdio -no-reboot "$@" -kernel "$linux" \
        -initrd "build/bench/$machine.cpio" \
        -append "console=$console quiet panic=-1 PEER=$work" </dev/null 2>&1 | tr -d '\000\r' >"$said"
}

linux_boots_with() {
    boot_linux boot build/bench/linux.up "$1" -smp 1 && grep -q '^peer: up' build/bench/linux.up
}

# The least memory, in steps of 4 MiB, in which it starts its first program.
linux_memory() {
    low=4
    high=256
    linux_boots_with $high || return 0
    while [ $((high - low)) -gt 4 ]; do
        middle=$(((low + high) / 8 * 4))
        if linux_boots_with $middle; then
            high=$middle
        else
            low=$middle
        fi
    done
    echo "bench min_memory_mib $high MiB"
}

# linux_rows MODE: adds what Linux takes to build/bench/peer. Of several ways to do the same
# the cheapest counts.
linux_rows() {
    fetch_linux || {
        echo "vectra: bench: $machine: Linux could not be had: $(tail -n 1 "$cache/log")" \
            >>build/bench/missing
        return 0
    }
    tool=build/$machine/tests/bench/linux
    : >build/bench/none
    {
        entry init "$tool/linux-peer.elf"
        entry empty "$tool/linux-empty.elf"
        entry TRAILER!!! build/bench/none
    } >"build/bench/$machine.cpio"
    if [ "$1" = icount ]; then
        boot_linux icount build/bench/linux.out 512 -icount shift=0,sleep=off -smp 1
    else
        boot_linux wall build/bench/linux.out 512 -accel tcg,thread=multi -smp 2
    fi
    grep -q '^peer: done' build/bench/linux.out ||
        echo "vectra: bench: $machine: Linux ($1) stopped early: $(tail -n 1 build/bench/linux.out)" \
            >>build/bench/missing
    {
        cat build/bench/linux.out
        [ "$1" = wall ] || linux_memory
    } | awk -v machine="$machine" '$1 == "bench" && NF == 4 {
        if (!($2 in least) || $3 < least[$2]) {
            least[$2] = $3
            unit[$2] = $4
        }
    }
    END {
        for (id in least) {
            printf "%s %s %.*f %s\n", machine, id, least[id] < 1000, least[id], unit[id]
        }
    }' >>build/bench/peer
}
