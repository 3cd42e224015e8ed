import { runService } from '../core/run-service.ts';
import { gatewayConfigSchema } from './config.ts';
import { createGateway } from './service.ts';

await runService({
  name: 'gateway',
  schema: gatewayConfigSchema,
  create: (config, context) => [createGateway(config, context)],
});
