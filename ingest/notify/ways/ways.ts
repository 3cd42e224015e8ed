import type { WayKind } from '../../../core/alerts/contact.ts';
import type { Clock } from '../../../core/clock.ts';
import type { Log } from '../../../core/log.ts';
import type { NotifyConfig } from '../config.ts';
import { mailWay } from './mail-way.ts';
import { mqttWay, type PublishSurely } from './mqtt-way.ts';
import { smsWay } from './sms-way.ts';
import type { Way } from './way.ts';
import { webhookWay } from './webhook-way.ts';

interface WayParts {
  readonly configFolder: string;
  readonly clock: Clock;
  readonly log: Log;
  readonly publish: PublishSurely;
  /** Whether there is a broker to publish to. */
  readonly isConnected?: () => boolean;
}

/** Makes a way, or nothing where it is not set up. A new one takes its file and a line here. */
const MAKERS: Record<WayKind, (config: NotifyConfig, parts: WayParts) => Way | undefined> = {
  webhook: ({ webhook }, { configFolder }) => webhook && webhookWay(webhook, configFolder),
  mail: ({ mail }, { configFolder }) => mail && mailWay(mail, configFolder),
  mqtt: (_config, { publish, isConnected }) => mqttWay(publish, isConnected),
  sms: ({ sms }, parts) => sms && smsWay(sms, parts),
};

/** The ways that are set up. Throws whatever is wrong with their settings or their files. */
export function createWays(config: NotifyConfig, parts: WayParts): ReadonlyMap<WayKind, Way> {
  const ways = new Map<WayKind, Way>();
  for (const [kind, make] of Object.entries(MAKERS) as [WayKind, (typeof MAKERS)[WayKind]][]) {
    const way = make(config, parts);
    if (way) ways.set(kind, way);
  }
  return ways;
}
