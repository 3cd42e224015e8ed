import type { IClientOptions } from 'mqtt';
import { brokerLogin } from '../../core/broker-connection.ts';
import type { BrokerConnectionConfig } from '../config.ts';

export const RECONNECT_MS = 2_000;
const CONNECT_TIMEOUT_MS = 10_000;

/** What all connections of ingest to its broker have in common. Throws where a file of the login cannot be read. */
export function brokerOptions(config: BrokerConnectionConfig, configFolder: string): IClientOptions {
  return {
    protocolVersion: 4,
    keepalive: config.keepaliveS,
    reconnectPeriod: RECONNECT_MS,
    connectTimeout: CONNECT_TIMEOUT_MS,
    ...brokerLogin(config, configFolder),
  };
}
