/**
 * What HTTPS is spoken by: each connection has a key of its own, so that what was recorded stays unread once the key of the
 * certificate is known, and no block ciphers with a MAC beside them (RFC 9325, 4.2). Every browser since 2016 has these. What Node takes
 * by default has RSA key exchange and CBC among it still.
 */
export const TLS_RULES = {
  minVersion: 'TLSv1.2',
  ciphers: [
    ...['TLS_AES_256_GCM_SHA384', 'TLS_CHACHA20_POLY1305_SHA256', 'TLS_AES_128_GCM_SHA256'],
    ...['ECDHE+AESGCM', 'ECDHE+CHACHA20'],
  ].join(':'),
} as const;
