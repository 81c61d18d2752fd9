// SPDX-License-Identifier: BSD-3-Clause
// SPDX-FileCopyrightText: The VectraOS contributors
//
// Stands in for the runtime's header of that name when the shell is built for the
// host: the syscalls that it makes, as functions of world.c.
#pragma once

#include <stdint.h>

#include "abi/status.h"

[[nodiscard]] enum status sys_handle_drop(uint64_t handle);
[[nodiscard]] enum status sys_handle_info(uint64_t handle, uint64_t *description, uint64_t *object,
                                          uint64_t *size, uint64_t *detail);
[[nodiscard]] enum status sys_signal_wait(uint64_t mask, uint64_t deadline, uint64_t slack,
                                          uint64_t ring, uint64_t flow, uint64_t *bits);
[[nodiscard]] enum status sys_memory_carve(uint64_t reticle, uint64_t bytes, uint64_t align_shift,
                                           uint64_t flags, uint64_t *memory);
[[nodiscard]] enum status sys_machine_control(uint64_t machine, uint64_t action, uint64_t argument,
                                              uint64_t period);
[[nodiscard]] enum status sys_task_slot(uint64_t task, uint64_t index, uint64_t *found,
                                        uint64_t *description, uint64_t *object, uint64_t *detail);
[[nodiscard]] enum status sys_reticle_info(uint64_t reticle, uint64_t *total, uint64_t *available,
                                           uint64_t *objects, uint64_t *tables);
[[nodiscard]] enum status sys_task_info(uint64_t task, uint64_t *state, uint64_t *status,
                                        uint64_t *threads, uint64_t *time);
[[nodiscard]] enum status sys_system_info(uint64_t topic, uint64_t *first, uint64_t *second,
                                          uint64_t *third, uint64_t *fourth);
[[nodiscard]] enum status sys_memory_map(uint64_t task, uint64_t object, uint64_t address,
                                         uint64_t offset, uint64_t bytes, uint64_t flags,
                                         uint64_t *view);
[[nodiscard]] enum status sys_thread_fault(uint64_t task, uint64_t after, uint64_t all,
                                           uint64_t *thread, uint64_t *kind, uint64_t *address,
                                           uint64_t *pc);
[[nodiscard]] enum status sys_thread_registers(uint64_t task, uint64_t thread, uint64_t buffer,
                                               uint64_t set);
[[nodiscard]] enum status sys_thread_control(uint64_t task, uint64_t thread, uint64_t action);
[[nodiscard]] enum status sys_thread_watchpoint(uint64_t task, uint64_t thread, uint64_t index,
                                                uint64_t address, uint64_t length, uint64_t kind);
[[nodiscard]] enum status sys_task_memory(uint64_t task, uint64_t address, uint64_t buffer,
                                          uint64_t size, uint64_t set);
[[nodiscard]] enum status sys_ring_carve(uint64_t reticle, uint64_t slots, uint64_t *ring);
