// SPDX-License-Identifier: BSD-3-Clause
// SPDX-FileCopyrightText: The VectraOS contributors
//
// BLAKE3 against the official test vectors (the first 32 bytes of `hash` in
// test_vectors.json of the BLAKE3 authors; the input is 0, 1, ..., 250, 0, ...),
// and the property that neither the split into updates nor the alignment of the
// data changes the hash.
#include "lib/blake3/blake3.h"

#include "tests/unit.h"

constexpr size_t LONGEST = 102400;

static const struct vector {
    size_t size;
    const char *hash;
} vectors[] = {
    {0, "af1349b9f5f9a1a6a0404dea36dcc9499bcb25c9adc112b7cc9a93cae41f3262"},
    {1, "2d3adedff11b61f14c886e35afa036736dcd87a74d27b5c1510225d0f592e213"},
    {1023, "10108970eeda3eb932baac1428c7a2163b0e924c9a9e25b35bba72b28f70bd11"},
    {1024, "42214739f095a406f3fc83deb889744ac00df831c10daa55189b5d121c855af7"},
    {1025, "d00278ae47eb27b34faecf67b4fe263f82d5412916c1ffd97c8cb7fb814b8444"},
    {2048, "e776b6028c7cd22a4d0ba182a8bf62205d2ef576467e838ed6f2529b85fba24a"},
    {2049, "5f4d72f40d7a5f82b15ca2b2e44b1de3c2ef86c426c95c1af0b6879522563030"},
    {3072, "b98cb0ff3623be03326b373de6b9095218513e64f1ee2edd2525c7ad1e5cffd2"},
    {3073, "7124b49501012f81cc7f11ca069ec9226cecb8a2c850cfe644e327d22d3e1cd3"},
    {4096, "015094013f57a5277b59d8475c0501042c0b642e531b0a1c8f58d2163229e969"},
    {4097, "9b4052b38f1c5fc8b1f9ff7ac7b27cd242487b3d890d15c96a1c25b8aa0fb995"},
    {5120, "9cadc15fed8b5d854562b26a9536d9707cadeda9b143978f319ab34230535833"},
    {5121, "628bd2cb2004694adaab7bbd778a25df25c47b9d4155a55f8fbd79f2fe154cff"},
    {6144, "3e2e5b74e048f3add6d21faab3f83aa44d3b2278afb83b80b3c35164ebeca205"},
    {6145, "f1323a8631446cc50536a9f705ee5cb619424d46887f3c376c695b70e0f0507f"},
    {7168, "61da957ec2499a95d6b8023e2b0e604ec7f6b50e80a9678b89d2628e99ada77a"},
    {7169, "a003fc7a51754a9b3c7fae0367ab3d782dccf28855a03d435f8cfe74605e7817"},
    {8192, "aae792484c8efe4f19e2ca7d371d8c467ffb10748d8a5a1ae579948f718a2a63"},
    {8193, "bab6c09cb8ce8cf459261398d2e7aef35700bf488116ceb94a36d0f5f1b7bc3b"},
    {16384, "f875d6646de28985646f34ee13be9a576fd515f76b5b0a26bb324735041ddde4"},
    {31744, "62b6960e1a44bcc1eb1a611a8d6235b6b4b78f32e7abc4fb4c6cdcce94895c47"},
    {102400, "bc3e3d41a1146b069abffad3c0d44860cf664390afce4d9661f7902e7943e085"},
};
constexpr size_t VECTORS = sizeof vectors / sizeof vectors[0];

static uint8_t *make_input(size_t size) {
    uint8_t *input = malloc(size + 1);
    for (size_t i = 0; i < size; i++) {
        input[i] = (uint8_t)(i % 251);
    }
    return input;
}

static bool hash_is(const uint8_t hash[BLAKE3_HASH], const char *want) {
    char text[2 * BLAKE3_HASH + 1];
    for (size_t i = 0; i < BLAKE3_HASH; i++) {
        sprintf(text + 2 * i, "%02x", hash[i]);
    }
    return strcmp(text, want) == 0;
}

TEST(official_vectors) {
    uint8_t *input = make_input(LONGEST), hash[BLAKE3_HASH];
    for (size_t i = 0; i < VECTORS; i++) {
        blake3_hash(input, vectors[i].size, hash);
        CHECK(hash_is(hash, vectors[i].hash));
    }
    free(input);
}

TEST(steps_of_one_size) {
    static const size_t steps[] = {1, 3, 63, 64, 65, 1000, 1023, 1024, 1025, 4096};
    uint8_t *input = make_input(LONGEST), hash[BLAKE3_HASH];
    for (size_t i = 0; i < VECTORS; i++) {
        for (size_t s = 0; s < sizeof steps / sizeof steps[0]; s++) {
            struct blake3 state;
            blake3_start(&state);
            for (size_t at = 0, take; at < vectors[i].size; at += take) {
                take = vectors[i].size - at < steps[s] ? vectors[i].size - at : steps[s];
                blake3_update(&state, input + at, take);
            }
            blake3_finish(&state, hash);
            CHECK(hash_is(hash, vectors[i].hash));
        }
    }
    free(input);
}

static uint64_t random_state = 1;

static uint64_t next_random(void) {
    random_state ^= random_state << 13;
    random_state ^= random_state >> 7;
    random_state ^= random_state << 17;
    return random_state;
}

TEST(any_split_and_any_alignment) {
    uint8_t *input = make_input(LONGEST), whole[BLAKE3_HASH], split[BLAKE3_HASH];
    for (int round = 0; round < 500; round++) {
        size_t start = next_random() % 9, size = next_random() % (round % 2 == 0 ? 3000 : 20000);
        blake3_hash(input + start, size, whole);
        struct blake3 state;
        blake3_start(&state);
        for (size_t at = 0, take; at < size; at += take) {
            take = next_random() % (next_random() % 2 == 0 ? 100 : 5000);
            take = take < size - at ? take : size - at;
            blake3_update(&state, input + start + at, take);
        }
        blake3_finish(&state, split);
        CHECK(memcmp(whole, split, sizeof whole) == 0);
    }
    free(input);
}

TEST(finish_leaves_the_hash_open) {
    uint8_t *input = make_input(5000), hash[BLAKE3_HASH], whole[BLAKE3_HASH];
    struct blake3 state;
    blake3_start(&state);
    for (size_t at = 0; at < 5000; at += 500) {
        blake3_finish(&state, hash);
        blake3_hash(input, at, whole);
        CHECK(memcmp(hash, whole, sizeof hash) == 0);
        blake3_update(&state, input + at, 500);
    }
    free(input);
}

TEST(every_bit_counts) {
    uint8_t *input = make_input(2100), before[BLAKE3_HASH], after[BLAKE3_HASH];
    blake3_hash(input, 2100, before);
    for (size_t bit = 0; bit < 2100 * 8; bit += 37) {
        input[bit / 8] ^= (uint8_t)(1u << bit % 8);
        blake3_hash(input, 2100, after);
        CHECK(memcmp(before, after, sizeof before) != 0);
        input[bit / 8] ^= (uint8_t)(1u << bit % 8);
    }
    free(input);
}

UNIT_MAIN
