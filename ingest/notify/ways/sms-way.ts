import { createHash } from 'node:crypto';
import type { Clock } from '../../../core/clock.ts';
import type { Log } from '../../../core/log.ts';
import { readSecret } from '../../../core/read-secret.ts';
import type { SmsConfig } from '../config.ts';
import { shortMessage } from '../message-words.ts';
import { encodeSubmit, smsSize } from '../sms/encode-submit.ts';
import { plainText } from '../sms/gsm-alphabet.ts';
import { GsmModem } from '../sms/gsm-modem.ts';
import type { Way } from './way.ts';

/** Two SMS at most, by a GSM modem. Throws `SECRET_UNREADABLE`. */
export function smsWay(
  { path, baudRate, pinFile }: SmsConfig,
  { configFolder, clock, log }: { readonly configFolder: string; readonly clock: Clock; readonly log: Log },
): Way {
  const pin = pinFile === undefined ? undefined : readSecret(pinFile, configFolder);
  const modem = new GsmModem({ path, baudRate, pin, clock, log });
  return {
    atOnce: 1,
    async send(message) {
      const { way, id } = message.delivery;
      if (way.kind !== 'sms') return;
      const text = plainText(
        shortMessage({ ...message, link: message.shortLink }, 1, (one) => smsSize(plainText(one))),
      );
      // The same at each try, so that a phone that has a part already puts it together with the others.
      const reference = createHash('sha256').update(id).digest()[0]!;
      await modem.send(id, encodeSubmit(way.to, text, reference));
    },
    trouble: () => modem.trouble(),
    signal: () => (modem.signalDbm === undefined ? {} : { signalDbm: modem.signalDbm }),
    start: () => modem.start(),
    stop: () => modem.stop(),
  };
}
