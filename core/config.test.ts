import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Type } from 'typebox';
import { describe, expect, it } from 'vitest';
import { checkConfig, loadConfig, parseConfig } from './config.ts';
import { ID_PATTERN } from './ids.ts';
import { temporaryFolder } from './testing/temporary-folder.ts';

const closed = { additionalProperties: false } as const;

const Listener = Type.Object(
  { host: Type.String({ default: '127.0.0.1' }), port: Type.Integer({ minimum: 1, maximum: 65_535 }) },
  closed,
);

const Settings = Type.Object(
  {
    site: Type.String({ pattern: '^[a-z-]+$' }),
    verbose: Type.Boolean({ default: false }),
    level: Type.Optional(Type.Enum(['debug', 'info'])),
    listeners: Type.Array(Listener, { minItems: 1 }),
    limits: Type.Object({ payloadBytes: Type.Integer({ default: 1024 }) }, { ...closed, default: {} }),
    points: Type.Optional(Type.Record(Type.String({ pattern: ID_PATTERN }), Type.Integer(), closed)),
    zone: Type.Optional(Type.String({ pattern: ID_PATTERN })),
    target: Type.Optional(
      Type.Union([Type.Object({ file: Type.String() }, closed), Type.Object({ url: Type.String() }, closed)]),
    ),
    drivers: Type.Optional(
      Type.Array(
        Type.Unsafe<unknown>({
          type: 'object',
          properties: { driver: { type: 'string' } },
          required: ['driver'],
          discriminator: { propertyName: 'driver' },
          oneOf: [
            Type.Object({ driver: Type.Literal('modbus'), port: Type.String() }, closed),
            Type.Object({ driver: Type.Literal('nmea'), device: Type.String() }, closed),
          ],
        }),
      ),
    ),
  },
  closed,
);

const GOOD = `# the demo
site: demo-farm
listeners:
  - port: 1883
  - host: '::1'
    port: 8083
`;

function refusal(text: string): string {
  try {
    parseConfig(Settings, text, 'farm.yaml');
    return 'accepted';
  } catch (error) {
    expect(error).toMatchObject({ name: 'SluiceError', code: 'CONFIG_INVALID', retryable: false });
    return (error as Error).message.replace('the configuration is not valid:\n', '');
  }
}

describe('a good file', () => {
  it('is filled with defaults and frozen to its depths', () => {
    const config = parseConfig(Settings, GOOD, 'farm.yaml');
    expect(config).toEqual({
      site: 'demo-farm',
      verbose: false,
      listeners: [
        { host: '127.0.0.1', port: 1883 },
        { host: '::1', port: 8083 },
      ],
      limits: { payloadBytes: 1024 },
    });
    expect(() => Object.assign(config.listeners[0]!, { port: 1 })).toThrow(TypeError);
    expect(() => Object.assign(config.limits, { payloadBytes: 1 })).toThrow(TypeError);
  });

  it('may be JSON', () => {
    expect(parseConfig(Settings, '{"site":"a","listeners":[{"port":1}]}', 'a.json').site).toBe('a');
  });
});

describe('a bad file is refused with its line, its place and what would be right:', () => {
  it.each([
    ['nothing in it', '', '  farm.yaml:1: site: missing; it must be set'],
    [
      'an unknown key that is nearly a known one',
      GOOD.replace('site:', 'verbos: true\nsite:'),
      '  farm.yaml:2: verbos: unknown key; did you mean "verbose"?',
    ],
    [
      'an unknown key that is like none',
      GOOD.replace('  - port: 1883', '  - port: 1883\n    colour: red'),
      '  farm.yaml:5: listeners[0].colour: unknown key; known keys: host, port',
    ],
    [
      'a missing key',
      GOOD.replace('    port: 8083\n', ''),
      '  farm.yaml:5: listeners[1].port: missing; it must be set',
    ],
    [
      'a number in quotes, which is not coerced',
      GOOD.replace('1883', "'1883'"),
      '  farm.yaml:4: listeners[0].port: must be a whole number, and is "1883"',
    ],
    [
      'a broken number',
      GOOD.replace('1883', '1883.5'),
      '  farm.yaml:4: listeners[0].port: must be a whole number, and is 1883.5',
    ],
    [
      'yes for true',
      GOOD.replace('site:', 'verbose: yes\nsite:'),
      '  farm.yaml:2: verbose: must be true or false, and is "yes"',
    ],
    [
      'one thing where a list belongs',
      'site: a\nlisteners: 1883\n',
      '  farm.yaml:2: listeners: must be a list, and is 1883',
    ],
    [
      'a text where settings belong',
      `${GOOD}limits: none\n`,
      '  farm.yaml:7: limits: must be a group of settings, and is "none"',
    ],
    [
      'a number out of range',
      GOOD.replace('8083', '80830'),
      '  farm.yaml:6: listeners[1].port: must be <= 65535, and is 80830',
    ],
    [
      'a text of another form',
      GOOD.replace('demo-farm', 'Demo.Farm'),
      '  farm.yaml:2: site: "Demo.Farm" does not have the form ^[a-z-]+$',
    ],
    [
      'a name that is made up and is none',
      `${GOOD}points: { v1: 1, 南区: 2 }\n`,
      '  farm.yaml:7: points.南区: the name is not valid: use 1 to 64 of the characters A–Z a–z 0–9 _ -',
    ],
    [
      'a text that is no id',
      `${GOOD}zone: 南区\n`,
      '  farm.yaml:7: zone: "南区" is not valid: use 1 to 64 of the characters A–Z a–z 0–9 _ -',
    ],
    [
      'a long text, which is cut',
      `${GOOD}limits: ${'x'.repeat(10_000)}\n`,
      `  farm.yaml:7: limits: must be a group of settings, and is "${'x'.repeat(79)}…`,
    ],
    [
      'a long key, which is cut',
      `${GOOD}${'x'.repeat(900)}: 1\n`,
      `  farm.yaml:7: ${'x'.repeat(80)}…: unknown key; known keys: ${Object.keys(Settings.properties).join(', ')}`,
    ],
    [
      'a long name for nothing, which is cut',
      `site: *${'x'.repeat(10_000)}\n`,
      `  farm.yaml: not valid YAML: Unresolved alias (the anchor must be set before the alias): ${'x'.repeat(100)}…`,
    ],
    [
      'a second document',
      `${GOOD}---\nsite: b\n`,
      '  farm.yaml:7: a settings file holds one document; remove this "---" and what follows',
    ],
    [
      'a word that is not on the list',
      `${GOOD}level: loud\n`,
      '  farm.yaml:7: level: must be one of "debug", "info", and is "loud"',
    ],
    [
      'an empty list',
      'site: a\nlisteners: []\n',
      '  farm.yaml:2: listeners: must NOT have fewer than 1 items, and is []',
    ],
    [
      'a kind that there is not',
      `${GOOD}drivers:\n  - driver: teapot\n`,
      '  farm.yaml:8: drivers[0]: needs "driver", and it must name a known kind',
    ],
    [
      'an option of another kind',
      `${GOOD}drivers:\n  - driver: nmea\n    device: a\n    port: b\n`,
      '  farm.yaml:10: drivers[0].port: unknown key; known keys: driver, device',
    ],
    [
      'a list instead of settings',
      '- a\n',
      '  farm.yaml:1: the file: must be a group of settings, and is ["a"]',
    ],
    ['the same key twice', `${GOOD}site: again\n`, '  farm.yaml:7: not valid YAML: Map keys must be unique'],
    [
      'a tab for a space',
      'site: a\nlisteners:\n\t- port: 1\n',
      '  farm.yaml:3: not valid YAML: Tabs are not allowed as indentation',
    ],
    [
      'a quote that does not end',
      'site: "a\nlisteners: 1\n',
      '  farm.yaml:3: not valid YAML: Missing closing "quote',
    ],
    [
      'a name for nothing',
      'site: *other\nlisteners:\n  - port: 1\n',
      '  farm.yaml: not valid YAML: Unresolved alias (the anchor must be set before the alias): other',
    ],
  ])('%s', (_, text, message) => {
    expect(refusal(text).split('\n')).toContain(message);
  });

  it('one of several forms that it has none of, and only once', () => {
    expect(refusal(`${GOOD}target: 5\n`)).toBe(
      '  farm.yaml:7: target: must be a group of settings, and is 5',
    );
  });

  it('all its problems at once, each once', () => {
    const text = GOOD.replace('1883', '0').replace('8083', 'none').replace('site: demo-farm\n', '');
    expect(refusal(text).split('\n').sort()).toEqual([
      '  farm.yaml:1: site: missing; it must be set',
      '  farm.yaml:3: listeners[0].port: must be >= 1, and is 0',
      '  farm.yaml:5: listeners[1].port: must be a whole number, and is "none"',
    ]);
  });

  it('names that grow into each other', () => {
    const tenOf = (what: string) => `[${new Array(10).fill(what).join(', ')}]`;
    const lines = [`a: &a ${tenOf('x')}`];
    for (const [from, to] of ['ab', 'bc', 'cd', 'de', 'ef']) lines.push(`${to}: &${to} ${tenOf(`*${from}`)}`);
    expect(refusal(lines.join('\n'))).toMatch(/farm\.yaml: not valid YAML: Excessive alias count/);
  });
});

describe('a file', () => {
  it('that cannot be read is named, with the reason', () => {
    const file = join(temporaryFolder(), 'absent.yaml');
    expect(() => loadConfig(Settings, file)).toThrow(
      expect.objectContaining({
        code: 'CONFIG_UNREADABLE',
        message: expect.stringMatching(/cannot read the configuration .*absent\.yaml: ENOENT.*--config/),
      }),
    );
  });

  it.each([
    ['UTF-16', Buffer.from(`\uFEFF${GOOD}`, 'utf16le')],
    ['UTF-16 without a mark', Buffer.from(GOOD, 'utf16le')],
    ['UTF-16, big end first', Buffer.from(`\uFEFF${GOOD}`, 'utf16le').swap16()],
    ['GBK', Buffer.from([...Buffer.from('site: '), 0xc4, 0xcf, 0xc7, 0xf8])],
  ])('in %s is to be saved as UTF-8, and is not poured into the message', (_, bytes) => {
    const file = join(temporaryFolder(), 'farm.yaml');
    writeFileSync(file, bytes);
    expect(() => loadConfig(Settings, file)).toThrow(
      'the configuration is not valid:\n  farm.yaml: is not a text in UTF-8; save it as UTF-8',
    );
  });

  it('may begin with the mark of UTF-8', () => {
    const file = join(temporaryFolder(), 'farm.yaml');
    writeFileSync(file, `\uFEFF${GOOD}`);
    expect(loadConfig(Settings, file).site).toBe('demo-farm');
  });

  it('is named in messages without the folders it lies in', () => {
    const file = join(temporaryFolder(), 'farm.yaml');
    writeFileSync(file, 'site: a\n');
    expect(() => loadConfig(Settings, file)).toThrow(/^ {2}farm\.yaml:1: listeners: missing/m);
  });
});

describe('a value in memory', () => {
  it('is checked like a file, without lines', () => {
    expect(() => checkConfig(Listener, { port: 0 })).toThrow(/^ {2}port: must be >= 1, and is 0$/m);
    expect(checkConfig(Listener, { port: 1 })).toEqual({ host: '127.0.0.1', port: 1 });
  });
});
