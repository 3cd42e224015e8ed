import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import mqtt from 'mqtt';
import { DATA_TYPES } from '../../core/sparkplug/payload.ts';
import { eventually } from '../../core/testing/eventually.ts';
import type { Measurement } from '../../core/testing/median-of-three.ts';
import { EdgeMessages } from '../../ingest/testing/edge-messages.ts';
import { Rig } from './rig.ts';
import { WebhookSink } from './webhook-sink.ts';

const DEVICES = 2_000;
/** Readings that raise something: each of a device of its own, so that nothing flaps and nothing is summed up. */
const ROUNDS = 60;
const EVERY_MS = 300;
const METRIC = 'soil/moisture';
const WITHIN = { withinMs: 60_000 };

interface Told {
  readonly alerts: readonly { readonly id: string; readonly raisedMs: number; readonly subject: string }[];
}

/**
 * From a reading that is beyond its bound to the event, and to the webhook that tells somebody: our broker and ingest as processes of
 * their own, 2 000 judged series that report meanwhile, times by the clock of this machine.
 */
export async function benchAlertLatency(): Promise<Measurement[]> {
  const rig = new Rig();
  const secret = 'bench-bench-bench-bench';
  const sink = new WebhookSink(secret);
  try {
    writeFileSync(join(rig.folder, 'secret'), secret);
    await sink.start();
    await rig.startBroker();
    await rig.startIngest('embedded', {
      notify: {
        perContact: { most: 1_000, perS: 10 },
        webhook: { secrets: { default: join(rig.folder, 'secret') } },
      },
    });
    const ways = [{ kind: 'webhook', to: sink.url }];
    await rig.post('/api/v1/contacts', {
      ...{ name: 'bench', language: 'en', ways, severities: ['warning'], sites: 'all', links: 'all' },
    });
    await rig.post('/api/v1/thresholds', {
      ...{ measurement: 'soil', field: 'moisture', scope: {}, forS: 0, severity: 'warning', enabled: true },
      ...{ rule: { kind: 'bounds', low: { raise: 20, clear: 22 } }, why: 'bench' },
    });
    const sentMs = await sendDry(rig);
    const found = await eventually(async () => {
      const { alerts } = await rig.get<Told>('/api/v1/alerts?state=all&limit=1000');
      return alerts.length === ROUNDS && sink.hooks.length > 0 && alerts;
    }, WITHIN);
    await eventually(() => sink.hooks.flatMap(({ body }) => body.alerts).length >= ROUNDS, WITHIN);
    const hookMs = new Map(
      sink.hooks.flatMap(({ atMs, body }) => body.alerts.map(({ id }) => [id, atMs] as const)),
    );
    const raised = found.map(({ raisedMs, subject }) => raisedMs - sentMs.get(deviceOf(subject))!);
    const told = found.map(
      ({ id, subject }) => performance.timeOrigin + hookMs.get(id)! - sentMs.get(deviceOf(subject))!,
    );
    const peakMemoryMB = rig.usage().get('ingest')?.peakMB ?? 0;
    return [
      latency('reading to raised event', raised, peakMemoryMB),
      latency('reading to webhook', told, peakMemoryMB),
    ];
  } finally {
    await rig.stop();
    await sink.stop();
  }
}

/** When each device said that it is dry. */
async function sendDry(rig: Rig): Promise<Map<string, number>> {
  const edge = new EdgeMessages('farm', 'bench');
  const client = await mqtt.connectAsync(rig.brokerUrl);
  const send = ({ topic, bytes }: { readonly topic: string; readonly bytes: Uint8Array }) =>
    client.publish(topic, Buffer.from(bytes));
  const say = (device: string, value: number) =>
    send(edge.data(device, [{ name: METRIC, dataType: DATA_TYPES.Double, value, timeMs: Date.now() }]));
  const devices = Array.from({ length: DEVICES }, (_, n) => `s${n}`);
  send(edge.nbirth());
  for (const device of devices)
    send(edge.dbirth(device, [{ name: METRIC, dataType: DATA_TYPES.Double, value: 30 }]));
  await eventually(async () => {
    const { readings } = await rig.get<{ readings: unknown[] }>('/api/v1/last?measurement=soil');
    return readings.length === DEVICES;
  }, WITHIN);
  const sentMs = new Map<string, number>();
  for (let round = 0; round < ROUNDS; round++) {
    await new Promise((resolve) => setTimeout(resolve, EVERY_MS));
    for (let n = 0; n < 200; n++) say(devices[ROUNDS + ((200 * round + n) % (DEVICES - ROUNDS))]!, 30);
    sentMs.set(devices[round]!, Date.now());
    say(devices[round]!, 15);
  }
  await client.endAsync();
  return sentMs;
}

/** The subject of a cause without a zone is `site/gateway/device/measurement/field`. */
function deviceOf(subject: string): string {
  return subject.split('/')[2]!;
}

function latency(what: string, all: readonly number[], peakMemoryMB: number): Measurement {
  const sorted = all.toSorted((a, b) => a - b);
  const at = (share: number) => Math.round(sorted[Math.ceil(share * sorted.length) - 1]!);
  const notes = [
    `${sorted.length} readings: p50 ${at(0.5)} ms, p99 ${at(0.99)} ms; ${DEVICES} judged series, 200 other readings beside each`,
  ];
  return { what, median: at(0.5), unit: 'ms', runs: [at(0.5)], peakMemoryMB, notes };
}
