// SPDX-License-Identifier: BSD-3-Clause
// SPDX-FileCopyrightText: The VectraOS contributors
//
// That the fake machine boots the kernel, and that a Task can be made and dies.
#include "kernel/tests/world.h"
#include "tests/unit.h"

UNIT_MAIN

TEST(boots) {
    world_boot(4 << 20, 2);
    CHECK(world_named("reticle") != 0);
    CHECK(world_named("nothing") == 0);
}

TEST(task_lives_and_dies) {
    struct world_shape before = world_shape();
    struct world_task task;
    struct world_grant grants[] = {{"machine", world_named("machine"), RIGHT_ALL, false}};
    CHECK_EQ(world_task_make(&task, 256 << 10, grants, 1), STATUS_OK);
    world_audit();
    CHECK(world_granted(&task, "machine") != 0);
    CHECK_EQ(CALL(world_root, nullptr, handle_drop, task.reticle), STATUS_OK);
    world_audit();
    struct world_shape after = world_shape();
    CHECK(world_shape_equal(&before, &after));
}
