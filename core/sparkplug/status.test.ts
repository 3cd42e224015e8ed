import { describe, expect, it } from 'vitest';
import { CLOCK_STATES, clockOf, packStatus, QUALITIES, qualityOf } from '../reading.ts';
import { statusOf, statusProperties } from './status.ts';

describe('status beside a value', () => {
  it('sends nothing for a good value from a synced clock', () => {
    expect(statusProperties(packStatus('good', 'synced'))).toBeUndefined();
    expect(statusOf(undefined)).toBe(packStatus('good', 'synced'));
  });

  it('survives the wire in every combination', () => {
    for (const quality of QUALITIES) {
      for (const clock of CLOCK_STATES) {
        const status = packStatus(quality, clock);
        expect(statusOf(statusProperties(status))).toBe(status);
      }
    }
  });

  it('sends only the three codes that the standard knows', () => {
    const codes = QUALITIES.map((quality) => statusProperties(packStatus(quality, 'unsynced'))?.Quality);
    expect(codes).toEqual([undefined, 500, 0]);
  });

  it.each([
    [192, 'good'],
    [0, 'bad'],
    [24, 'bad'],
    [64, 'uncertain'],
    [500, 'uncertain'],
    ['192', 'good'],
    [null, 'good'],
  ])('reads the code %s of any maker as %s', (code, quality) => {
    expect(qualityOf(statusOf({ Quality: code }))).toBe(quality);
  });

  it('takes a clock state that nobody knows for a synced clock', () => {
    expect(clockOf(statusOf({ clock: 'sundial' }))).toBe('synced');
  });
});
