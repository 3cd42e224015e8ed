import { expect, test } from 'vitest';
import { type Epoch, endEpoch, NO_EPOCH, stepEpoch } from './epoch.ts';
import { LineSplitter } from './line-splitter.ts';
import { parseSentence } from './sentence.ts';
import { withChecksum } from './testing/with-checksum.ts';

/** The epochs of a recording; lines come 1 ms apart unless they are numbers: a pause of so many ms. */
function epochsOf(lines: readonly (string | number)[]): Epoch[] {
  const epochs: Epoch[] = [];
  let state = NO_EPOCH;
  let atMs = 0;
  for (const line of lines) {
    atMs += typeof line === 'number' ? line : 1;
    const parsed = typeof line === 'number' ? undefined : parseSentence(line, true);
    if (!parsed || parsed.kind === 'bad' || parsed.kind === 'other') continue;
    const step = stepEpoch(state, parsed, atMs);
    state = step.state;
    if (step.epoch) epochs.push(step.epoch);
  }
  const { epoch } = endEpoch(state, atMs + 1_000);
  return epoch ? [...epochs, epoch] : epochs;
}

const gga = (time: string, quality = 1) =>
  withChecksum(`GNGGA,${time},4739.71890,N,12219.58362,W,${quality},14,0.9,76.5,M,-21.6,M,,`);
const rmc = (time: string, date = '050826', status = 'A') =>
  withChecksum(`GNRMC,${time},${status},4739.71890,N,12219.58362,W,10.00,286.35,${date},,,A,V`);
const gsa = (satellites: string, system: string) =>
  withChecksum(`GNGSA,A,3,${satellites},,,,,,,,,1.5,0.9,1.2,${system}`);
const gsv = (talker: string, total: number, signal: string) =>
  withChecksum(`${talker}GSV,1,1,${total},14,79,041,29,${signal}`);

test('the sentences of one moment are one epoch, in whatever order they come', () => {
  const lines = [
    gga('055234.000'),
    gsa('02,07,14,15', '1'),
    gsa('13,27,37,', '4'),
    gsv('GP', 12, '1'),
    gsv('GP', 5, '8'),
    gsv('BD', 3, '1'),
    rmc('055234.000'),
  ];
  const expected = {
    utcMs: Date.UTC(2026, 7, 5, 5, 52, 34),
    fix: 1,
    position: { latitude: 47 + 39.7189 / 60, longitude: -(122 + 19.58362 / 60) },
    altitudeM: 76.5,
    speedMPerS: expect.closeTo(5.144, 3),
    courseDeg: 286.35,
    hdop: 0.9,
    satellitesInUse: 14,
    satellitesInView: 15,
  };
  expect(epochsOf(lines)).toEqual([{ ...expected, atMs: 1 }]);
  expect(epochsOf(lines.toReversed())).toEqual([{ ...expected, atMs: 1 }]);
});

test('a new time of day begins a new epoch; a pause does too, and one within a moment does not', () => {
  expect(epochsOf([gga('055234'), rmc('055234'), gga('055235'), rmc('055235')])).toHaveLength(2);
  expect(epochsOf([gga('055234'), 200, rmc('055234')])).toHaveLength(1);
  const [first, second] = epochsOf([gga('055234'), 900, gsv('GP', 9, '1'), gga('055235')]);
  expect(first).toMatchObject({ satellitesInView: undefined });
  expect(second).toMatchObject({ satellitesInView: 9 });
});

test('the rest of a burst with a pause in it is of the moment at which the burst began', () => {
  let state = NO_EPOCH;
  const take = (text: string, atMs: number) => {
    const sentence = parseSentence(text, true);
    if (sentence.kind === 'bad' || sentence.kind === 'other') throw new Error(text);
    ({ state } = stepEpoch(state, sentence, atMs));
  };
  take(gga('055234.000'), 1_000);
  // Somebody looks at it in the pause, which ends it.
  const first = endEpoch(state, 1_090);
  expect(first.epoch).toMatchObject({ atMs: 1_000, utcMs: undefined });
  state = first.state;
  take(gsa('02,07,14,15', '1'), 1_120);
  take(rmc('055234.000'), 1_130);
  const second = endEpoch(state, 1_300);
  expect(second.epoch).toMatchObject({ atMs: 1_000, utcMs: Date.UTC(2026, 7, 5, 5, 52, 34) });
  // A receiver whose time stands still is not of the moment before.
  state = second.state;
  take(rmc('055234.000'), 2_130);
  expect(endEpoch(state, 2_300).epoch).toMatchObject({ atMs: 2_130 });
});

test('no fix is not a position, whatever the fields hold', () => {
  for (const lines of [
    [gga('055234', 0)],
    [rmc('055234', '050826', 'V')],
    [gga('055234'), rmc('055234', '', 'V')],
  ]) {
    const [epoch] = epochsOf(lines);
    expect(epoch).toMatchObject({ fix: 0, position: undefined, utcMs: undefined, speedMPerS: undefined });
  }
});

test('a position that was typed in or simulated is none', () => {
  for (const quality of [7, 8])
    expect(epochsOf([gga('055234', quality)])).toMatchObject([{ position: undefined }]);
});

test('midnight between two sentences: each epoch has its own day', () => {
  const times = epochsOf([
    gga('235959.900'),
    rmc('235959.900', '311226'),
    gga('000000.100'),
    rmc('000000.100', '010127'),
  ]);
  expect(times.map(({ utcMs }) => utcMs)).toEqual([Date.UTC(2027, 0, 1) - 100, Date.UTC(2027, 0, 1) + 100]);
  // A receiver that speaks RMC of one second and GGA of the next: the date stays with its own time.
  const mixed = epochsOf([rmc('235959.900', '311226'), gga('000000.100'), rmc('000000.100', '010127')]);
  expect(mixed.map(({ utcMs }) => utcMs)).toEqual([Date.UTC(2027, 0, 1) - 100, Date.UTC(2027, 0, 1) + 100]);
});

test('lines out of noise: half ones, over-long ones, two in one', () => {
  const splitter = new LineSplitter();
  const push = (text: string) => splitter.push(Buffer.from(text, 'latin1'));
  expect(push('garbage\r\n34,5*11\r\n$GPG')).toEqual([]);
  expect(push('GA,1*22\r\n')).toEqual(['$GPGGA,1*22']);
  expect(push('$GPGGA,12$GPRMC,1*33\n')).toEqual(['$GPRMC,1*33']);
  expect(push(`$${'9'.repeat(5_000)}\r\n$GPVTG,1*44\r\n`)).toEqual(['$GPVTG,1*44']);
});

test('an epoch may begin at the very first moment of the clock', () => {
  const sentences = [gga('055234.000'), rmc('055234.000')].map((line) => parseSentence(line, true));
  let state = NO_EPOCH;
  for (const sentence of sentences) {
    if (sentence.kind !== 'bad' && sentence.kind !== 'other') state = stepEpoch(state, sentence, 0).state;
  }
  expect(endEpoch(state, 1_000).epoch).toMatchObject({ altitudeM: 76.5, courseDeg: 286.35 });
});
