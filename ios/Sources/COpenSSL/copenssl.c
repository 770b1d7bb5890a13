#include "copenssl.h"

#include <openssl/ec.h>
#include <openssl/evp.h>

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

int copenssl_agree(const void *key, const uint8_t *point, uint8_t *answer) {
    EVP_PKEY *peer = EVP_PKEY_new();
    EVP_PKEY_CTX *context = EVP_PKEY_CTX_new((EVP_PKEY *)key, NULL);
    size_t length = COPENSSL_ANSWER;
    int done = peer && context && EVP_PKEY_copy_parameters(peer, key) == 1
        && EVP_PKEY_set1_encoded_public_key(peer, point, COPENSSL_POINT) == 1 && EVP_PKEY_derive_init(context) == 1
        && EVP_PKEY_derive_set_peer(context, peer) == 1 && EVP_PKEY_derive(context, answer, &length) == 1
        && length == COPENSSL_ANSWER;
    EVP_PKEY_CTX_free(context);
    EVP_PKEY_free(peer);
    return done;
}
