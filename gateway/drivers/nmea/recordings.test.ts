import { existsSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { describe, expect, test } from 'vitest';
import { type Epoch, endEpoch, NO_EPOCH, stepEpoch } from './epoch.ts';
import { LineSplitter } from './line-splitter.ts';
import { parseSentence } from './sentence.ts';

/**
 * Captures of real receivers, `.log`, with another decoder's reading of them as JSON lines, `.chk`: they stand beside
 * the repository on machines that have them, or where the variable says.
 */
const FOLDER =
  process.env.SLUICE_GNSS_RECORDINGS ?? resolve(import.meta.dirname, '../../../../shared/data/gnss');

/** What gpsd says of one moment. */
interface Reading {
  readonly class: string;
  readonly time?: string;
  readonly lat?: number;
  readonly lon?: number;
  readonly altMSL?: number;
  readonly speed?: number;
  readonly track?: number;
  readonly uSat?: number;
  readonly hdop?: number;
}

function epochsOf(file: string): Epoch[] {
  const epochs: Epoch[] = [];
  let state = NO_EPOCH;
  for (const line of new LineSplitter().push(readFileSync(file))) {
    const parsed = parseSentence(line, true);
    expect(parsed.kind).not.toBe('bad');
    if (parsed.kind === 'bad' || parsed.kind === 'other') continue;
    const step = stepEpoch(state, parsed, 0);
    state = step.state;
    if (step.epoch) epochs.push(step.epoch);
  }
  return [...epochs, endEpoch(state, 1_000).epoch].filter((one) => one !== undefined);
}

function readingsOf(file: string): Reading[] {
  const lines = readFileSync(file, 'utf8').split('\n');
  return lines.filter((line) => line.startsWith('{')).map((line) => JSON.parse(line) as Reading);
}

describe.skipIf(!existsSync(FOLDER))('another decoder reads the same', () => {
  test.each([
    ['quectel-l76k-nmea.log', 148, 148],
    // The other one wants a second epoch with a fix before it tells a position.
    ['beidou-gb.log', 2, 1],
  ])('%s', (name, locatedLeast, comparedLeast) => {
    const epochs = epochsOf(join(FOLDER, name));
    const readings = readingsOf(join(FOLDER, `${name}.chk`));
    // It tells of a moment several times, and knows most at the end.
    const byTime = new Map(readings.filter(({ lat }) => lat !== undefined).map((one) => [one.time, one]));
    const located = epochs.filter(({ position, utcMs }) => position && utcMs !== undefined);
    expect(located.length).toBeGreaterThanOrEqual(locatedLeast);
    let compared = 0;
    for (const { utcMs, position, altitudeM, speedMPerS, courseDeg } of located) {
      const theirs = byTime.get(new Date(utcMs!).toISOString());
      if (!theirs) continue;
      compared++;
      expect(position!.latitude).toBeCloseTo(theirs.lat!, 7);
      expect(position!.longitude).toBeCloseTo(theirs.lon!, 7);
      if (theirs.altMSL !== undefined) expect(altitudeM).toBeCloseTo(theirs.altMSL, 3);
      if (theirs.speed !== undefined) expect(speedMPerS).toBeCloseTo(theirs.speed, 2);
      if (theirs.track !== undefined) expect(courseDeg).toBeCloseTo(theirs.track, 2);
    }
    expect(compared).toBeGreaterThanOrEqual(comparedLeast);
    const skies = readings.filter(({ hdop }) => hdop !== undefined);
    const last = located.at(-1)!;
    expect(last.hdop).toBeCloseTo(skies.at(-1)!.hdop!, 2);
    const used = new Set(skies.map(({ uSat }) => uSat));
    expect(used).toContain(last.satellitesInUse);
    // Where it has no position, neither have we.
    const without = epochs.filter(({ position }) => !position);
    for (const { fix } of without) expect(fix ?? 0).toBe(0);
  });
});
