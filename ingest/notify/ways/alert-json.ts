import type { Entry } from '../message-words.ts';
import { placesOf } from '../places-of.ts';

/** An alert as programs are told of it: docs/notify.md describes each field. */
export function alertJson({ item, event }: Entry) {
  return {
    what: item.endedMs === undefined ? item.what : 'cleared',
    id: item.alert,
    timeMs: item.timeMs,
    ...(event && {
      ...{ key: event.key, kind: event.kind, subject: event.subject, severity: event.severity },
      ...{ sinceMs: event.sinceMs, raisedMs: event.raisedMs, words: event.words },
      ...(event.clearedMs === undefined ? {} : { clearedMs: event.clearedMs }),
      ...(event.acknowledged && { acknowledged: event.acknowledged }),
      places: placesOf(event).slice(0, 50),
    }),
  };
}
