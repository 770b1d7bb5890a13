#include "copenssl.h"

#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/rand.h>

enum { NONCE = 12, TAG = 16 };

void *copenssl_generate(void) { return EVP_EC_gen("P-256"); }

void copenssl_free(void *key) { EVP_PKEY_free(key); }

int copenssl_public(const void *key, uint8_t *point) {
    size_t length = 0;
    return EVP_PKEY_get_octet_string_param(key, "pub", point, COPENSSL_POINT, &length) == 1 && length == COPENSSL_POINT;
}

size_t copenssl_sign(const void *key, const uint8_t *bytes, size_t length, uint8_t *der) {
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    size_t signed_length = COPENSSL_SIGNATURE_MAX;
    int done = context && EVP_DigestSignInit(context, NULL, EVP_sha256(), NULL, (EVP_PKEY *)key) == 1
        && EVP_DigestSign(context, der, &signed_length, bytes, length) == 1;
    EVP_MD_CTX_free(context);
    return done ? signed_length : 0;
}

int copenssl_random(uint8_t *key) { return RAND_priv_bytes(key, COPENSSL_KEY) == 1; }

int copenssl_seal(const uint8_t *key, const uint8_t *plain, size_t length, uint8_t *sealed) {
    EVP_CIPHER_CTX *context = EVP_CIPHER_CTX_new();
    uint8_t *body = sealed + NONCE;
    int written = 0, rest = 0;
    int done = context && length <= 4096 && RAND_bytes(sealed, NONCE) == 1
        && EVP_EncryptInit_ex2(context, EVP_aes_256_gcm(), key, sealed, NULL) == 1
        && EVP_EncryptUpdate(context, body, &written, plain, (int)length) == 1
        && EVP_EncryptFinal_ex(context, body + written, &rest) == 1
        && EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_GCM_GET_TAG, TAG, body + length) == 1;
    EVP_CIPHER_CTX_free(context);
    return done;
}

int copenssl_open(const uint8_t *key, const uint8_t *sealed, size_t length, uint8_t *plain) {
    if (length < COPENSSL_OVERHEAD || length > 8192) {
        return 0;
    }
    EVP_CIPHER_CTX *context = EVP_CIPHER_CTX_new();
    const uint8_t *body = sealed + NONCE;
    size_t body_length = length - COPENSSL_OVERHEAD;
    int written = 0, rest = 0;
    int done = context && EVP_DecryptInit_ex2(context, EVP_aes_256_gcm(), key, sealed, NULL) == 1
        && EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_GCM_SET_TAG, TAG, (void *)(body + body_length)) == 1
        && EVP_DecryptUpdate(context, plain, &written, body, (int)body_length) == 1
        && EVP_DecryptFinal_ex(context, plain + written, &rest) == 1;
    EVP_CIPHER_CTX_free(context);
    return done;
}
