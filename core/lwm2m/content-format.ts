/** Content formats (IANA; LwM2M 1.1, section 7.4). The legacy ones are those of clients older than LwM2M 1.0. */
export const FORMATS = {
  text: 0,
  link: 40,
  opaque: 42,
  json: 50,
  cbor: 60,
  senmlJson: 110,
  senmlCbor: 112,
  legacyTlv: 1542,
  legacyJson: 1543,
  tlv: 11542,
  lwm2mJson: 11543,
} as const;
