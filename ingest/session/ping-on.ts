import type { MqttClient } from 'mqtt';
import type { Cancel, Clock } from '../../core/clock.ts';

/**
 * Keeps a connection alive on which nothing is read for a while, not even the answers to pings: pings go out, for the
 * broker's sake, and their answers are not waited for.
 */
export function pingOn(client: MqttClient, clock: Clock, keepaliveS: number): Cancel {
  const everyMs = (keepaliveS * 1000) / 3;
  let cancel: Cancel;
  const stayAlive = () => {
    if (client.connected) {
      client.sendPing();
      client.reschedulePing(true);
    }
    cancel = clock.after(everyMs, stayAlive);
  };
  cancel = clock.after(everyMs, stayAlive);
  return () => cancel();
}
