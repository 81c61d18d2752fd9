# SPDX-License-Identifier: BSD-3-Clause
# SPDX-FileCopyrightText: The VectraOS contributors
#
# `reboot` starts the machine anew.
# shellcheck shell=sh disable=SC1091,SC2154
. tests/system/system.inc

boot 'echo first\nreboot\necho second\n'
expect_status 'the machine comes back after reboot' 0 'vectra: reboot'
exit "$bad"
