import { describe, expect, it } from 'vitest';
import { loadConfig, parseConfig } from '../../core/config.ts';
import { IngestConfig } from '../config.ts';
import { checkClusterConfig } from './check-cluster-config.ts';

const check = (text: string) => checkClusterConfig(parseConfig(IngestConfig, text, 'ingest.yaml'));
const STORE = 'store: { kind: influx, url: "http://127.0.0.1:8086", database: sluice }';

describe('settings of a worker', () => {
  it('are what the sample says', () => {
    expect(() => checkClusterConfig(loadConfig(IngestConfig, 'deploy/cluster/worker.yaml'))).not.toThrow();
  });

  it.each([
    [`cluster: { urls: ["amqp://127.0.0.1:5672"] }`, /store\.kind must be influx/],
    [
      `${STORE}\ncluster: { urls: ["amqp://127.0.0.1"] }\nautomation: { enabled: true }`,
      /automation\.enabled/,
    ],
    [`${STORE}\ncluster: { urls: ["amqp://10.0.0.1:5672"] }`, /cluster\.username and cluster\.passwordFile/],
    [`${STORE}\ncluster: { urls: ["amqp://127.0.0.1", "amqps://127.0.0.1"] }`, /all amqp:\/\/ or all amqps/],
    [`${STORE}\ncluster: { urls: ["amqp://me:secret@10.0.0.1"] }`, /cluster\.urls/],
    [`${STORE}\ncluster: { urls: [] }`, /cluster\.urls/],
    [`${STORE}\ncluster: { urls: ["amqp://127.0.0.1"], worker: a.b }`, /cluster\.worker: "a\.b"/],
    [`${STORE}\ncluster: { urls: ["amqp://127.0.0.1"], prefetch: 2001 }`, /cluster\.prefetch/],
  ])('%s is refused', (text, words) => {
    expect(() => check(text)).toThrow(words);
  });
});
