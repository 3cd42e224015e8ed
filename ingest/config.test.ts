import { describe, expect, it } from 'vitest';
import { loadConfig, parseConfig } from '../core/config.ts';
import { IngestConfig } from './config.ts';

const parse = (text: string) => parseConfig(IngestConfig, text, 'ingest.yaml');

describe('ingest settings', () => {
  it('run on defaults alone: embedded store, everything on loopback', () => {
    expect(parse('{}')).toMatchObject({
      hostId: 'sluice',
      broker: { url: 'mqtt://127.0.0.1:1883' },
      store: { kind: 'embedded' },
      http: { host: '127.0.0.1', port: 8080 },
    });
  });

  it('say in the sample what the defaults say', () => {
    const { automation, zones, ...sample } = loadConfig(IngestConfig, 'ingest/sample.yaml');
    const { automation: off, ...defaults } = parse('{}');
    expect(sample).toEqual(defaults);
    // What the demonstration adds.
    expect(zones).toBe('sample-zones.geojson');
    expect([automation.enabled, off.enabled]).toEqual([true, false]);
  });

  it.each([
    ['stroe: {}', /ingest\.yaml:1: stroe: unknown key; did you mean "store"\?/],
    ['broker:\n  url: localhost:1883', /ingest\.yaml:2: broker\.url: no address can be read from it/],
    ['broker: { url: mqtt://x:99999 }', /broker\.url: no address can be read from it/],
    ['broker: { url: mqtt://me:hunter2@x }', /broker\.url: user and password do not belong here/],
    ['session: { rebirthIntervalMs: 2147483648 }', /session\.rebirthIntervalMs: must be <= 86400000/],
    ['session: { rebirthsPerS: 0.000001 }', /session\.rebirthsPerS: must be >= 1/],
    ['session: { maxGateways: 1000000000 }', /session\.maxGateways: must be <= 1000000/],
    ['store: { kind: influx, timeoutMs: 2147483648 }', /store\.timeoutMs: must be <= 86400000/],
    ['hostId: my.host', /hostId: "my\.host" /],
    ['pipeline: { flushMs: fast }', /pipeline\.flushMs: must be a whole number, and is "fast"/],
    ['store: { kind: papyrus }', /store.*kind/],
    ['http:\n  port: 99999', /ingest\.yaml:2: http\.port/],
  ])('refuse %s and say what is right', (text, words) => {
    expect(() => parse(text)).toThrow(words);
  });

  it('do not repeat a password that stands in the broker’s address', () => {
    expect(() => parse('broker: { url: mqtt://me:hunter2@x }')).not.toThrow('hunter2');
  });
});
