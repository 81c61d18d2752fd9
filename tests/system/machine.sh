# SPDX-License-Identifier: BSD-3-Clause
# SPDX-FileCopyrightText: The VectraOS contributors
#
# The same image boots on other boards of its kind and on lesser processors: what
# differs stands in the tables that the firmware leaves, and in the processor's own
# words. What is not enough is refused with a sentence.
# shellcheck shell=sh disable=SC1091,SC2154
. tests/system/system.inc

# on BOARD [PROCESSOR]
on() {
    boot 'harts\n' --qemu-arg -machine --qemu-arg "$1" ${2:+--qemu-arg -cpu --qemu-arg "$2"}
}

# big_endian FILE OFFSET: a 32-bit number.
big_endian() {
    od -An -tu1 -j"$2" -N4 "$1" | awk '{ print (($1 * 256 + $2) * 256 + $3) * 256 + $4 }'
}

# The emulator's own device tree, without the padding that would make it too long when
# it is given back, and with a timer that nobody knows.
strange_tree() {
    qemu-system-aarch64 -machine "virt,gic-version=3,dumpdtb=$work/dtb" -cpu cortex-a53 \
        -smp "$harts" -m 256 -nodefaults -display none >"$work/dtb.out" 2>&1
    size=$(($(big_endian "$work/dtb" 12) + $(big_endian "$work/dtb" 32)))
    head -c "$size" "$work/dtb" |
        LC_ALL=C sed 's/arm,armv[78]-timer/arm,armv9-timer/g' >"$work/strange.dtb"
    # shellcheck disable=SC2059
    printf "$(printf '\\0\\0\\%03o\\%03o' $((size / 256)) $((size % 256)))" |
        dd of="$work/strange.dtb" bs=1 seek=4 conv=notrunc 2>"$work/dd"
}

if [ "$arch" = aarch64 ]; then
    on virt,gic-version=2
    expect_status 'with a GICv2' 0
    on virt,gic-version=3,virtualization=on
    expect_status 'with PSCI by smc' 0
    boot 'ktest isolation\n' --kernel-test --qemu-arg -cpu --qemu-arg cortex-a53 \
        --qemu-arg -machine --qemu-arg virt,gic-version=2,virtualization=on
    expect_status 'on an old processor' 0
    strange_tree
    boot 'harts\n' --qemu-arg -dtb --qemu-arg "$work/strange.dtb"
    expect_status 'a device tree without a timer' 125 'panicked: device tree .* has no timer'
else
    on q35,hpet=off
    expect_status 'without an HPET' 0
    on pc
    expect_status 'on the i440FX board' 0
    boot 'ktest isolation\n' --kernel-test --qemu-arg -cpu --qemu-arg qemu64
    expect_status 'on an old processor' 0
    boot 'harts\n' --qemu-arg -smp --qemu-arg 65
    expect_status 'with more harts than can be described' 125 'panicked: .*more than 64'
    on q35 max,-nx
    expect_status 'without protection from execution' 125 'panicked: .*(NX)'
    on q35 max,-syscall
    expect_status 'without SYSCALL' 125 'panicked: .* no SYSCALL'
    on q35 max,-fxsr
    expect_status 'without FXSAVE' 125 'panicked: .* lacks FXSAVE'
    on q35,acpi=off
    expect_status 'what cannot be switched off' 125 'powers off, and did not'
    boot 'echo first\nreboot\necho second\n' --qemu-arg -machine --qemu-arg pc
    expect_status 'reset by the keyboard controller' 0 'vectra: reboot'
    boot 'echo first\nreboot\necho second\n' --qemu-arg -machine --qemu-arg pc,i8042=off
    expect_status 'reset by a triple fault' 0 'vectra: reboot'
fi
exit "$bad"
