import { runService } from '../core/run-service.ts';
import { GatewayConfig } from './config.ts';
import { PROBE_USAGE, runProbe } from './probe.ts';
import { createGateway } from './service.ts';

const parameters = process.argv.slice(2);

if (parameters.includes('--probe')) await runProbe(parameters);
else {
  await runService({
    name: 'gateway',
    schema: GatewayConfig,
    moreUsage: PROBE_USAGE,
    create: (config, context) => [createGateway(config, context)],
  });
}
