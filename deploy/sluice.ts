import { dirname, resolve } from 'node:path';
import type { Static, TSchema } from 'typebox';
import { createBroker } from '../broker/broker.ts';
import { BrokerConfig } from '../broker/config.ts';
import { loadConfig } from '../core/config.ts';
import type { ServiceContext } from '../core/context.ts';
import type { Service } from '../core/lifecycle.ts';
import { SimulatorConfig } from '../firmware-sim/config.ts';
import { createSimulator } from '../firmware-sim/service.ts';
import { GatewayConfig } from '../gateway/config.ts';
import { createGateway } from '../gateway/service.ts';
import { IngestConfig } from '../ingest/config.ts';
import { createIngest } from '../ingest/service.ts';
import type { SluiceConfig } from './config.ts';

/** Every service that `config` names, in the order in which they start: whoever is needed comes first. */
export function createSluice(config: SluiceConfig, context: ServiceContext): readonly Service[] {
  return [
    ...from(config.simulator, SimulatorConfig, createSimulator, context),
    ...from(config.broker, BrokerConfig, createBroker, context),
    ...from(config.ingest, IngestConfig, createIngest, context),
    ...[config.gateway].flat().flatMap((file) => from(file, GatewayConfig, createGateway, context)),
  ];
}

function from<T extends TSchema>(
  file: string | undefined,
  schema: T,
  create: (config: Static<T>, context: ServiceContext) => Service | readonly Service[],
  context: ServiceContext,
): readonly Service[] {
  if (file === undefined) return [];
  const path = resolve(context.configFolder, file);
  return [create(loadConfig(schema, path), { ...context, configFolder: dirname(path) })].flat();
}
