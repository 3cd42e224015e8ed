import { resolve } from 'node:path';
import { type Static, Type } from 'typebox';
import { SluiceError } from './errors.ts';
import { readSecret } from './read-secret.ts';
import { readAuthorities, readKeyPair } from './tls-files.ts';

const file = (description: string) => Type.Optional(Type.String({ minLength: 1, description }));

/** The settings by which a service reaches its MQTT broker. `url` adds to those of the address, such as a default. */
export function brokerConnection(url: { readonly default?: string } = {}) {
  return {
    url: Type.String({
      format: 'broker-url',
      description: 'MQTT 3.1.1 broker: mqtt://, mqtts://, ws:// or wss://',
      ...url,
    }),
    username: Type.Optional(
      Type.String({
        minLength: 1,
        description: 'User at the broker; none: whoever comes is let in there, or is known by a certificate',
      }),
    ),
    passwordFile: file('File that holds the password, relative to this file'),
    caFile: file(
      'PEM file of the authority that signed the certificate of the broker, relative to this file; without it those that Node knows are believed',
    ),
    certFile: file('PEM file of a client certificate, relative to this file; keyFile goes with it'),
    keyFile: file('PEM file of the private key of certFile, readable for this user only'),
  };
}

/** The settings that name files: relative to the settings file. */
export const BROKER_FILES = ['passwordFile', 'caFile', 'certFile', 'keyFile'] as const;

const connection = Type.Object(brokerConnection());
type Connection = Omit<Static<typeof connection>, 'url'> & { readonly url: string };

/** Who connects and whom it believes, as MQTT.js takes it among its options. */
export interface BrokerLogin {
  readonly username?: string;
  readonly password?: string;
  readonly ca?: string;
  readonly cert?: string;
  readonly key?: string;
}

/**
 * Reads the files of a connection. Throws `SECRET_UNREADABLE`, what `readKeyPair` throws, and `CONFIG_INVALID` for
 * certificates on a connection that would not use them.
 */
export function brokerLogin(config: Connection, configFolder: string): BrokerLogin {
  const { url, username, passwordFile, caFile, certFile, keyFile } = config;
  if ((certFile === undefined) !== (keyFile === undefined))
    throw invalid('certFile and keyFile go together: set both, or neither');
  if (/^(mqtt|ws):/.test(url) && (caFile ?? certFile) !== undefined)
    throw invalid(`caFile and certFile need mqtts:// or wss://, and url is ${url}`);
  const path = (name: string) => resolve(configFolder, name);
  return {
    ...(username === undefined ? {} : { username }),
    ...(passwordFile === undefined ? {} : { password: readSecret(passwordFile, configFolder) }),
    ...(caFile === undefined ? {} : { ca: readAuthorities(path(caFile)) }),
    ...(certFile === undefined || keyFile === undefined ? {} : readKeyPair(path(certFile), path(keyFile))),
  };
}

function invalid(problem: string): SluiceError {
  return new SluiceError('CONFIG_INVALID', { problems: `broker: ${problem}` });
}
