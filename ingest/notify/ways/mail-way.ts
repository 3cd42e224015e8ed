import { resolve } from 'node:path';
import { rootCertificates } from 'node:tls';
import { createTransport } from 'nodemailer';
import { reasonOf, SluiceError, type Words } from '../../../core/errors.ts';
import { isLoopback } from '../../../core/listen.ts';
import { readSecret } from '../../../core/read-secret.ts';
import { readAuthorities } from '../../../core/tls-files.ts';
import type { MailConfig } from '../config.ts';
import { writeMessage } from '../message-words.ts';
import type { Way } from './way.ts';

const TIMEOUT_MS = 30_000;
/** For all of a mail: a server that says a byte now and then is none. */
const LONGEST_MS = 120_000;

/** OpenSSL's and Node's words for a certificate that is not believed. */
const UNBELIEVED = /certificate|altnames/i;

/** What went wrong, with the setting that mends it where it is one. */
function mailReason(error: unknown, { host, port, tls }: MailConfig): string | Words {
  const said = reasonOf(error).split('; if the root CA')[0]!.trim();
  if (UNBELIEVED.test(said))
    return {
      en: `the certificate of ${host} is not believed (${said}): name its authority in notify.mail.caFile, or its own name in notify.mail.host`,
      zh: `不信任 ${host} 的证书（${said}）：请在 notify.mail.caFile 中给出其颁发机构，或在 notify.mail.host 中使用证书上的名称`,
    };
  if (said.includes('wrong version number'))
    return {
      en: `${host} speaks no TLS from the first byte on port ${port}: set notify.mail.tls to starttls, or the port to 465`,
      zh: `${host} 的端口 ${port} 不是直接 TLS：请将 notify.mail.tls 设为 starttls，或将端口设为 465`,
    };
  if ((error as { code?: string }).code === 'ETIMEDOUT' && tls !== 'tls')
    return {
      en: `${host} said nothing on port ${port} (${said}): where that is for TLS from the first byte, set notify.mail.tls to tls`,
      zh: `${host} 的端口 ${port} 没有应答（${said}）：若该端口使用直接 TLS，请将 notify.mail.tls 设为 tls`,
    };
  return said;
}

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
          ...{ from: { name: 'Sluice', address: from }, to: { name: '', address: way.to }, subject, text },
          // The same at each try, so that a mailbox that has it already can tell.
          messageId: `<${id}@${domain}>`,
          // RFC 3834: nothing is to answer it by itself.
          headers: { 'Auto-Submitted': 'auto-generated' },
          signal: AbortSignal.any([signal, AbortSignal.timeout(LONGEST_MS)]),
        });
      } catch (error) {
        const { responseCode = 0, code } = error as { responseCode?: number; code?: string };
        const details = { way: 'mail', to: way.to, reason: mailReason(error, config) };
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
