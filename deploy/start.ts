import { join } from 'node:path';
import { runService } from '../core/run-service.ts';
import { buildConsoleApart } from '../dashboards/console/build.ts';
import { SluiceConfig } from './config.ts';
import { createSluice } from './sluice.ts';

await buildConsoleApart();
await runService({
  name: 'start',
  schema: SluiceConfig,
  defaultConfigFile: join(import.meta.dirname, 'farm.yaml'),
  // Somebody watches it: one address, and what is wrong.
  defaultLogLevel: 'warn',
  create: createSluice,
});
