// SPDX-License-Identifier: BSD-3-Clause
// SPDX-FileCopyrightText: The VectraOS contributors
//
// The interrupt controller: GICv2 (Arm IHI 0048) or GICv3 (IHI 0069). Both share
// the distributor's layout; they differ in how a hart takes, ends and sends an
// interrupt, and in where SGIs and PPIs are set up. All interrupts have the same
// priority, so none nests. Shared lines are level-triggered and go to the first
// hart; kernel_irq closes one that came until its driver opens it again.
#include "kernel/arch/aarch64/own.h"
#include "kernel/check.h"

enum gicd_register : uint32_t {
    GICD_CTLR = 0x000,
    GICD_TYPER = 0x004,
    GIC_IGROUPR = 0x080, // from here on also in a redistributor's second frame
    GIC_ISENABLER = 0x100,
    GIC_ICENABLER = 0x180,
    GIC_ICPENDR = 0x280,
    GIC_ICACTIVER = 0x380,
    GIC_IPRIORITYR = 0x400,
    GICD_ITARGETSR = 0x800,
    GIC_ICFGR = 0xc00,
    GICD_SGIR = 0xf00,
    GICD_IROUTER = 0x6000,
};
enum gicc_register : uint32_t {
    GICC_CTLR = 0x00,
    GICC_PMR = 0x04,
    GICC_IAR = 0x0c,
    GICC_EOIR = 0x10,
};
enum gicr_register : uint32_t {
    GICR_TYPER = 0x08, // 64 bits: affinity is the upper word
    GICR_WAKER = 0x14,
};

constexpr uint32_t SGI_IPI = 0;
constexpr uint32_t SGI_HALT = 1;
constexpr uint32_t SPI_FIRST = 32;
constexpr uint32_t SPI_END = 1020; // 1020..1023: special, "spurious" among them
constexpr uint32_t ID_MASK = 0x3ff;
constexpr uint32_t PRIORITY_ALL = 0xa0a0a0a0;
constexpr uint32_t PRIORITY_MASK = 0xf0;                      // lets 0xa0 through
constexpr uint32_t GICD_ENABLE_V3 = 1 << 4 | 1 << 1 | 1 << 0; // ARE and the groups
constexpr uint32_t GICD_RWP = UINT32_C(1) << 31;
constexpr uint32_t TYPER_VLPIS = 1 << 1;
constexpr uint32_t TYPER_LAST = 1 << 4;
constexpr uint32_t WAKER_SLEEP = 1 << 1;
constexpr uint32_t WAKER_ASLEEP = 1 << 2;
constexpr uint64_t FRAME = 0x10000; // of a redistributor, which has two, or four with VLPIs
constexpr uint64_t DISTRIBUTOR_V3 = FRAME;
constexpr uint32_t POLLS = 100'000;

static struct {
    bool v3;
    void *distributor;
    void *cpu; // v2: the interface; v3: the redistributors
    uint32_t lines;
} gic;

static void bit_set(uint32_t bank, uint32_t line) {
    mmio_write(gic.distributor, bank + line / 32 * 4, UINT32_C(1) << line % 32);
}

static void wait_clear(const void *base, uint32_t offset, uint32_t bit) {
    for (uint32_t i = 0; (mmio_read(base, offset) & bit) != 0; i++) {
        if (i == POLLS) {
            panic("interrupt controller: register %x keeps bit %x", offset, bit);
        }
        arch_pause();
    }
}

// ---------------------------------------------------------------------- first hart
// This hart's own: the frames stand one behind the other, the last one says so.
static char *redistributor_find(uint64_t self) {
    uint64_t size = 0;
    for (uint64_t at = 0; at + 2 * FRAME <= boot.interrupt.cpu.size; at += size) {
        char *frame = (char *)gic.cpu + at;
        uint32_t type = mmio_read(frame, GICR_TYPER);
        uint32_t affinity = mmio_read(frame, GICR_TYPER + 4);
        if ((affinity & 0xffffff) == (self & 0xffffff) && affinity >> 24 == self >> 32) {
            return frame;
        }
        if ((type & TYPER_LAST) != 0) {
            break;
        }
        size = (type & TYPER_VLPIS) != 0 ? 4 * FRAME : 2 * FRAME;
    }
    panic("hart %lx has no redistributor", self);
}

// Priority, level and group of lines [from, to) in one frame.
static void lines_init(void *base, uint32_t from, uint32_t to) {
    for (uint32_t line = from; line < to; line += 32) {
        uint32_t word = line / 32 * 4;
        mmio_write(base, GIC_ICENABLER + word, UINT32_MAX);
        mmio_write(base, GIC_ICPENDR + word, UINT32_MAX);
        mmio_write(base, GIC_ICACTIVER + word, UINT32_MAX);
        if (gic.v3) {
            mmio_write(base, GIC_IGROUPR + word, UINT32_MAX);
        }
        for (uint32_t i = 0; i < 32; i += 4) {
            mmio_write(base, GIC_IPRIORITYR + line + i, PRIORITY_ALL);
        }
        if (line >= SPI_FIRST) {
            mmio_write(base, GIC_ICFGR + line / 4, 0);
            mmio_write(base, GIC_ICFGR + line / 4 + 4, 0);
        }
    }
}

void gic_init(const struct boot_info *info) {
    gic.v3 = info->interrupt.kind == BOOT_INTERRUPT_GICV3;
    check(gic.v3 || info->interrupt.kind == BOOT_INTERRUPT_GICV2);
    check(info->interrupt.timer_irq < SPI_FIRST);
    gic.distributor = window_map(info->interrupt.distributor.base,
                                 gic.v3 ? DISTRIBUTOR_V3 : PAGE_SIZE, PTE_DEVICE);
    gic.cpu = window_map(info->interrupt.cpu.base, info->interrupt.cpu.size, PTE_DEVICE);
    mmio_write(gic.distributor, GICD_CTLR, 0);
    if (gic.v3) {
        wait_clear(gic.distributor, GICD_CTLR, GICD_RWP);
    }
    gic.lines = 32 * ((mmio_read(gic.distributor, GICD_TYPER) & 31) + 1);
    gic.lines = gic.lines < SPI_END ? gic.lines : SPI_END;
    lines_init(gic.distributor, SPI_FIRST, gic.lines);
    uint64_t self = gic.v3 ? info->hart_id[0] : mmio_read(gic.distributor, GICD_ITARGETSR) & 0xff;
    for (uint32_t line = SPI_FIRST; line < gic.lines; line++) {
        if (gic.v3) {
            mmio_write(gic.distributor, GICD_IROUTER + line * 8, (uint32_t)self);
            mmio_write(gic.distributor, GICD_IROUTER + line * 8 + 4, (uint32_t)(self >> 32));
        } else if (line % 4 == 0) {
            mmio_write(gic.distributor, GICD_ITARGETSR + line, (uint32_t)self * 0x01010101);
        }
    }
    mmio_write(gic.distributor, GICD_CTLR, gic.v3 ? GICD_ENABLE_V3 : 1);
}

// ----------------------------------------------------------------------- each hart
static void own_lines_init(void *base) {
    lines_init(base, 0, SPI_FIRST);
    mmio_write(base, GIC_ISENABLER, 1 << SGI_IPI | 1 << SGI_HALT | 1U << boot.interrupt.timer_irq);
}

static void hart_init_v3(uint64_t affinity) {
    char *frame = redistributor_find(affinity);
    mmio_write(frame, GICR_WAKER, mmio_read(frame, GICR_WAKER) & ~WAKER_SLEEP);
    wait_clear(frame, GICR_WAKER, WAKER_ASLEEP);
    own_lines_init(frame + FRAME);
    SYSREG_WRITE(icc_sre_el1, 1);
    barrier_isb();
    SYSREG_WRITE(icc_pmr_el1, PRIORITY_MASK);
    SYSREG_WRITE(icc_bpr1_el1, 0);
    SYSREG_WRITE(icc_ctlr_el1, 0); // EOI also deactivates
    SYSREG_WRITE(icc_igrpen1_el1, 1);
    barrier_isb();
}

void gic_hart_init(struct arch_hart *hart) {
    if (gic.v3) {
        hart_init_v3(hart->affinity);
    } else {
        // SGIs and PPIs are banked; so are the targets, which name the reader.
        hart->gic_target = mmio_read(gic.distributor, GICD_ITARGETSR) & 0xff;
        own_lines_init(gic.distributor);
        mmio_write(gic.cpu, GICC_PMR, PRIORITY_MASK);
        mmio_write(gic.cpu, GICC_CTLR, 1);
    }
}

static uint32_t acknowledge(void) {
    if (!gic.v3) {
        return mmio_read(gic.cpu, GICC_IAR);
    }
    uint32_t taken = (uint32_t)SYSREG_READ(icc_iar1_el1);
    barrier_dsb(); // IHI 0069, ICC_IAR1_EL1: before what the handler touches
    return taken;
}

static void end(uint32_t taken) {
    if (gic.v3) {
        SYSREG_WRITE(icc_eoir1_el1, taken);
        barrier_isb();
    } else {
        mmio_write(gic.cpu, GICC_EOIR, taken); // with the sender's number of an SGI
    }
}

// One in an entry, which is then as long as the longest of them: what is pending besides
// comes with the next entry, at once.
void gic_handle(void) {
    uint32_t taken = acknowledge();
    uint32_t line = gic.v3 ? taken : taken & ID_MASK;
    if (line >= SPI_END) {
        return;
    }
    // Before the end, so that a closed line or a stopped timer is not taken again.
    if (line >= SPI_FIRST) {
        kernel_irq(line);
    } else if (line == boot.interrupt.timer_irq) {
        time_interrupt();
    } else if (line == SGI_IPI) {
        kernel_ipi();
    } else if (line == SGI_HALT) {
        arch_halt();
    }
    end(taken);
}

// WFI ends when an interrupt is pending although it is masked (ARM, "Wait for Interrupt"), so
// interrupts are never let into the kernel: they are asked for. Who does not wait may be waiting
// for a lock.
void arch_idle(bool wait) {
    arch_pause();
    if (wait) {
        barrier_dsb();
        __asm__ volatile("wfi" ::: "memory");
    }
    gic_handle();
}

// ---------------------------------------------------------------------- all of them
enum status arch_irq_check(uint32_t line) {
    return line >= SPI_FIRST && line < gic.lines ? STATUS_OK : STATUS_NOT_FOUND;
}

void arch_irq_open(uint32_t line) {
    bit_set(GIC_ISENABLER, line);
}

void arch_irq_close(uint32_t line) {
    bit_set(GIC_ICENABLER, line);
}

// The receiver must see what was stored before: a DSB, since the message is not
// an ordinary store (ARM, "Data Synchronization Barrier").
static void send(uint32_t hart_index, uint32_t interrupt) {
    const struct arch_hart *hart = (const struct arch_hart *)hart_at(hart_index);
    __asm__ volatile("dsb ishst" ::: "memory");
    if (!gic.v3) {
        mmio_write(gic.distributor, GICD_SGIR, hart->gic_target << 16 | interrupt);
        return;
    }
    uint64_t a = hart->affinity;
    SYSREG_WRITE(icc_sgi1r_el1, (a >> 32 & 0xff) << 48 | (a >> 4 & 15) << 44 |
                                    (a >> 16 & 0xff) << 32 | (uint64_t)interrupt << 24 |
                                    (a >> 8 & 0xff) << 16 | UINT64_C(1) << a % 16);
    barrier_isb();
}

// Never inlined: tests/system/harts.sh looks for it.
[[gnu::noinline]] void arch_ipi(uint32_t hart_index) {
    send(hart_index, SGI_IPI);
}

void arch_hart_halt(uint32_t hart_index) {
    send(hart_index, SGI_HALT);
}
