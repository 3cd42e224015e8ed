import { createRequire } from 'node:module';
import { type Measurement, medianOfThree } from '../testing/median-of-three.ts';
import { decodePayload } from './decode-payload.ts';
import { encodePayload } from './encode-payload.ts';
import { DATA_TYPES, type Metric } from './payload.ts';

const METRICS = 20;
const RUN_MS = 700;
const NOW_MS = Date.UTC(2026, 5, 1);

const METRICS_OURS: readonly Metric[] = Array.from({ length: METRICS }, (_, alias) => ({
  alias: alias + 1,
  timeMs: NOW_MS + alias,
  dataType: DATA_TYPES.Double,
  value: 20 + alias / 7,
}));

/** `sparkplug-payload` needs the datatype on the wire, as it has no way to be told of the birth. */
const METRICS_THEIRS = METRICS_OURS.map(({ alias, timeMs, value }) => ({
  alias,
  timestamp: timeMs,
  type: 'Double',
  value,
}));

interface OtherCodec {
  encodePayload(payload: object): Uint8Array;
  decodePayload(bytes: Uint8Array): unknown;
}

/**
 * Metrics encoded and decoded per second, 20 Doubles in a payload, in the alias form; beside `sparkplug-payload`,
 * which `sparkplug-client` brings along.
 */
export async function benchCodec(): Promise<Measurement[]> {
  const ours = { timeMs: NOW_MS, seq: 7, metrics: METRICS_OURS };
  const bare = encodePayload(ours, { omitTypes: true });
  const typeOf = () => DATA_TYPES.Double;
  const client = createRequire(import.meta.resolve('sparkplug-client'));
  const theirs = client('sparkplug-payload').get('spBv1.0') as OtherCodec;
  const payload = { timestamp: NOW_MS, seq: 7, metrics: METRICS_THEIRS };
  const typed = theirs.encodePayload(payload);
  return [
    await measure('Sparkplug encode', () => encodePayload(ours, { omitTypes: true })),
    await measure('Sparkplug encode, sparkplug-payload', () => theirs.encodePayload(payload)),
    await measure('Sparkplug decode', () => decodePayload(bare, typeOf)),
    await measure('Sparkplug decode, sparkplug-payload', () => theirs.decodePayload(typed)),
  ];
}

function measure(what: string, once: () => unknown): Promise<Measurement> {
  return medianOfThree(what, 'metrics/s', () => {
    const startMs = performance.now();
    let payloads = 0;
    let elapsedMs = 0;
    while (elapsedMs < RUN_MS) {
      for (let n = 0; n < 1_000; n++) once();
      payloads += 1_000;
      elapsedMs = performance.now() - startMs;
    }
    return Math.round((payloads * METRICS * 1000) / elapsedMs);
  });
}
