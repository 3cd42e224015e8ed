import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { checkConfig } from '../core/config.ts';
import { Supervisor } from '../core/lifecycle.ts';
import { freePort } from '../core/testing/free-port.ts';
import { DEBIAN_PYTHON, describeWith } from '../core/testing/needs.ts';
import { serviceContext } from '../core/testing/service-context.ts';
import { createBroker } from './broker.ts';
import { BrokerConfig } from './config.ts';

const run = promisify(execFile);

/** The ten behaviours that suites of interoperability look at, as a client sees them that is not ours. */
describeWith('python3-paho-mqtt')('MQTT 3.1.1 with the Paho client', () => {
  let port: number;
  let supervisor: Supervisor;

  beforeAll(async () => {
    port = await freePort();
    const listeners = [{ protocol: 'mqtt' as const, host: '127.0.0.1', port }];
    const settings = { listeners, sessions: { keep: false }, audit: { enabled: false } };
    const context = serviceContext();
    supervisor = new Supervisor(
      createBroker(checkConfig(BrokerConfig, settings), context),
      context.clock,
      context.log,
    );
    await supervisor.start();
  });
  afterAll(() => supervisor.stop());

  async function see(scenario: string): Promise<unknown> {
    const script = join(import.meta.dirname, 'testing/interoperability.py');
    const { stdout } = await run(DEBIAN_PYTHON, [script, String(port), scenario]);
    return JSON.parse(stdout);
  }

  /**
   * What came, one list for each QoS: order is promised within each of them (MQTT-4.6.0-6). Across them it is not: a message at
   * QoS 1 is handed over after its PUBACK, and one at QoS 2 before its PUBREC, so that may overtake it.
   */
  async function seeByQos(scenario: string): Promise<Record<string, unknown>> {
    const { messages, ...rest } = (await see(scenario)) as { messages: [string, string, number, number][] };
    return { ...rest, ...Object.groupBy(messages, ([, , qos]) => qos) };
  }

  /** What `publish_in_turns` has sent. */
  const inTurns = (topic: string) => {
    const at = (qos: number) => [0, 1, 2].map((n) => [topic, `qos ${qos} ${n}`, qos, 0]);
    return { 1: at(1), 2: at(2) };
  };

  test('basic: what is published at each QoS comes back at it', async () => {
    const messages = [0, 1, 2].map((qos) => ['TopicA', `qos ${qos}`, qos, 0]);
    expect(await see('basic')).toEqual({ messages });
  });

  test('retained messages: each comes to a later subscriber, and an empty one ends it (MQTT-3.3.1-5, -10)', async () => {
    const messages = [0, 1, 2].map((qos) => [`kept/${qos}`, `qos ${qos}`, qos, 1]);
    expect(await see('retained_messages')).toEqual({ messages, afterwards: [] });
  });

  test('zero length client id: taken with a clean session, refused with code 2 without (MQTT-3.1.3-7, -8)', async () => {
    expect(await see('zero_length_clientid')).toEqual({ codes: [0, 2] });
  });

  test('offline message queueing: what was published meanwhile comes in order (MQTT-3.1.2-5, -4.6.0-6)', async () => {
    expect(await seeByQos('offline_message_queueing')).toEqual({ present: 1, ...inTurns('for/sleeper') });
  });

  test('overlapping subscriptions: at the highest QoS of those that match (MQTT-3.3.5-1)', async () => {
    expect(await see('overlapping_subscriptions')).toMatchObject({ qos: 2 });
  });

  test('keepalive: a silent client is gone after one and a half times its keep alive (MQTT-3.1.2-24)', async () => {
    const { messages, seconds } = (await see('keepalive')) as { messages: unknown; seconds: number };
    expect(messages).toEqual([['last/words', 'gone', 1, 0]]);
    expect(seconds).toBeGreaterThan(4.9);
  });

  test('redelivery on reconnect: what was not acknowledged comes again, in order (MQTT-4.4.0-1, -4.6.0-1)', async () => {
    expect(await seeByQos('redelivery_on_reconnect')).toEqual(inTurns('again'));
  });

  test('subscribe failure: 0x80 for the filter that is refused, beside one that is granted (MQTT-3.8.4-5, 3.9.3)', async () => {
    expect(await see('subscribe_failure')).toEqual({ granted: [128, 1] });
  });

  test('dollar topics: a filter that begins with a wildcard does not match them (MQTT-4.7.2-1)', async () => {
    expect(await see('dollar_topics')).toEqual({ topics: ['plain/x'] });
  });

  test('unsubscribe: nothing more comes for that filter (MQTT-3.10.4-2)', async () => {
    expect(await see('unsubscribe')).toEqual({ topics: ['un/b'] });
  });
});
