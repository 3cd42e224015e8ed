import type { ServiceContext } from '../core/context.ts';
import { SluiceError } from '../core/errors.ts';
import type { Service } from '../core/lifecycle.ts';
import { formatAddress, isLoopback } from '../core/listen.ts';
import { BrokerCore } from './broker-core.ts';
import { BrokerListener } from './broker-listener.ts';
import type { BrokerConfig, ListenerConfig } from './config.ts';

/**
 * The embedded MQTT 3.1.1 broker: one core, and a service for each listener, so that a port that is taken, or a
 * certificate that has expired, keeps no other listener down.
 */
export function createBroker(config: BrokerConfig, context: ServiceContext): readonly Service[] {
  for (const [index, listener] of config.listeners.entries()) {
    const where = `broker.listeners[${index}]`;
    if (config.usersFile === undefined && !isLoopback(listener.host)) {
      throw new SluiceError('LISTEN_WITHOUT_CREDENTIALS', {
        what: 'the MQTT broker',
        address: formatAddress(listener),
        setting: `broker.usersFile (for ${where})`,
      });
    }
    const problem = tlsProblem(listener);
    if (problem !== undefined) throw new SluiceError('CONFIG_INVALID', { problems: `${where}: ${problem}` });
  }
  const core = new BrokerCore(config, context);
  return [core, ...config.listeners.map((_, index) => new BrokerListener(core, config, index, context))];
}

function tlsProblem({ protocol, tls }: ListenerConfig): string | undefined {
  const isTls = protocol === 'mqtts' || protocol === 'wss';
  if (isTls && !tls) return `${protocol} needs tls with certFile and keyFile`;
  if (!isTls && tls) return `tls goes with mqtts or wss, and protocol is ${protocol}`;
  if (tls && tls.clientCertificate !== 'none' && tls.caFile === undefined)
    return `clientCertificate: ${tls.clientCertificate} needs caFile, or nobody knows which to believe`;
  return undefined;
}
