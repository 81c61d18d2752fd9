// SPDX-License-Identifier: BSD-3-Clause
// SPDX-FileCopyrightText: The VectraOS contributors
//
// The compiler's <stdatomic.h> for code on the fake machine, where a hart may stand still
// in front of each access that others could see: so a test can let another hart do
// something between any two of them (host_stop_before). Only what the kernel uses.
#pragma once

#include_next <stdatomic.h>

void host_access(void);

#undef atomic_load
#define atomic_load(object) atomic_load_explicit(object, memory_order_seq_cst)
#undef atomic_load_explicit
#define atomic_load_explicit(object, order) (host_access(), __c11_atomic_load(object, order))
#undef atomic_store_explicit
#define atomic_store_explicit(object, value, order) \
    (host_access(), __c11_atomic_store(object, value, order))
#undef atomic_exchange_explicit
#define atomic_exchange_explicit(object, value, order) \
    (host_access(), __c11_atomic_exchange(object, value, order))
#undef atomic_compare_exchange_weak_explicit
#define atomic_compare_exchange_weak_explicit(object, expected, value, success, failure) \
    (host_access(), __c11_atomic_compare_exchange_weak(object, expected, value, success, failure))
#undef atomic_fetch_add_explicit
#define atomic_fetch_add_explicit(object, value, order) \
    (host_access(), __c11_atomic_fetch_add(object, value, order))
#undef atomic_fetch_sub_explicit
#define atomic_fetch_sub_explicit(object, value, order) \
    (host_access(), __c11_atomic_fetch_sub(object, value, order))
#undef atomic_fetch_or_explicit
#define atomic_fetch_or_explicit(object, value, order) \
    (host_access(), __c11_atomic_fetch_or(object, value, order))
#undef atomic_fetch_and_explicit
#define atomic_fetch_and_explicit(object, value, order) \
    (host_access(), __c11_atomic_fetch_and(object, value, order))
