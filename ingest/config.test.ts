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
    expect(loadConfig(IngestConfig, 'ingest/sample.yaml')).toEqual(parse('{}'));
  });

  it.each([
    ['stroe: {}', /ingest\.yaml:1: stroe: unknown key; did you mean "store"\?/],
    ['broker: { url: localhost:1883 }', /broker\.url: "localhost:1883" does not have the form/],
    ['hostId: my.host', /hostId: "my\.host" does not have the form/],
    ['pipeline: { flushMs: fast }', /pipeline\.flushMs: must be a whole number, and is "fast"/],
    ['store: { kind: papyrus }', /store.*kind/],
    ['http:\n  port: 99999', /ingest\.yaml:2: http\.port/],
  ])('refuse %s and say what is right', (text, words) => {
    expect(() => parse(text)).toThrow(words);
  });
});
