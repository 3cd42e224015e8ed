import { runService } from '../core/run-service.ts';
import { createBroker } from './broker.ts';
import { BrokerConfig } from './config.ts';

await runService({ name: 'broker', schema: BrokerConfig, create: createBroker });
