/* SPDX-License-Identifier: BSD-3-Clause
 * SPDX-FileCopyrightText: The VectraOS contributors
 *
 * One direction of a connection (lib/ring), for spin: a Ring of two slots, five
 * messages, sequence numbers that wrap on the way, both ends sleeping when there is
 * nothing to do, and the death of either end before any step of the other.
 *
 * Memory is weaker than x86_64: what an end stores goes into a buffer first and reaches
 * memory in any order, but stores to one word in theirs, and a release store after all
 * that were made before it. A full fence waits until the buffer is empty. Reads are in
 * order; what a reader may reorder is for the litmus tests beside this file.
 *
 * Checked: each message arrives once, in order, as it was sent; an index is never outside
 * of its window; nobody sleeps for ever (an invalid end state). A macro LESS_... takes one
 * fence or check away, and then a check must fail: tests/models/run.sh tries each. */

#define SLOTS 2
#define MESSAGES 5
#define WRAP 8   /* sequence numbers are counted modulo this ... */
#define FIRST 6  /* ... and begin here, so that they wrap */
#define LATER(a, b) (((a) + WRAP - (b)) % WRAP)

#ifdef LESS_SEND_FENCE
#define SEND_FENCE skip
#else
#define SEND_FENCE fence(SENDER)
#endif
#ifdef LESS_ADVANCE_FENCE
#define ADVANCE_FENCE skip
#else
#define ADVANCE_FENCE fence(RECEIVER)
#endif
#ifdef LESS_ARM_SPACE_FENCE
#define ARM_SPACE_FENCE skip
#else
#define ARM_SPACE_FENCE fence(SENDER)
#endif
#ifdef LESS_ARM_MESSAGE_FENCE
#define ARM_MESSAGE_FENCE skip
#else
#define ARM_MESSAGE_FENCE fence(RECEIVER)
#endif
#ifdef LESS_PRODUCED_RELEASE
#define PRODUCED_RELEASE 0
#else
#define PRODUCED_RELEASE 1
#endif
#ifdef LESS_GENERATION_CHECK
#define STILL_THERE true
#else
#define STILL_THERE (!gone[SENDER])
#endif
#ifdef LESS_CLOSED_BIT
#define CLOSED_BIT 0
#else
#define CLOSED_BIT 1
#endif

#ifdef LESS_FLUSH
#define FLUSH skip
#else
#define FLUSH tell()
#endif
#ifdef LESS_LOOK_AFTER_BIT
#define TAKEN skip
#else
#define TAKEN quiet = false
#endif

#define SENDER 0
#define RECEIVER 1

/* The words of the two regions, as they stand in memory. */
#define PRODUCED 0
#define SLOT 1 /* and 2 */
#define ARMED_SPACE 3
#define CONSUMED 4
#define ARMED_MESSAGE 5
byte word[6];
bool gone[2]; /* the region of that end shows the zero page */

/* What the kernel keeps: the bits of the two threads. */
bool bell[2];
bool closed[2];

bool dead[2];

/* Store buffers: places 0 .. count - 1, the oldest first. */
#define BUFFER 4
typedef buffer {
    byte count;
    byte where[BUFFER];
    byte value[BUFFER];
    bool release[BUFFER];
}
buffer stores[2];

inline store(who, at, what, ordered) {
    atomic {
        stores[who].count < BUFFER;
        stores[who].where[stores[who].count] = at;
        stores[who].value[stores[who].count] = what;
        stores[who].release[stores[who].count] = ordered;
        stores[who].count++
    }
}

inline fence(who) {
    stores[who].count == 0
}

/* One store reaches memory: `place`, unless an older one keeps it back. */
inline reach(who, place) {
    word[stores[who].where[place]] = stores[who].value[place];
    stores[who].count--;
    move = place;
    do
    :: move < stores[who].count ->
        stores[who].where[move] = stores[who].where[move + 1];
        stores[who].value[move] = stores[who].value[move + 1];
        stores[who].release[move] = stores[who].release[move + 1];
        move++
    :: else -> break
    od;
    /* One state for all that look alike. */
    stores[who].where[stores[who].count] = 0;
    stores[who].value[stores[who].count] = 0;
    stores[who].release[stores[who].count] = 0;
    move = 0
}

#define FREE(who, place) \
    (stores[who].count > place && (place == 0 || !stores[who].release[place]) && \
     (place < 1 || stores[who].where[place] != stores[who].where[0]) && \
     (place < 2 || stores[who].where[place] != stores[who].where[1]) && \
     (place < 3 || stores[who].where[place] != stores[who].where[2]))

proctype memory(byte who) {
    byte move = 0;
end:
    do
    :: d_step { FREE(who, 0) -> reach(who, 0) }
    :: d_step { FREE(who, 1) -> reach(who, 1) }
    :: d_step { FREE(who, 2) -> reach(who, 2) }
    :: d_step { FREE(who, 3) -> reach(who, 3) }
    od
}

/* The kernel, when an end is gone: no store of it counts any more, its region becomes the
 * zero page, and only then the other is told. */
inline die(who) {
    d_step {
        stores[who].count = 0;
        gone[who] = true
    };
    closed[1 - who] = CLOSED_BIT
}

/* Sleeps until a bit is set; takes the doorbell. */
inline wait(who) {
    atomic {
        bell[who] || closed[who];
        bell[who] = false
    }
}

/* What was put is seen from here on, ring_end_flush. */
inline tell() {
    held = false;
    store(SENDER, PRODUCED, sent, PRODUCED_RELEASE);
    SEND_FENCE;
    if
    :: !gone[RECEIVER] && word[ARMED_MESSAGE] -> bell[RECEIVER] = true
    :: else -> skip
    fi
}

proctype sender() {
    byte number = 0;      /* of the next message */
    byte sent = FIRST;    /* its sequence number */
    byte limit = (FIRST + SLOTS) % WRAP;
    byte seen;
    bool armed = false;
    bool held = false; /* there are messages that the receiver was not told of */
    {
        do
        :: number == MESSAGES || closed[SENDER] -> break
        :: else ->
            do /* until there is room */
            :: sent != limit -> break
            :: else ->
                if
                :: held -> FLUSH
                :: else -> skip
                fi;
                if
                :: gone[RECEIVER] -> skip
                :: else ->
                    seen = word[CONSUMED];
                    assert(gone[RECEIVER] ||
                           LATER(seen, (limit + WRAP - SLOTS) % WRAP) <= SLOTS);
                    limit = (seen + SLOTS) % WRAP
                fi;
                if
                :: sent != limit -> skip
                :: sent == limit && !armed ->
                    armed = true;
                    store(SENDER, ARMED_SPACE, 1, 0);
                    ARM_SPACE_FENCE
                :: sent == limit && armed -> wait(SENDER);
                    if
                    :: closed[SENDER] -> break
                    :: else -> skip
                    fi
                fi
            od;
            if
            :: sent == limit -> break /* closed */
            :: else -> skip
            fi;
            if
            :: armed -> armed = false;
                store(SENDER, ARMED_SPACE, 0, 0)
            :: else -> skip
            fi;
            store(SENDER, SLOT + sent % SLOTS, number + 1, 0);
            number++;
            sent = (sent + 1) % WRAP;
            if
            :: tell()
            :: held = true /* ring_end_put; it may also have been the last of a batch */
            fi
        od;
        if
        :: held -> FLUSH
        :: else -> skip
        fi
    } unless {
        dead[SENDER];
        die(SENDER)
    }
}

proctype receiver() {
    byte number = 0;
    byte read = FIRST;
    byte limit = FIRST;
    byte message;
    bool armed = false, there, waits;
    bool quiet = false; /* it has looked since it armed, and taken no bit since it looked */
    {
        do
        :: number == MESSAGES -> break
        :: else ->
            do /* until there is a message */
            :: read != limit -> break
            :: else ->
                /* It may sleep without another look, ring_end_awaits. */
                if
                :: armed && quiet && !closed[RECEIVER] -> wait(RECEIVER); TAKEN
                :: true -> skip
                fi;
                limit = read;
                quiet = armed;
                if
                :: gone[SENDER] -> skip
                :: else ->
                    limit = word[PRODUCED];
                    assert(gone[SENDER] || LATER(limit, read) <= SLOTS)
                fi;
                if
                :: read != limit -> skip
                :: read == limit && !armed ->
                    armed = true;
                    store(RECEIVER, ARMED_MESSAGE, 1, 0);
                    ARM_MESSAGE_FENCE
                :: read == limit && armed ->
                    if
                    :: closed[RECEIVER] -> break
                    :: else -> wait(RECEIVER); TAKEN
                    fi
                fi
            od;
            if
            :: read == limit -> break /* closed */
            :: else -> skip
            fi;
            /* It disarms when it knows of another message; that it need not is more. */
            if
            :: armed -> armed = false;
                store(RECEIVER, ARMED_MESSAGE, 0, 0)
            :: skip
            fi;
            /* The copy; from a region that is gone it is zeros. */
            if
            :: gone[SENDER] -> message = 0
            :: else -> message = word[SLOT + read % SLOTS]
            fi;
            read = (read + 1) % WRAP;
            store(RECEIVER, CONSUMED, read, 1);
            ADVANCE_FENCE;
            /* One word of the sender says whether its region still is there, and whether it
             * waits. What was read from one that is gone is given back: nobody sees that. */
            d_step {
                there = STILL_THERE;
                waits = !gone[SENDER] && word[ARMED_SPACE]
            };
            if
            :: there -> skip
            :: else -> break
            fi;
            assert(message == number + 1);
            number++;
            if
            :: waits -> bell[SENDER] = true
            :: else -> skip
            fi;
            there = false;
            waits = false
        od
    } unless {
        dead[RECEIVER];
        die(RECEIVER)
    }
}

/* One of the two may die, at any moment. */
proctype reaper() {
end:
    if
    :: dead[SENDER] = true
    :: dead[RECEIVER] = true
    :: true -> skip
    fi
}

init {
    atomic {
        word[PRODUCED] = FIRST;
        word[CONSUMED] = FIRST;
        run memory(SENDER);
        run memory(RECEIVER);
        run sender();
        run receiver();
        run reaper()
    }
}
