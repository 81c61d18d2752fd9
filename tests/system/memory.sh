# SPDX-License-Identifier: BSD-3-Clause
# SPDX-FileCopyrightText: The VectraOS contributors
#
# Little memory is enough, and too little is said.
# shellcheck shell=sh disable=SC1091,SC2154
. tests/system/system.inc

boot 'memory\n' --memory 16
expect_status 'the prompt is there with 16 MiB' 0
boot 'memory\n' --memory 2
expect_status 'too little memory is said' 125 'panicked: .*memory'
exit "$bad"
