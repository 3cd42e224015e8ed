import { expect, test } from 'vitest';
import { parseSentence } from './sentence.ts';
import { withChecksum } from './testing/with-checksum.ts';

const parse = (body: string) => parseSentence(withChecksum(body), true);

// The examples that receivers' manuals print over and over.
const GGA = '$GPGGA,123519,4807.038,N,01131.000,E,1,08,0.9,545.4,M,46.9,M,,*47';
const RMC = '$GPRMC,123519,A,4807.038,N,01131.000,E,022.4,084.4,230394,003.1,W*6A';

test('published sentences', () => {
  expect(parseSentence(GGA, true)).toEqual({
    kind: 'GGA',
    time: '123519',
    fix: 1,
    position: { latitude: 48 + 7.038 / 60, longitude: 11 + 31 / 60 },
    satellites: 8,
    hdop: 0.9,
    altitudeM: 545.4,
  });
  expect(parseSentence(RMC, true)).toMatchObject({
    kind: 'RMC',
    isValid: true,
    utcMs: Date.UTC(2094, 2, 23, 12, 35, 19),
    speedMPerS: expect.closeTo(11.5236, 3),
    courseDeg: 84.4,
  });
  expect(parseSentence('$GPVTG,054.7,T,034.4,M,005.5,N,010.2,K*48', true)).toEqual({
    kind: 'VTG',
    speedMPerS: expect.closeTo(2.829, 3),
    courseDeg: 54.7,
  });
  expect(parseSentence('$GPGSA,A,3,04,05,,09,12,,,24,,,,,2.5,1.3,2.1*39', true)).toEqual({
    kind: 'GSA',
    system: 'GP',
    satellites: ['04', '05', '09', '12', '24'],
    hdop: 1.3,
  });
});

test.each(['GN', 'GP', 'GB', 'BD', 'GL', 'GA'])('talker %s', (talker) => {
  expect(parse(`${talker}GSV,1,1,03,13,19,043,17,27,38,127,33,37,36,091,24`)).toEqual({
    kind: 'GSV',
    system: talker,
    signal: '',
    inView: 3,
  });
});

test('other talkers and sentences are none of ours', () => {
  for (const body of ['GNZDA,055234.000,05,08,2026,00,00', 'PSRFEPE,1', 'HCHDG,101.1,,,7.1,W', 'GNTXT,01']) {
    expect(parse(body)).toEqual({ kind: 'other' });
  }
});

test('the checksum: in either case, wrong, torn, and missing', () => {
  const body = 'GNRMC,120000,V,,,,,,,010126,,,N';
  expect(parseSentence(withChecksum(body).toLowerCase().replace(/^.*\*/, `$${body}*`), true).kind).toBe(
    'RMC',
  );
  expect(parseSentence(GGA.replace('545.4', '545.5'), true)).toMatchObject({ kind: 'bad' });
  expect(parseSentence(GGA.slice(0, -1), true)).toMatchObject({ kind: 'bad' });
  expect(parseSentence(GGA.slice(0, -3), true)).toMatchObject({ kind: 'bad' });
  expect(parseSentence(GGA.slice(0, -3), false)).toMatchObject({ kind: 'GGA' });
  expect(parseSentence(GGA.replace('545.4', '545.5'), false)).toMatchObject({ kind: 'bad' });
});

test.each([
  ['minutes past 60', 'GPGGA,123519,4860.038,N,01131.000,E,1,08,0.9,545.4,M,46.9,M,,'],
  ['a latitude past the pole', 'GPGGA,123519,9007.038,N,01131.000,E,1,08,0.9,545.4,M,46.9,M,,'],
  ['no hemisphere', 'GPGGA,123519,4807.038,,01131.000,E,1,08,0.9,545.4,M,46.9,M,,'],
  ['too few digits', 'GPGGA,123519,807.038,N,01131.000,E,1,08,0.9,545.4,M,46.9,M,,'],
])('%s is no position', (_, body) => {
  expect(parse(body)).toEqual({ kind: 'bad', reason: 'its position cannot be' });
  // Without a fix nobody takes it for one, and that there is none is worth knowing.
  expect(parse(body.replace(/,1,08,/, ',0,08,'))).toMatchObject({ kind: 'GGA', fix: 0, position: undefined });
});

test('south and west are negative', () => {
  const parsed = parse('GPGGA,123519,0130.000,S,07030.000,W,1,08,0.9,,M,,M,,');
  expect(parsed).toMatchObject({ position: { latitude: -1.5, longitude: -70.5 }, altitudeM: undefined });
});

test('a void RMC, and modes that are no fix, are not valid', () => {
  const rmc = (status: string, mode: string) =>
    parse(`GNRMC,123519,${status},4807.038,N,01131.000,E,022.4,084.4,230326,,,${mode}`);
  expect(rmc('A', 'A')).toMatchObject({ isValid: true });
  expect(rmc('A', 'D')).toMatchObject({ isValid: true });
  for (const [status, mode] of [
    ['V', 'A'],
    ['A', 'N'],
    ['A', 'E'],
    ['A', 'M'],
    ['A', 'S'],
  ] as const) {
    expect(rmc(status, mode)).toMatchObject({ isValid: false });
  }
});

test.each([
  ['311226', '235959.800', Date.UTC(2026, 11, 31, 23, 59, 59, 800)],
  ['010127', '000000.000', Date.UTC(2027, 0, 1)],
  ['311226', '240000', Date.UTC(2027, 0, 1)],
  ['311226', '235960', Date.UTC(2027, 0, 1)],
  ['190138', '031408', 2 ** 31 * 1_000],
  ['311226', '240001', undefined],
  ['311226', '236000', undefined],
  ['321226', '120000', undefined],
  ['', '120000', undefined],
  ['311226', '', undefined],
])('date %s and time %s', (date, time, utcMs) => {
  expect(parse(`GNRMC,${time},A,4807.038,N,01131.000,E,0,0,${date},,,A`)).toMatchObject({ utcMs });
});

test('sentences that are cut short, with a checksum all the same', () => {
  for (const body of ['GPGGA,123519', 'GPRMC', 'GPGSA,A,3', 'GPGSV,1']) expect(parse(body).kind).toBe('bad');
});
