import { type Static, Type } from 'typebox';
import type { Random } from './farm/random.ts';

/** On the line: what becomes of an answer. In the sensor: what becomes of what it measures. */
const LINE_KINDS = ['dead', 'delay', 'crc', 'noise'] as const;
export const VALUE_KINDS = ['drift', 'stuck-value', 'spikes'] as const;

export const FaultConfig = Type.Object(
  {
    kind: Type.Enum([...LINE_KINDS, ...VALUE_KINDS], {
      description:
        'dead: no answer; delay: the answer comes late; crc: one bit of it is wrong; noise: stray bytes around it; drift: the values wander off; stuck-value: they stay as they are; spikes: single ones are far off.',
    }),
    share: Type.Optional(
      Type.Number({
        minimum: 0,
        maximum: 1,
        description: 'Of the answers or values that it strikes; where not set 1, and 0.1 for spikes.',
      }),
    ),
    delayMs: Type.Optional(
      Type.Number({ minimum: 0, maximum: 60_000, description: 'For delay; 1000 where not set.' }),
    ),
    channel: Type.Optional(
      Type.String({
        description: 'For drift, stuck-value and spikes: the value that is struck; all where not set.',
      }),
    ),
    perHour: Type.Optional(
      Type.Number({ description: 'For drift, in the unit of the value, per real hour; 1 where not set.' }),
    ),
    size: Type.Optional(
      Type.Number({ minimum: 0, description: 'For spikes, in the unit of the value; 100 where not set.' }),
    ),
  },
  { additionalProperties: false },
);

export type Fault = Static<typeof FaultConfig>;
export type ValueFault = Fault & { readonly kind: (typeof VALUE_KINDS)[number] };

export function isValueFault(fault: Fault): fault is ValueFault {
  return VALUE_KINDS.some((kind) => kind === fault.kind);
}

/** An answer as it leaves the slave; no frame where it stays silent. */
export interface Sending {
  readonly frame: Uint8Array | undefined;
  readonly delayMs: number;
}

const DEFAULT_DELAY_MS = 1000;
const LONGEST_NOISE_BYTES = 8;

/** What the faults of a slave make of one good answer. */
export function strike(faults: readonly Fault[], random: Random, answer: Uint8Array): Sending {
  let sending: Sending = { frame: answer, delayMs: 0 };
  for (const fault of faults) {
    if (isValueFault(fault)) continue;
    // Drawn for every fault, so that one more fault does not change when the others strike.
    if (random.chance(fault.share ?? 1)) sending = struck(sending, fault, random);
  }
  return sending;
}

function struck({ frame, delayMs }: Sending, fault: Fault, random: Random): Sending {
  switch (fault.kind) {
    case 'dead':
      return { frame: undefined, delayMs };
    case 'delay':
      return { frame, delayMs: delayMs + (fault.delayMs ?? DEFAULT_DELAY_MS) };
    case 'crc':
      return { frame: frame && withOneBitWrong(frame, random), delayMs };
    case 'noise':
      return { frame: Uint8Array.from([...noise(random), ...(frame ?? []), ...noise(random)]), delayMs };
    default:
      return { frame, delayMs };
  }
}

function withOneBitWrong(frame: Uint8Array, random: Random): Uint8Array {
  const wrong = frame.slice();
  const bit = random.below(8 * frame.length);
  wrong[bit >> 3]! ^= 1 << (bit & 7);
  return wrong;
}

function noise(random: Random): number[] {
  return Array.from({ length: 1 + random.below(LONGEST_NOISE_BYTES) }, () => random.below(256));
}
