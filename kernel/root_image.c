// SPDX-License-Identifier: BSD-3-Clause
// SPDX-FileCopyrightText: The VectraOS contributors
//
// The bytes of the root Task's program. They stand in the kernel's constants, on pages of
// their own, and are mapped into the root Task from there, readable and executable.
#include "kernel/root_image.h"

#include "abi/layout.h"

[[gnu::section(".root_image"), gnu::aligned(PAGE_SIZE)]] static const unsigned char image[] = {
#embed "root.bin"
};

const void *root_image(void) {
    return image;
}

size_t root_image_size(void) {
    return sizeof image;
}
