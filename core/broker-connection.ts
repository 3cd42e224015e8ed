import { Type } from 'typebox';

/** The settings by which a service reaches its MQTT broker. `url` adds to those of the address, such as a default. */
export function brokerConnection(url: { readonly default?: string } = {}) {
  return {
    url: Type.String({
      format: 'broker-url',
      description: 'MQTT 3.1.1 broker: mqtt://, mqtts://, ws:// or wss://',
      ...url,
    }),
    username: Type.Optional(Type.String({ minLength: 1 })),
    passwordFile: Type.Optional(
      Type.String({ minLength: 1, description: 'File that holds the password, relative to this file' }),
    ),
  };
}
