import type { SimulatedModem } from '../../firmware-sim/modem/simulated-modem.ts';

/** Of all parts of the first SMS put together, once they are all there. */
export function textOf({ sent }: SimulatedModem): string | undefined {
  const of = sent[0]?.part?.of ?? 1;
  return sent.length < of || sent.length === 0
    ? undefined
    : sent
        .slice(0, of)
        .map(({ text }) => text)
        .join('');
}
