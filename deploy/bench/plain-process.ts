import { once } from 'node:events';
import { InfluxDB, Point } from '@influxdata/influxdb-client';
import mqtt from 'mqtt';
import { oracleDecode } from '../../core/sparkplug/testing/oracle.ts';

/**
 * The plain pipeline as people write it, to compare with: MQTT.js, a generated protobuf decoder, aliases looked up, one
 * `Point` for each reading, the client's own batching with its defaults. It checks nothing, knows no ledger and confirms nothing.
 */
const [brokerUrl = '', influxUrl = ''] = process.argv.slice(2);

interface WireMetric {
  readonly name?: string;
  readonly alias?: string;
  readonly timestamp?: string;
  readonly doubleValue?: number;
}

const client = await mqtt.connectAsync(brokerUrl);
const writeApi = new InfluxDB({ url: influxUrl }).getWriteApi('', 'plain', 'ms');
writeApi.path = '/write?db=plain&precision=ms';
const names = new Map<string, string>();
client.on('message', (topic, bytes) => {
  const [, site = '', type, gateway = '', device = ''] = topic.split('/');
  const payload = oracleDecode(bytes) as { metrics?: WireMetric[] };
  for (const { name, alias, timestamp, doubleValue } of payload.metrics ?? []) {
    const key = `${gateway}/${device}/${alias}`;
    if (name !== undefined) names.set(key, name);
    const known = names.get(key);
    if (type === 'NBIRTH' || known === undefined || doubleValue === undefined) continue;
    const [measurement = '', field = '', point = ''] = known.split('/');
    writeApi.writePoint(
      new Point(measurement)
        .tag('site', site)
        .tag('gateway', gateway)
        .tag('device', device)
        .tag('point', point)
        .floatField(field, doubleValue)
        .timestamp(Number(timestamp)),
    );
  }
});
await client.subscribeAsync('spBv1.0/farm/+/#');
process.on('disconnect', () => process.exit());
process.send!('ready');
await once(process, 'message');
await writeApi.close().catch(() => {});
process.send!('closed');
