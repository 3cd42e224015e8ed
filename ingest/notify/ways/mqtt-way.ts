import { SluiceError } from '../../../core/errors.ts';
import { placesOf } from '../places-of.ts';
import { alertJson } from './alert-json.ts';
import type { Way } from './way.ts';

/** Resolves once the broker has it. Throws a `SluiceError`. */
export type PublishSurely = (topic: string, payload: string) => Promise<void>;

/**
 * One retained message for each alert that is open, on `sluice/alerts/{site}/{id}` (`links` where it is about no site), which is taken
 * away when it is over: whoever subscribes sees what is open now.
 */
export function mqttWay(publish: PublishSurely): Way {
  return {
    atOnce: 16,
    async send({ delivery, entries: [entry], isSilenced }) {
      if (!entry || delivery.way.kind !== 'mqtt') return;
      const { event, item } = entry;
      if (item.what === 'test') return;
      const site = event && placesOf(event).find((place) => place.site !== undefined)?.site;
      const isOpen = event !== undefined && event.clearedMs === undefined && !isSilenced;
      // An empty retained message takes away the one that is kept (MQTT 3.1.1 section 3.3.1.3).
      const payload = isOpen ? JSON.stringify(alertJson(entry)) : '';
      if (!event)
        throw new SluiceError('DELIVERY_REFUSED', {
          ...{ way: 'mqtt', to: item.alert, reason: 'the alert is kept no more' },
        });
      await publish(`sluice/alerts/${site ?? 'links'}/${event.id}`, payload);
    },
  };
}
