import { runService } from '../core/run-service.ts';
import { ingestConfigSchema } from './config.ts';
import { createIngest } from './service.ts';

await runService({ name: 'ingest', schema: ingestConfigSchema, create: createIngest });
