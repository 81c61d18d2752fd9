// SPDX-License-Identifier: BSD-3-Clause
// SPDX-FileCopyrightText: The VectraOS contributors
//
// What plugins of the emulator (-plugin, QEMU's interface of version 1) are written against:
// Debian has no header of it. And how they find the marks of tests/system/marks.h.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "tests/system/marks.h"

struct block;
struct instruction;
struct place; // where an access went, until the callback returns
enum { NO_REGISTERS };
enum access { LOADS = 1, STORES = 2 };
typedef void executed(unsigned hart, void *data);
typedef void accessed(unsigned hart, uint32_t access, uint64_t address, void *data);
extern size_t qemu_plugin_tb_n_insns(const struct block *block);
extern uint64_t qemu_plugin_tb_vaddr(const struct block *block);
extern struct instruction *qemu_plugin_tb_get_insn(const struct block *block, size_t index);
extern const void *qemu_plugin_insn_data(const struct instruction *instruction);
extern size_t qemu_plugin_insn_size(const struct instruction *instruction);
extern uint64_t qemu_plugin_insn_vaddr(const struct instruction *instruction);
extern bool qemu_plugin_mem_is_store(uint32_t access);
extern unsigned qemu_plugin_mem_size_shift(uint32_t access);
extern struct place *qemu_plugin_get_hwaddr(uint32_t access, uint64_t address);
extern bool qemu_plugin_hwaddr_is_io(const struct place *place);
extern uint64_t qemu_plugin_hwaddr_phys_addr(const struct place *place);
extern void qemu_plugin_register_vcpu_tb_trans_cb(uint64_t id,
                                                  void (*run)(uint64_t id, struct block *block));
extern void qemu_plugin_register_vcpu_tb_exec_cb(struct block *block, executed *run, int flags,
                                                 void *data);
extern void qemu_plugin_register_vcpu_insn_exec_cb(struct instruction *instruction, executed *run,
                                                   int flags, void *data);
extern void qemu_plugin_register_vcpu_mem_cb(struct instruction *instruction, accessed *run,
                                             int flags, int access, void *data);
extern int qemu_plugin_version;
int qemu_plugin_install(uint64_t id, const void *info, int count, char **arguments);

// Which mark an instruction is, or 0: `nopl kind(%rax)`, `movz xzr, #kind`.
static inline uint64_t mark_of(const struct instruction *instruction) {
    const uint8_t *code = qemu_plugin_insn_data(instruction);
    size_t size = qemu_plugin_insn_size(instruction);
    uint32_t word;
    if (size == 7 && code[0] == 0x0f && code[1] == 0x1f && code[2] == 0x80) {
        memcpy(&word, code + 3, sizeof word);
    } else if (size == 4) {
        memcpy(&word, code, sizeof word);
        word = (word & 0xffe0001f) == 0xd280001f ? word >> 5 & 0xffff : 0;
    } else {
        return 0;
    }
    return word >= MARK_FIRST && word <= MARK_LAST ? word : 0;
}
