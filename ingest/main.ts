import { runService } from '../core/run-service.ts';
import { IngestConfig } from './config.ts';
import { createIngest } from './service.ts';

await runService({ name: 'ingest', schema: IngestConfig, create: createIngest });
