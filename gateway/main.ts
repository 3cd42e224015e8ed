import { runService } from '../core/run-service.ts';
import { GatewayConfig } from './config.ts';
import { createGateway } from './service.ts';

await runService({
  name: 'gateway',
  schema: GatewayConfig,
  create: (config, context) => [createGateway(config, context)],
});
