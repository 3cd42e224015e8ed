/**
 * SenML (RFC 8428): a pack is a list of records; base values of a record hold for it and for those after it. Labels in
 * JSON are the names below, in CBOR the numbers.
 *
 *     bn −2 · bt −3 · bu −4 · bv −5 · bs −6 · bver −1 · n 0 · u 1 · v 2 · vs 3 · vb 4 · s 5 · t 6 · ut 7 · vd 8
 */
export interface SenmlRecord {
  readonly bn?: string;
  /** Seconds; under 2^28 relative to now. */
  readonly bt?: number;
  readonly bu?: string;
  readonly bv?: number;
  readonly bs?: number;
  readonly bver?: number;
  readonly n?: string;
  readonly u?: string;
  readonly v?: number;
  readonly vs?: string;
  readonly vb?: boolean;
  readonly s?: number;
  readonly t?: number;
  readonly ut?: number;
  readonly vd?: Uint8Array;
}

/** A record with everything that base values had to say worked in. */
export interface ResolvedRecord {
  readonly name: string;
  /** '' where none is given. As SenML names it: see `unitOfSenml`. */
  readonly unit: string;
  readonly value: number | string | boolean | Uint8Array | undefined;
  readonly sum: number | undefined;
  /** UTC; `undefined` where the pack gives no time, which means when it was sent. */
  readonly timeMs: number | undefined;
}

/** What one pack may hold. */
export interface SenmlLimits {
  readonly maxBytes: number;
  readonly maxRecords: number;
}

export const SENML_LIMITS: SenmlLimits = { maxBytes: 262_144, maxRecords: 5_000 };
