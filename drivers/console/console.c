// SPDX-License-Identifier: BSD-3-Clause
// SPDX-FileCopyrightText: The VectraOS contributors
//
// The console: a serial line shared by a few clients. One loop that moves what
// can be moved and then waits; no client can hold it up.
//
// No byte is lost on purpose. Output: a message is consumed only when the device
// has all of its bytes, so a client that waits for endpoint_drain knows. Input: a byte
// is read from the device only when the client has read what it was sent before,
// and is in the Ring before anything else is done; until then it waits in the
// device's FIFO, also across a restart of this program.
//
// Interrupts: drain, then open the line, then drain once more. What came in
// between is seen by the second look, so edges are not lost either.
#include "abi/capability.h"
#include "abi/layout.h"
#include "drivers/console/protocol.h"
#include "drivers/console/uart.h"
#include "lib/vectra/bundle.h"
#include "lib/vectra/program.h"
#include "lib/vectra/serve.h"
#include "lib/vectra/syscall.h"

constexpr uint32_t CLIENTS = 8; // as in console.manifest
constexpr uint32_t BIT_INTERRUPT = SERVE_BIT_OWN;

struct console {
    struct server server;
    struct serve_client clients[CLIENTS];
    struct uart uart;
    uint64_t irq;
    uint32_t place;   // whose turn it is to be written
    uint32_t speaker; // number of the client that a message is half written of
    uint32_t written; // bytes of that message that the device has
    uint32_t flow;    // of the message that was moved last
};

// What is to be waited for after all has been moved that can be.
enum pump : uint32_t {
    PUMP_INPUT = 1 << 0,  // input could be taken if there were some
    PUMP_OUTPUT = 1 << 1, // the device is full, with messages left
    PUMP_MORE = 1 << 2,   // nothing: clients send as fast as the device writes
};

constexpr uint32_t TURN = 64; // messages in a row before input is looked at again

// The client that gets the input: of those whose manifest connects them, the one
// that came first. Who was bound late may write, but never hears what is typed.
static struct serve_client *listener(struct console *console) {
    struct serve_client *first = nullptr;
    for (uint32_t i = 0; i < CLIENTS; i++) {
        struct serve_client *client = &console->clients[i];
        if (client->used && (client->about.flags & SERVE_LATE) == 0 &&
            (first == nullptr || client->about.client < first->about.client)) {
            first = client;
        }
    }
    return first;
}

// Moves received bytes into the listener's Ring, one message at a time: what is
// in the Ring dies with this program, what is in the device does not.
static uint32_t pump_input(struct console *console) {
    struct serve_client *client = listener(console);
    while (client != nullptr && ring_end_drained(&client->endpoint.end) == STATUS_OK) {
        struct ring_message message = {.header = {.type = CONSOLE_TEXT}};
        uint16_t count = 0;
        while (count < RING_PAYLOAD && uart_read(&console->uart, &message.payload[count])) {
            count++;
        }
        if (count == 0) {
            return PUMP_INPUT;
        }
        message.header.length = count;
        message.header.flow = console->flow = endpoint_flow(&client->endpoint);
        (void)endpoint_send(&client->endpoint, &message);
    }
    return 0;
}

// Writes bytes of the message while there is space; true when it has them all.
static bool write_message(struct console *console, const struct ring_message *message) {
    uint32_t length = message->header.type == CONSOLE_TEXT ? message->header.length : 0;
    while (console->written < length) {
        uint32_t space = uart_space(&console->uart);
        if (space == 0) {
            return false;
        }
        for (; space > 0 && console->written < length; space--) {
            uart_write(&console->uart, message->payload[console->written++]);
        }
    }
    console->written = 0;
    return true;
}

// Writes the next message of a client. OK: done. EMPTY: it has none, or has
// gone. FULL: the device takes no more now.
static enum status write_next(struct console *console, struct serve_client *client) {
    struct ring_message message;
    struct endpoint *endpoint = &client->endpoint;
    if (console->speaker != client->about.client) {
        // What another one left half written is over: it has gone.
        console->speaker = client->about.client;
        console->written = 0;
    }
    enum status status = ring_end_peek(&endpoint->end, &message);
    if (status != STATUS_OK) {
        console->written = 0;
        if (status == STATUS_BAD_FORMAT) {
            server_drop(client);
        }
        return STATUS_EMPTY;
    }
    if (!write_message(console, &message)) {
        return STATUS_FULL;
    }
    console->flow = message.header.flow;
    bool doorbell;
    ring_end_advance(&endpoint->end, &doorbell);
    if (doorbell) {
        (void)sys_doorbell(endpoint->handle, message.header.flow);
    }
    return STATUS_OK;
}

// Writes what clients have sent, a message of each in turn.
static uint32_t pump_output(struct console *console) {
    uint32_t idle = 0;
    for (uint32_t i = 0; i < TURN; i++) {
        struct serve_client *client = &console->clients[console->place];
        enum status status = client->used ? write_next(console, client) : STATUS_EMPTY;
        if (status == STATUS_FULL) {
            return PUMP_OUTPUT;
        }
        console->place = (console->place + 1) % CLIENTS;
        idle = status == STATUS_OK ? 0 : idle + 1;
        if (idle == CLIENTS) {
            return 0;
        }
    }
    return PUMP_MORE;
}

// Moves what can be moved, and has the device interrupt for the rest.
static uint32_t pump(struct console *console) {
    uint32_t waits = pump_output(console) | pump_input(console);
    uart_choose(&console->uart,
                (waits & PUMP_OUTPUT ? UART_SPACE : 0) | (waits & PUMP_INPUT ? UART_RECEIVED : 0));
    return waits;
}

// What is obtainable here: see server_describe.
static void describe(void *context, const struct serve_client *client, uint32_t line,
                     struct text_buffer *text) {
    struct console *console = context;
    if (line == 0) {
        text_append(text, "write anything to the terminal");
    } else if (line == 1 && client == listener(console)) {
        text_append(text, "hear all that is typed");
    }
}

static void open(struct console *console) {
    uint64_t device = bundle_need("device.console", CLASS_DEVICE);
    console->irq = bundle_need("irq.console", CLASS_IRQ);
    server_open(&console->server, console->clients, CLIENTS, describe);
    if (uart_open(&console->uart, device) != STATUS_OK) {
        program_fail(PROGRAM_FAILED, "the device cannot be reached\n");
    }
    if (sys_irq_watch(console->irq, BIT_INTERRUPT) != STATUS_OK) {
        program_fail(PROGRAM_FAILED, "the interrupt cannot be watched\n");
    }
}

// Bits that say that a client came or went.
constexpr uint64_t CHANGES =
    ~((UINT64_C(1) << SERVE_CLIENTS) - 1) & ~(UINT64_C(1) << BIT_INTERRUPT);

uint32_t program_main(void) {
    static struct console console;
    open(&console);
    uint64_t bits = CHANGES;
    for (;;) {
        if (bits & CHANGES) {
            server_update(&console.server, bits, nullptr, &console);
        }
        uint32_t waits = pump(&console);
        if (bits & UINT64_C(1) << BIT_INTERRUPT) {
            (void)sys_irq_acknowledge(console.irq);
            waits = pump(&console);
        }
        uint64_t mask = server_signals(&console.server) | UINT64_C(1) << BIT_INTERRUPT;
        if (sys_signal_wait(mask, waits & PUMP_MORE ? 0 : TIME_NEVER, 0, 0, console.flow, &bits) !=
            STATUS_OK) {
            bits = 0;
        }
    }
}
