import fc from 'fast-check';
import { describe, expect, onTestFinished, test } from 'vitest';
import { startInfluxd } from '../../../core/testing/influxd.ts';
import { describeWith } from '../../../core/testing/needs.ts';
import { type BadLine, type Line, parseLines } from './parse-lines.ts';

const one = (text: string): Line | BadLine => parseLines(text, 'ns')[0]!;

describe('a line', () => {
  test('has a measurement, tags, fields of every type and a time', () => {
    const text =
      'soil,site=farm,device=p-1 moisture=23.4,n=5i,u=7u,ok=t,off=FALSE,say="a b" 1763000000123456789';
    expect(one(text)).toEqual({
      ...{ line: 1, text },
      measurement: 'soil',
      tags: [
        ['site', 'farm'],
        ['device', 'p-1'],
      ],
      fields: [
        ['moisture', 23.4],
        ['n', 5],
        ['u', 7],
        ['ok', true],
        ['off', false],
        ['say', 'a b'],
      ],
      timeMs: 1_763_000_000_123,
    });
  });

  test('escapes blanks, commas, equals signs and quotes where they mean something, and nothing else', () => {
    const text = String.raw`my\,\ soil\x,a\=b=c\,d\ e e\ f\==" \"x\" \\ \n, = #"`;
    expect(one(text)).toMatchObject({
      measurement: String.raw`my, soil\x`,
      tags: [['a=b', 'c,d e']],
      fields: [['e f=', String.raw` "x" \ \n, = #`]],
      timeMs: undefined,
    });
  });

  test.each([
    ['ns', '-1', -1],
    ['us', '1763000000123999', 1_763_000_000_123],
    ['ms', '1763000000123', 1_763_000_000_123],
    ['s', '1763000000', 1_763_000_000_000],
    ['m', '29383333', 1_762_999_980_000],
    ['h', '489722', 1_762_999_200_000],
  ] as const)('times in %s: %s', (unit, text, timeMs) => {
    expect(parseLines(`a b=1 ${text}`, unit)).toMatchObject([{ timeMs }]);
  });

  test.each([
    'soil',
    'soil,site=farm',
    ',site=farm a=1',
    'soil,site a=1',
    'soil,=x a=1',
    'soil,site= a=1',
    'soil,a=b=c d=1',
    'soil,a=1,a=2 d=1',
    'soil a',
    'soil =1',
    'soil a=',
    'soil a=1,',
    'soil a=+1',
    'soil a=1e',
    'soil a=0x10',
    'soil a=NaN',
    'soil a=1e999',
    'soil a=9223372036854775808i',
    'soil a=-1u',
    'soil a=1.5i',
    'soil a=yes',
    'soil a="x',
    'soil a="x"y',
    'soil a=1 soon',
    'soil a=1 1.5',
    'soil a=1 1 1',
  ])('that cannot be read is named and costs only itself: %s', (bad) => {
    const found = parseLines(`ok a=1\n${bad}\nok b=2\n`, 'ns');
    expect(found.map(({ line }) => line)).toEqual([1, 2, 3]);
    expect(found[1]).toMatchObject({ problem: { en: expect.any(String), zh: expect.any(String) } });
  });

  test('may be empty or a comment, may end as on Windows, and its text may hold line ends', () => {
    const body = '# "a\r\n\r\n  a b=1 5\r\na b="x\ny" 6\n\n#\na b=3 7';
    expect(parseLines(body, 'ms')).toMatchObject([
      { line: 3, timeMs: 5 },
      { line: 4, fields: [['b', 'x\ny']], timeMs: 6 },
      { line: 8, timeMs: 7 },
    ]);
  });

  test('no body makes it throw, or takes it long', () => {
    const char = fc.constantFrom(...'ab ,=\\"\n#1it.-\t\r');
    fc.assert(
      fc.property(fc.string({ unit: char, maxLength: 60 }), (body) => {
        parseLines(body, 'ns');
      }),
      { numRuns: 5_000 },
    );
    const fromMs = performance.now();
    for (const piece of ['a b="\n', 'a b="x\\', 'a,', 'a\\\n', '"=\n', ' \n']) {
      parseLines(piece.repeat(4_194_304 / piece.length), 'ns');
    }
    // A second or two on an idle machine; what this bounds is work that multiplies, which would take minutes.
    expect(performance.now() - fromMs).toBeLessThan(120_000);
  });
});

describeWith('influxd')('a real InfluxDB', () => {
  const plain = fc.string({ unit: fc.constantFrom(...'ab é水:/.-'), minLength: 1, maxLength: 5 });
  const special = fc.string({ unit: fc.constantFrom(...'ab ,=x"'), minLength: 1, maxLength: 6 });
  const escaped = (text: string, chars: string) =>
    [...text].map((char) => (chars.includes(char) ? `\\${char}` : char)).join('');
  const value = fc.oneof(
    fc
      .double({ noNaN: true, noDefaultInfinity: true })
      .map(String)
      .filter((text) => !text.includes('+')),
    fc.integer().map((number) => `${number}i`),
    fc.constantFrom(
      't',
      'F',
      'true',
      'False',
      '1.',
      '.5',
      '-.5',
      '1e3',
      '1E-3',
      '+1',
      '1e',
      '-',
      'x',
      '1.5i',
      '',
    ),
    fc
      .string({ unit: fc.constantFrom(...'ab ,=\n\\"#'), maxLength: 8 })
      .map((text) => `"${text.replace(/[\\"]/g, '\\$&')}"`),
  );
  const line = fc
    .record({
      measurement: fc.oneof(plain, special),
      tags: fc.uniqueArray(fc.tuple(fc.constantFrom('k', 'l', 'm n', 'o=p'), fc.oneof(plain, special)), {
        selector: ([key]) => key,
        maxLength: 3,
      }),
      fields: fc.uniqueArray(fc.tuple(fc.constantFrom('f', 'g h', 'i,j', 'q"r'), value), {
        selector: ([key]) => key,
        minLength: 1,
        maxLength: 4,
      }),
    })
    .map(({ measurement, tags, fields }) => {
      const head = [
        escaped(measurement.replace(/^[# ]+/, 'm'), ', '),
        ...tags.map(([key, text]) => `${escaped(key, ',= ')}=${escaped(text, ',= ')}`),
      ].join(',');
      return `${head} ${fields.map(([key, text]) => `${escaped(key, ',= "')}=${text}`).join(',')}`;
    });

  test('reads the same points from the same lines, and refuses the same', async () => {
    const influxd = await startInfluxd();
    onTestFinished(() => influxd.stop());
    const lines = fc.sample(line, { numRuns: 300, seed: 20_261_122 });
    let refused = 0;
    for (const [index, text] of lines.entries()) {
      const database = `d${index}`;
      await influxd.query(`CREATE DATABASE ${database}`);
      const where = `${influxd.url}/write?db=${database}&precision=ms`;
      const answer = await fetch(where, { method: 'POST', body: `${text} 1763000000123` });
      const parsed = parseLines(`${text} 1763000000123`, 'ms');
      const isTaken = parsed.length === 1 && 'fields' in parsed[0]!;
      expect([text, isTaken]).toEqual([text, answer.status === 204]);
      if (isTaken)
        expect([text, pointOf(parsed[0] as Line)]).toEqual([text, await pointIn(influxd, database)]);
      else refused++;
      await influxd.query(`DROP DATABASE ${database}`);
    }
    expect(refused).toBeGreaterThan(20);
    expect(refused).toBeLessThan(200);
  });
});

interface Point {
  readonly measurement: string;
  readonly columns: Record<string, unknown>;
}

function pointOf({ measurement, tags, fields, timeMs }: Line): Point {
  return { measurement, columns: Object.fromEntries([...tags, ...fields, ['time', timeMs]]) };
}

async function pointIn(
  influxd: { query(text: string, database: string): Promise<unknown> },
  database: string,
): Promise<Point> {
  const answer = (await influxd.query('SELECT * FROM /.*/', database)) as {
    results: { series: { name: string; columns: string[]; values: unknown[][] }[] }[];
  };
  const { name, columns, values } = answer.results[0]!.series[0]!;
  return {
    measurement: name,
    columns: Object.fromEntries(columns.map((column, index) => [column, values[0]![index]])),
  };
}
