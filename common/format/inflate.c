/* Which bytes were deflated? */
#include "common/format/inflate.h"
#include "common/lib/mem.h"

#define LENGTH_MAX   15 /* bits of a code */
#define LITERALS     288
#define DISTANCES    32
#define LENGTH_CODES 19
#define END_OF_BLOCK 256
#define FAST_BITS    10 /* codes up to this length take one look */
#define FAST_MASK    ((1u << FAST_BITS) - 1)

struct stream {
    const uint8_t *in, *in_end;
    uint64_t bits; /* read and not yet used, the next one lowest; 0 above the others */
    uint32_t bit_count;
    uint8_t *start, *next, *end; /* of what is unpacked */
};

/* Huffman codes: shorter ones come first, equally long ones in the order of their symbols. */
struct code {
    uint16_t count[LENGTH_MAX + 1]; /* of each length */
    uint16_t symbols[LITERALS];
    uint16_t fast[1 << FAST_BITS]; /* symbol * 16 + length, by the next bits; 0: it is longer */
};

/* ---- bits ------------------------------------------------------------------------------------ */

static void refill(struct stream *s)
{
    for (; s->bit_count <= 56 && s->in < s->in_end; s->bit_count += 8)
        s->bits |= (uint64_t)*s->in++ << s->bit_count;
}

/* False: the stream ends before. */
static bool drop(struct stream *s, uint32_t count)
{
    if (count > s->bit_count)
        return false;
    s->bits >>= count;
    s->bit_count -= count;
    return true;
}

static bool take(struct stream *s, uint32_t count, uint32_t *value)
{
    refill(s);
    *value = (uint32_t)(s->bits & ((UINT64_C(1) << count) - 1));
    return drop(s, count);
}

/* ---- codes ----------------------------------------------------------------------------------- */

static uint32_t reverse(uint32_t value, uint32_t bits)
{
    uint32_t reversed = 0;
    for (; bits--; value >>= 1)
        reversed = reversed << 1 | (value & 1);
    return reversed;
}

static void add_fast(struct code *code, uint32_t symbol, uint32_t value, uint32_t length)
{
    if (length > FAST_BITS)
        return;
    for (uint32_t at = reverse(value, length); at <= FAST_MASK; at += 1u << length)
        code->fast[at] = (uint16_t)(symbol << 4 | length);
}

/* From the lengths of all symbols' codes, 0 for those that have none. False: there are more codes
 * than bits for them. */
static bool build(struct code *code, const uint8_t *lengths, uint32_t symbols)
{
    uint32_t value[LENGTH_MAX + 2] = {0}, place[LENGTH_MAX + 2] = {0};

    memset(code, 0, sizeof *code);
    for (uint32_t i = 0; i < symbols; i++)
        code->count[lengths[i]]++;
    code->count[0] = 0;
    for (uint32_t i = 1; i <= LENGTH_MAX; i++) {
        value[i + 1] = (value[i] + code->count[i]) << 1;
        place[i + 1] = place[i] + code->count[i];
        if (value[i] + code->count[i] > 1u << i)
            return false;
    }
    for (uint32_t i = 0; i < symbols; i++) {
        if (!lengths[i])
            continue;
        add_fast(code, i, value[lengths[i]]++, lengths[i]);
        code->symbols[place[lengths[i]]++] = (uint16_t)i;
    }
    return true;
}

static bool take_long_symbol(struct stream *s, const struct code *code, uint32_t *symbol)
{
    uint32_t value = 0, first = 0, place = 0;
    for (uint32_t length = 1; length <= LENGTH_MAX; length++) {
        value = value << 1 | (s->bits >> (length - 1) & 1);
        first <<= 1;
        if (value - first < code->count[length]) {
            *symbol = code->symbols[place + value - first];
            return drop(s, length);
        }
        first += code->count[length];
        place += code->count[length];
    }
    return false;
}

static bool take_symbol(struct stream *s, const struct code *code, uint32_t *symbol)
{
    refill(s);
    uint32_t fast = code->fast[s->bits & FAST_MASK];
    if (!fast)
        return take_long_symbol(s, code, symbol);
    *symbol = fast >> 4;
    return drop(s, fast & 15);
}

/* ---- blocks ---------------------------------------------------------------------------------- */

static bool copy_stored(struct stream *s)
{
    uint32_t bytes, check;
    drop(s, s->bit_count % 8);
    if (!take(s, 16, &bytes) || !take(s, 16, &check) || bytes != (check ^ 0xffff))
        return false;
    s->in -= s->bit_count / 8;
    s->bits = s->bit_count = 0;
    if (bytes > (uint64_t)(s->in_end - s->in) || bytes > (uint64_t)(s->end - s->next))
        return false;
    memcpy(s->next, s->in, bytes);
    s->in += bytes;
    s->next += bytes;
    return true;
}

/* A length's symbol, from 0 up: 8 of them stand for themselves, then each 4 have one bit more. */
static bool take_length(struct stream *s, uint32_t symbol, uint32_t *length)
{
    uint32_t bits = symbol < 8 || symbol == 28 ? 0 : symbol / 4 - 1, more;
    if (symbol > 28 || !take(s, bits, &more))
        return false;
    *length = symbol == 28 ? 258 : symbol < 8 ? 3 + symbol : 3 + ((4 + symbol % 4) << bits) + more;
    return true;
}

static bool take_distance(struct stream *s, const struct code *distances, uint32_t *distance)
{
    uint32_t symbol, more;
    if (!take_symbol(s, distances, &symbol) || symbol > 29)
        return false;
    uint32_t bits = symbol < 4 ? 0 : symbol / 2 - 1;
    if (!take(s, bits, &more))
        return false;
    *distance = symbol < 4 ? 1 + symbol : 1 + ((2 + symbol % 2) << bits) + more;
    return true;
}

/* Byte by byte: what is copied may be what was just written. */
static bool repeat(struct stream *s, uint32_t symbol, const struct code *distances)
{
    uint32_t length, distance;
    if (!take_length(s, symbol, &length) || !take_distance(s, distances, &distance) ||
        distance > (uint64_t)(s->next - s->start) || length > (uint64_t)(s->end - s->next))
        return false;
    for (; length--; s->next++)
        *s->next = s->next[-(int64_t)distance];
    return true;
}

static bool unpack(struct stream *s, const struct code *literals, const struct code *distances)
{
    uint32_t symbol = 0;
    while (take_symbol(s, literals, &symbol) && symbol != END_OF_BLOCK) {
        if (symbol > END_OF_BLOCK) {
            if (!repeat(s, symbol - END_OF_BLOCK - 1, distances))
                return false;
        } else if (s->next < s->end) {
            *s->next++ = (uint8_t)symbol;
        } else {
            return false;
        }
    }
    return symbol == END_OF_BLOCK;
}

struct codes {
    struct code literals, distances; /* the latter read the lengths first */
};

static bool build_fixed(struct codes *codes)
{
    uint8_t lengths[LITERALS];
    memset(lengths, 8, 144);
    memset(lengths + 144, 9, 112);
    memset(lengths + 256, 7, 24);
    memset(lengths + 280, 8, 8);
    if (!build(&codes->literals, lengths, LITERALS))
        return false;
    memset(lengths, 5, DISTANCES);
    return build(&codes->distances, lengths, DISTANCES);
}

static bool take_lengths(struct stream *s, const struct code *code, uint8_t *lengths,
                         uint32_t count)
{
    static const uint8_t bits[] = {2, 3, 7}, least[] = {3, 3, 11}; /* of symbols 16 to 18 */
    uint32_t symbol, more;
    for (uint32_t at = 0; at < count;) {
        if (!take_symbol(s, code, &symbol))
            return false;
        if (symbol < 16) {
            lengths[at++] = (uint8_t)symbol;
            continue;
        }
        if (!take(s, bits[symbol - 16], &more))
            return false;
        more += least[symbol - 16];
        if (more > count - at || (symbol == 16 && !at))
            return false;
        memset(lengths + at, symbol == 16 ? lengths[at - 1] : 0, more);
        at += more;
    }
    return true;
}

static bool build_told(struct stream *s, struct codes *codes)
{
    static const uint8_t order[LENGTH_CODES] = {16, 17, 18, 0, 8,  7, 9,  6, 10, 5,
                                                11, 4,  12, 3, 13, 2, 14, 1, 15};
    uint8_t lengths[LITERALS + DISTANCES] = {0};
    uint32_t literals, distances, count, length;
    if (!take(s, 5, &literals) || !take(s, 5, &distances) || !take(s, 4, &count))
        return false;
    for (uint32_t i = 0; i < count + 4; i++) {
        if (!take(s, 3, &length))
            return false;
        lengths[order[i]] = (uint8_t)length;
    }
    literals += 257;
    distances += 1;
    if (!build(&codes->distances, lengths, LENGTH_CODES) ||
        !take_lengths(s, &codes->distances, lengths, literals + distances))
        return false;
    return build(&codes->literals, lengths, literals) &&
           build(&codes->distances, lengths + literals, distances);
}

static bool unpack_block(struct stream *s, uint32_t type)
{
    struct codes codes;
    if (type == 0)
        return copy_stored(s);
    if (type == 3 || !(type == 1 ? build_fixed(&codes) : build_told(s, &codes)))
        return false;
    return unpack(s, &codes.literals, &codes.distances);
}

bool inflate(const uint8_t *packed, uint64_t packed_bytes, uint8_t *to, uint64_t bytes,
             uint64_t *used)
{
    struct stream s = {packed, packed + packed_bytes, 0, 0, to, to, to + bytes};
    uint32_t last = 0, type;
    while (!last)
        if (!take(&s, 1, &last) || !take(&s, 2, &type) || !unpack_block(&s, type))
            return false;
    *used = packed_bytes - (uint64_t)(s.in_end - s.in) - s.bit_count / 8;
    return s.next == s.end;
}
