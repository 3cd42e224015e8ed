import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { advanceSequence, startSequence } from './sequence.ts';

describe('sequence numbers', () => {
  it('run over from 255 to 0', () => {
    const sequence = startSequence(254);
    expect([255, 0, 1].map((seq) => advanceSequence(sequence, seq))).toEqual([
      'expected',
      'expected',
      'expected',
    ]);
  });

  it('open a gap that overtaken messages close', () => {
    const sequence = startSequence(0);
    expect([3, 2, 1, 4].map((seq) => advanceSequence(sequence, seq))).toEqual([
      'opened',
      'filled',
      'closed',
      'expected',
    ]);
  });

  it('know a repeat from a gap', () => {
    const sequence = startSequence(20);
    expect(advanceSequence(sequence, 20)).toBe('repeated');
    expect(advanceSequence(sequence, 5)).toBe('repeated');
    expect(advanceSequence(sequence, 21)).toBe('expected');
    expect(advanceSequence(sequence, 220)).toBe('opened');
    expect(sequence.missing.size).toBe(198);
  });

  it('miss exactly what did not come, in whatever order up to eight places the rest came', () => {
    const arrivals = fc.array(fc.record({ isLost: fc.boolean(), lateBy: fc.nat(7) }), {
      minLength: 1,
      maxLength: 200,
    });
    fc.assert(
      fc.property(arrivals, (messages) => {
        const sequence = startSequence(255);
        // A last message in its place, so that nothing is missing unseen at the end.
        const sent = [...messages, { isLost: false, lateBy: 8 }].map((one, seq) => ({ ...one, seq }));
        const came = sent.filter(({ isLost }) => !isLost);
        came.sort((a, b) => a.seq + a.lateBy - (b.seq + b.lateBy));
        for (const { seq } of came) advanceSequence(sequence, seq);
        const lost = sent.filter(({ isLost }) => isLost).map(({ seq }) => seq);
        expect([...sequence.missing].sort((a, b) => a - b)).toEqual(lost);
      }),
    );
  });
});
