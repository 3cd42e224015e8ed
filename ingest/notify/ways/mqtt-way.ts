import { asSluiceError, SluiceError } from '../../../core/errors.ts';
import { placesOf } from '../places-of.ts';
import { alertJson } from './alert-json.ts';
import type { Way, WayMemory } from './way.ts';

/** Resolves once the broker has it. Throws a `SluiceError`. */
export type PublishSurely = (topic: string, payload: string) => Promise<void>;

/**
 * One retained message for each alert that is open, on `sluice/alerts/{site}/{id}` (`links` where it is about no site), which is taken
 * away when it is over, or when nobody is told of it by MQTT any more: whoever subscribes sees what is open now. An alert keeps its
 * topic for as long as it stands, and which topics stand is kept over a restart.
 */
export function mqttWay(publish: PublishSurely, isConnected?: () => boolean): Way {
  let memory: WayMemory | undefined;
  let isTidying = false;
  const underWay = new Set<string>();
  return {
    atOnce: 16,
    ...(isConnected && { isConnected }),
    start(given) {
      memory = given;
    },
    async send({ delivery, entries: [entry], isSilenced }) {
      if (!entry || delivery.way.kind !== 'mqtt') return;
      const { event, item } = entry;
      if (item.what === 'test') return;
      if (!event)
        throw new SluiceError('DELIVERY_REFUSED', {
          ...{ way: 'mqtt', to: item.alert, reason: 'the alert is kept no more' },
        });
      const site = placesOf(event).find((place) => place.site !== undefined)?.site;
      const topic = memory?.topics().get(event.id) ?? `sluice/alerts/${site ?? 'links'}/${event.id}`;
      const isOpen = event.clearedMs === undefined && !isSilenced;
      underWay.add(event.id);
      try {
        // Noted before: what is noted and not there costs one empty message, what is there and not noted stays for ever.
        if (isOpen) memory?.putTopic(event.id, topic);
        // An empty retained message takes away the one that is kept (MQTT 3.1.1 section 3.3.1.3).
        await publish(topic, isOpen ? JSON.stringify(alertJson(entry)) : '');
        if (!isOpen) memory?.dropTopic(event.id);
      } finally {
        underWay.delete(event.id);
      }
    },
    async tidy(isTold) {
      if (!memory || isTidying) return undefined;
      isTidying = true;
      try {
        for (const [alert, topic] of memory.topics()) {
          if (isTold(alert) || underWay.has(alert)) continue;
          await publish(topic, '');
          memory.dropTopic(alert);
        }
        return undefined;
      } catch (thrown) {
        // The broker or the disk is away: it is tried again.
        return asSluiceError(thrown);
      } finally {
        isTidying = false;
      }
    },
  };
}
