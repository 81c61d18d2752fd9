// SPDX-License-Identifier: BSD-3-Clause
// SPDX-FileCopyrightText: The VectraOS contributors
//
// What the kernel asks of a finished struct boot_info: which memory is free, which
// writes end the machine. Kept here rather than in the kernel because it is plain
// arithmetic that the host can test. Lists are bounded by the structure's own limits.

#include "lib/firmware/parse.h"
#include "lib/string/string.h"

constexpr uint32_t ISA_LINES = 16;
constexpr uint32_t SLEEP_ENABLE = 1 << 13; // PM1 control, ACPI 4.8.3.2.1
constexpr uint32_t SLEEP_TYPE_SHIFT = 10;
constexpr uint8_t SPACE_PORT = 1;
constexpr uint16_t KEYBOARD = 0x64;
constexpr uint32_t KEYBOARD_RESET = 0xfe;

enum status firmware_own(struct boot_info *out, uint64_t image, uint64_t size, uint64_t self,
                         struct firmware_error *error) {
    for (uint32_t i = 0; i < out->hart_count; i++) {
        if (out->hart_id[i] == self) {
            out->hart_id[i] = out->hart_id[0];
            out->hart_id[0] = self;
            return firmware_reserve(out, image, size, error);
        }
    }
    return firmware_fail(error, STATUS_NOT_FOUND, "processor 0x%lx runs this but is not listed",
                         self);
}

bool firmware_limit(struct boot_info *out, uint64_t limit) {
    uint32_t count = 0;
    while (count < out->memory_count && out->memory[count].base < limit) {
        count++;
    }
    bool cut = count < out->memory_count;
    out->memory_count = count;
    if (count > 0 && out->memory[count - 1].size > limit - out->memory[count - 1].base) {
        out->memory[count - 1].size = limit - out->memory[count - 1].base;
        cut = true;
    }
    return cut;
}

// The end of the reserved range that holds `address`, or `address` itself; `*next` is
// where the first of those behind it begins, or `end`.
static uint64_t reserved_end(const struct boot_info *info, uint64_t address, uint64_t end,
                             uint64_t *next) {
    *next = end;
    for (uint32_t i = 0; i < info->reserved_count; i++) {
        const struct boot_range *range = &info->reserved[i];
        if (range->base <= address && address - range->base < range->size) {
            return range->base + range->size;
        }
        if (range->base > address && range->base < *next) {
            *next = range->base;
        }
    }
    return address;
}

uint32_t firmware_free(const struct boot_info *info, uint64_t limit,
                       struct boot_range out[FIRMWARE_FREE]) {
    uint32_t count = 0;
    for (uint32_t i = 0; i < info->memory_count; i++) {
        uint64_t at = info->memory[i].base;
        uint64_t end = at + info->memory[i].size;
        end = end < limit ? end : limit;
        // Each turn passes a reserved range or lists what lies before one, so there are
        // at most as many entries as ranges of both kinds.
        while (at < end) {
            uint64_t next;
            uint64_t behind = reserved_end(info, at, end, &next);
            if (behind == at) {
                out[count++] = (struct boot_range){at, next - at};
                behind = next;
            }
            at = behind;
        }
    }
    return count;
}

bool firmware_take(struct boot_range *ranges, uint32_t count, uint64_t bytes, uint64_t *base) {
    struct boot_range *best = nullptr;
    for (uint32_t i = 0; i < count; i++) {
        best = best == nullptr || ranges[i].size > best->size ? &ranges[i] : best;
    }
    if (best == nullptr || best->size < bytes) {
        return false;
    }
    best->size -= bytes;
    *base = best->base + best->size;
    return true;
}

struct firmware_line firmware_line(const struct boot_info *info, uint32_t input) {
    for (uint32_t i = 0; i < info->interrupt.route_count; i++) {
        const struct boot_irq_route *route = &info->interrupt.route[i];
        if (route->input == input) {
            return (struct firmware_line){route->level, route->active_low};
        }
    }
    return (struct firmware_line){input >= ISA_LINES, input >= ISA_LINES};
}

// The write of a value to a register, if it is one at a port.
static uint32_t write_add(struct firmware_write *out, struct boot_register at, uint32_t value) {
    if (at.address == 0 || at.space != SPACE_PORT) {
        return 0;
    }
    uint32_t width = at.bits == 8 || at.bits == 32 ? at.bits / 8 : 2;
    *out = (struct firmware_write){(uint16_t)at.address, width, value};
    return 1;
}

uint32_t firmware_power_off(const struct boot_info *info, struct firmware_write out[2]) {
    if (!info->power.sleep_known) {
        return 0;
    }
    uint32_t a = (uint32_t)info->power.sleep_a << SLEEP_TYPE_SHIFT | SLEEP_ENABLE;
    uint32_t b = (uint32_t)info->power.sleep_b << SLEEP_TYPE_SHIFT | SLEEP_ENABLE;
    uint32_t count = write_add(out, info->power.pm1a, a);
    return count + write_add(&out[count], info->power.pm1b, b);
}

uint32_t firmware_reset(const struct boot_info *info, struct firmware_write out[2]) {
    uint32_t count = write_add(out, info->power.reset, info->power.reset_value);
    out[count] = (struct firmware_write){KEYBOARD, 1, KEYBOARD_RESET};
    return count + 1;
}
