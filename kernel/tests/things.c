// SPDX-License-Identifier: BSD-3-Clause
// SPDX-FileCopyrightText: The VectraOS contributors
//
// The thing_check of each class: what must hold of one object by itself, between any two
// entries of the kernel. Each is a few comparisons, so that the check kernel can make them
// for every object that a syscall names.
#include "abi/ring.h"
#include "kernel/budget.h"
#include "kernel/bundle.h"
#include "kernel/check.h"
#include "kernel/device.h"
#include "kernel/hart.h"
#include "kernel/memory.h"
#include "kernel/ring.h"
#include "kernel/task.h"
#include "kernel/tests/audit.h"
#include "kernel/thread.h"

static void account_check(const struct reticle *reticle) REQUIRES_BOOKS {
    audit(reticle->total == reticle->available + reticle->objects + reticle->tables);
    audit((reticle->total | reticle->available | reticle->objects) % PAGE_SIZE == 0);
    audit(reticle->depth <= RETICLE_DEPTH);
    audit(reticle->parent == nullptr || reticle->parent->depth + 1 == reticle->depth);
}

static void task_check(const struct task *task) REQUIRES_BOOKS {
    const struct table *table = &task->table;
    if (task->object.phase == OBJECT_QUIET) {
        return; // its tables go page by page
    }
    audit(table->pages <= TABLE_PAGES && table->used <= table->pages * SLOTS_PER_PAGE);
    audit(table->free == TABLE_NIL || table->free < table->pages * SLOTS_PER_PAGE);
    audit(task->state <= TASK_ENDED && task->state != TASK_FAULTED);
    audit(task->state != TASK_EMPTY || task->live == 0);
}

static void thread_check(const struct thread *thread) REQUIRES_BOOKS {
    // Once it has let go of its Task, that may be gone before it.
    if (thread->object.phase > OBJECT_DETACH) {
        return;
    }
    audit(thread->task->object.class == CLASS_TASK);
    audit(thread->number != 0 && thread->number <= thread->task->next_number);
    audit(thread->task->object.reticle == thread->object.reticle);
    audit(thread->revoking == nullptr || thread->revoking->revoker == thread);
    audit(thread->destroying == nullptr || !object_live(thread->destroying));
}

static void memory_check(const struct memory *memory) REQUIRES_BOOKS {
    audit(memory->pages != 0);
    audit(memory->writable_views == 0 || memory->executable_views == 0);
}

static void ring_check(const struct ring *ring) REQUIRES_BOOKS {
    const struct ring *peer = ring->peer;
    audit(peer == nullptr || (peer->peer == ring && peer->generation == ring->generation));
    audit(ring->sent - ring->taken <= RING_IN_FLIGHT);
    audit(ring->sent == 0 || ring->flight != nullptr);
    audit(peer != nullptr || ring->peer_view == nullptr);
    audit(ring->slots >= RING_SLOTS_LEAST && ring->slots <= RING_SLOTS_MOST);
    audit((ring->slots & (ring->slots - 1)) == 0 && ring->writable_views <= 1);
}

static void bundle_check(const struct bundle *bundle) REQUIRES_BOOKS {
    audit(bundle->page->count <= BUNDLE_ENTRIES && bundle->page->magic == BUNDLE_MAGIC);
    audit(bundle->used <= BUNDLE_SIZE - BUNDLE_VALUES);
}

static void budget_check(const struct budget *budget) REQUIRES_BOOKS {
    const struct budget *source = budget->source;
    audit(budget->period != 0 && budget->harts != 0);
    audit(source == nullptr || (budget->harts & ~source->harts) == 0);
    audit((budget->bound == nullptr) == (budget->threads == 0));
    audit(source == nullptr || source->parts != nullptr || budget->object.phase > OBJECT_DETACH);
}

static void device_check(const struct device *device) REQUIRES_BOOKS {
    audit(device->size != 0 && device->base + device->size > device->base);
    audit(!device->ports || device->base + device->size <= UINT16_MAX + 1);
}

static void irq_check(const struct irq *irq) REQUIRES_BOOKS {
    audit(arch_irq_check(irq->line) == STATUS_OK);
}

void audit_thing(const struct object *object) {
    audit(object->class != CLASS_NONE && object->class < CLASS_COUNT);
    audit(object->unlisted || object->reticle != nullptr);
    audit((object->tree.first == nullptr) == (object->tree.last == nullptr));
    audit(object->revoker == nullptr || object->revoker->revoking == object);
    switch (object->class) {
    case CLASS_RETICLE:
        account_check((const struct reticle *)object);
        break;
    case CLASS_TASK:
        task_check((const struct task *)object);
        break;
    case CLASS_THREAD:
        thread_check((const struct thread *)object);
        break;
    case CLASS_MEMORY:
        memory_check((const struct memory *)object);
        break;
    case CLASS_RING:
        ring_check((const struct ring *)object);
        break;
    case CLASS_BUNDLE:
        bundle_check((const struct bundle *)object);
        break;
    case CLASS_BUDGET:
        budget_check((const struct budget *)object);
        break;
    case CLASS_DEVICE:
        device_check((const struct device *)object);
        break;
    case CLASS_IRQ:
        irq_check((const struct irq *)object);
        break;
    default:
        break; // the machine is an object and no more
    }
}

void audit_books(void) {
    audit_memory();
    audit_capabilities();
    audit_threads(harts_online() == 1);
}
