/* A software stand-in for key hardware, for tests: P-256 of OpenSSL 3. Never for a real identity. */
#ifndef EID_COPENSSL_H
#define EID_COPENSSL_H

#include <stddef.h>
#include <stdint.h>

enum { COPENSSL_POINT = 65, COPENSSL_SIGNATURE_MAX = 72, COPENSSL_ANSWER = 32 };

/* A P-256 key pair; NULL when there is none. Freed with copenssl_free. */
void *copenssl_generate(void);
void copenssl_free(void *key);

/* The public point, SEC1 uncompressed, COPENSSL_POINT bytes. 1 on success. */
int copenssl_public(const void *key, uint8_t *point);

/* ECDSA with SHA-256, X9.62 DER, at most COPENSSL_SIGNATURE_MAX bytes. Their number, 0 on failure. */
size_t copenssl_sign(const void *key, const uint8_t *bytes, size_t length, uint8_t *der);

/* ECDH with a point, COPENSSL_POINT bytes: its x coordinate, COPENSSL_ANSWER bytes. 1 on success. */
int copenssl_agree(const void *key, const uint8_t *point, uint8_t *answer);

#endif
