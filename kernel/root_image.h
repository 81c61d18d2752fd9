// SPDX-License-Identifier: BSD-3-Clause
// SPDX-FileCopyrightText: The VectraOS contributors
//
// The program of the root Task, which is part of the kernel image, and the hash that
// the boot package must have.
#pragma once

#include <stddef.h>
#include <stdint.h>

const void *root_image(void); // page-aligned, linked at PROGRAM_BASE, entered at its start
size_t root_image_size(void);

extern const unsigned char package_root_hash[32];
