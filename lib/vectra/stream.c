// SPDX-License-Identifier: BSD-3-Clause
// SPDX-FileCopyrightText: The VectraOS contributors
//
// Streams of bytes. A writer waits while the Ring is full and a reader while it
// is empty; both stop for good when the other end has gone.
#include "lib/vectra/stream.h"

#include "abi/layout.h"
#include "lib/string/string.h"

void stream_init(struct stream *stream, struct endpoint *endpoint) {
    *stream = (struct stream){.endpoint = endpoint};
}

// Waits for the endpoint's next signal, whatever it is.
static enum status wait_signal(struct endpoint *endpoint) {
    uint64_t bits;
    return endpoint_wait(endpoint, 0, TIME_NEVER, &bits);
}

// Puts one message on its way, waiting for room. The reader is told by endpoint_flush.
static enum status put(struct stream *stream) {
    for (;;) {
        enum status status = endpoint_put(stream->endpoint, &stream->message);
        if (status == STATUS_FULL) {
            status = wait_signal(stream->endpoint);
            if (status == STATUS_OK) {
                continue;
            }
        }
        return status;
    }
}

// The bytes that are together.
static enum status put_bytes(struct stream *stream) {
    if (stream->endpoint == nullptr) {
        return STATUS_PEER_CLOSED;
    }
    if (stream->used == 0) {
        return STATUS_OK;
    }
    stream->message.header = (struct ring_header){
        .type = STREAM_DATA, .length = stream->used, .flow = endpoint_flow(stream->endpoint)};
    stream->used = 0;
    return put(stream);
}

enum status stream_flush(struct stream *stream) {
    enum status status = put_bytes(stream);
    if (status == STATUS_OK) {
        endpoint_flush(stream->endpoint);
    }
    return status;
}

// Small pieces are gathered, so that a line costs one message and not one for each
// of its parts; and the reader is told once of all that a long text takes.
enum status stream_write(struct stream *stream, const void *bytes, size_t count) {
    const uint8_t *from = bytes;
    while (count > 0) {
        size_t room = RING_PAYLOAD - stream->used;
        size_t piece = count < room ? count : room;
        memcpy(stream->message.payload + stream->used, from, piece);
        stream->used += (uint16_t)piece;
        from += piece;
        count -= piece;
        if (stream->used == RING_PAYLOAD) {
            enum status status = put_bytes(stream);
            if (status != STATUS_OK) {
                return status;
            }
        }
    }
    if (stream->endpoint != nullptr) {
        endpoint_flush(stream->endpoint);
    }
    return STATUS_OK;
}

enum status stream_drain(struct stream *stream) {
    enum status status = stream_flush(stream);
    return status == STATUS_OK ? endpoint_drain(stream->endpoint, TIME_NEVER) : status;
}

// The bytes lie in this Task's own region: it may end only when the reader has
// them, or is gone.
void stream_finish(struct stream *stream) {
    if (stream_flush(stream) != STATUS_OK) {
        return;
    }
    stream->message.header = (struct ring_header){.type = STREAM_END};
    if (put(stream) == STATUS_OK) {
        endpoint_flush(stream->endpoint);
        (void)endpoint_drain(stream->endpoint, TIME_NEVER);
    }
}

// Receives until a message with bytes in it stands in the stream, or it ended.
static enum status fetch(struct stream *stream) {
    uint64_t sequence;
    for (;;) {
        enum status status = endpoint_receive(stream->endpoint, &stream->message, &sequence);
        if (status == STATUS_EMPTY) {
            status = wait_signal(stream->endpoint);
            if (status != STATUS_OK) {
                return status;
            }
            continue;
        }
        if (status == STATUS_PEER_CLOSED ||
            (status == STATUS_OK && stream->message.header.type == STREAM_END)) {
            stream->ended = true;
            return STATUS_OK;
        }
        if (status != STATUS_OK) {
            return status;
        }
        if (stream->message.header.type == STREAM_DATA && stream->message.header.length > 0) {
            stream->used = 0;
            return STATUS_OK;
        }
    }
}

// One message is held at a time; what is left of it waits for the next call.
enum status stream_read(struct stream *stream, void *bytes, size_t limit, size_t *count) {
    *count = 0;
    if (stream->endpoint == nullptr) {
        return STATUS_PEER_CLOSED;
    }
    if (stream->used == stream->message.header.length && !stream->ended) {
        enum status status = fetch(stream);
        if (status != STATUS_OK) {
            return status;
        }
    }
    if (stream->ended) {
        return STATUS_OK;
    }
    size_t left = stream->message.header.length - stream->used;
    *count = left < limit ? left : limit;
    memcpy(bytes, stream->message.payload + stream->used, *count);
    stream->used += (uint16_t)*count;
    return STATUS_OK;
}
