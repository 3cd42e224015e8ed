import { runService } from '../core/run-service.ts';
import { createBroker } from './broker.ts';
import { brokerConfigSchema } from './config.ts';

await runService({ name: 'broker', schema: brokerConfigSchema, create: createBroker });
