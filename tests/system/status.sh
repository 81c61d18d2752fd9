# SPDX-License-Identifier: BSD-3-Clause
# SPDX-FileCopyrightText: The VectraOS contributors
#
# The exit status of `./vectra run` tells how the session ended.
# shellcheck shell=sh disable=SC1091,SC2154
. tests/system/system.inc

boot 'help\ntasks\nauthority\n'
expect_status 'help, tasks and authority succeed' 0 'poweroff'
boot 'nosuchcommand\n'
expect_status 'an unknown command is status 1' 1 'nosuchcommand'
boot 'poweroff many\n'
expect_status 'wrong usage is status 2' 2 'poweroff: '
boot 'fault read\n'
expect_status 'a program that faults is status 120' 120
boot 'fault read\necho fine\n'
expect_status 'the last command decides' 0 'fine'
boot 'poweroff 77\n'
expect_status 'poweroff 77 is status 77' 77
boot 'echo one\n' --timeout 1 --qemu-arg -S
expect_status 'a machine that stands still is status 124' 124 'timeout'
exit "$bad"
