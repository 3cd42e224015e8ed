import { resolve } from 'node:path';
import { rootCertificates } from 'node:tls';
import { createTransport } from 'nodemailer';
import { reasonOf, SluiceError } from '../../../core/errors.ts';
import { isLoopback } from '../../../core/listen.ts';
import { readSecret } from '../../../core/read-secret.ts';
import { readAuthorities } from '../../../core/tls-files.ts';
import type { MailConfig } from '../config.ts';
import { writeMessage } from '../message-words.ts';
import type { Way } from './way.ts';

const TIMEOUT_MS = 30_000;
/** For all of a mail: a server that says a byte now and then is none. */
const LONGEST_MS = 120_000;

/** Plain text over SMTP (RFC 5321), protected by TLS unless the server is on this machine. Throws `MAIL_UNPROTECTED` and whatever is wrong with its files. */
export function mailWay(config: MailConfig, configFolder: string): Way {
  const { host, port, tls, username, passwordFile, caFile, from } = config;
  if (tls === 'none' && !isLoopback(host)) throw new SluiceError('MAIL_UNPROTECTED', { host });
  const pass = passwordFile === undefined ? '' : readSecret(passwordFile, configFolder);
  const authorities = caFile === undefined ? undefined : readAuthorities(resolve(configFolder, caFile));
  const transport = createTransport({
    ...{ host, port, secure: tls === 'tls', requireTLS: tls === 'starttls', ignoreTLS: tls === 'none' },
    ...(username === undefined ? {} : { auth: { user: username, pass } }),
    tls: { minVersion: 'TLSv1.2', ...(authorities ? { ca: [...rootCertificates, authorities] } : {}) },
    ...{ connectionTimeout: TIMEOUT_MS, greetingTimeout: TIMEOUT_MS, socketTimeout: TIMEOUT_MS },
    // What is in a message is text, whatever it looks like.
    ...{ disableFileAccess: true, disableUrlAccess: true },
  });
  const domain = from.split('@').at(-1) ?? 'sluice';
  return {
    atOnce: 4,
    async send(message, signal) {
      const { way, id } = message.delivery;
      if (way.kind !== 'mail') return;
      const { subject, text } = writeMessage(message);
      try {
        await transport.sendMail({
          ...{ from: { name: 'Sluice', address: from }, to: way.to, subject, text },
          // The same at each try, so that a mailbox that has it already can tell.
          messageId: `<${id}@${domain}>`,
          // RFC 3834: nothing is to answer it by itself.
          headers: { 'Auto-Submitted': 'auto-generated' },
          signal: AbortSignal.any([signal, AbortSignal.timeout(LONGEST_MS)]),
        });
      } catch (error) {
        const { responseCode = 0, code } = error as { responseCode?: number; code?: string };
        const details = { way: 'mail', to: way.to, reason: reasonOf(error) };
        // 5yz is for ever (RFC 5321 section 4.2.1), unless it is about us and not about the mail.
        const isForEver = responseCode >= 500 && code !== 'EAUTH' && code !== 'ECONNECTION';
        throw new SluiceError(isForEver ? 'DELIVERY_REFUSED' : 'DELIVERY_FAILED', details, error);
      }
    },
    async stop() {
      transport.close();
    },
  };
}
