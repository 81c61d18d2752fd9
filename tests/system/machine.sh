# SPDX-License-Identifier: BSD-3-Clause
# SPDX-FileCopyrightText: The VectraOS contributors
#
# The same image boots on other boards of its kind: what differs stands in the
# tables that the firmware leaves.
# shellcheck shell=sh disable=SC1091,SC2154
. tests/system/system.inc

if [ "$arch" = aarch64 ]; then
    boot 'harts\n' --qemu-arg -machine --qemu-arg virt,gic-version=2
    expect_status 'with a GICv2' 0
    boot 'harts\n' --qemu-arg -machine --qemu-arg virt,gic-version=3,virtualization=on
    expect_status 'with PSCI by smc' 0
else
    boot 'harts\n' --qemu-arg -machine --qemu-arg q35,hpet=off
    expect_status 'without an HPET' 0
    boot 'harts\n' --qemu-arg -machine --qemu-arg pc
    expect_status 'on the i440FX board' 0
fi
exit "$bad"
