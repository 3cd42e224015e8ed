import { join } from 'node:path';
import { runService } from '../core/run-service.ts';
import { SimulatorConfig } from './config.ts';
import { createSimulator } from './service.ts';

await runService({
  name: 'sim',
  schema: SimulatorConfig,
  defaultConfigFile: join(import.meta.dirname, 'sample.yaml'),
  create: (config, context) => [createSimulator(config, context)],
});
