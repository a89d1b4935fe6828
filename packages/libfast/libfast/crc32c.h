/* CRC-32C (Castagnoli), reflected, one table of 256 words; RFC 3720, appendix B.4. */
#ifndef LIBFAST_CRC32C_H
#define LIBFAST_CRC32C_H

#include <stddef.h>
#include <stdint.h>

#define CRC32C_POLYNOMIAL 0x82f63b78u

static uint32_t crc32c_table[256];

static void crc32c_prepare(void)
{
    for (uint32_t byte = 0; byte < 256; byte++) {
        uint32_t word = byte;
        for (int bit = 0; bit < 8; bit++)
            word = (word >> 1) ^ ((word & 1u) ? CRC32C_POLYNOMIAL : 0u);
        crc32c_table[byte] = word;
    }
}

static uint32_t crc32c_update(uint32_t value, const uint8_t *data, size_t length)
{
    value = ~value;
    while (length--)
        value = crc32c_table[(value ^ *data++) & 0xffu] ^ (value >> 8);
    return ~value;
}

#endif
