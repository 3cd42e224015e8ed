import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { checkConfig } from '../../core/config.ts';
import type { Service } from '../../core/lifecycle.ts';
import { createLog } from '../../core/log.ts';
import { serviceContext } from '../../core/testing/service-context.ts';
import { GatewayConfig } from '../../gateway/config.ts';
import { createGateway } from '../../gateway/service.ts';

/** What this process is started with, as JSON: agents that share it, each with its own connection, plan and reflector. */
export interface MeshOrder {
  readonly folder: string;
  readonly brokerUrl: string;
  readonly reflectorPort: number;
  readonly pops: readonly { readonly id: string; readonly address: string }[];
}

const order = JSON.parse(process.argv[2]!) as MeshOrder;
const agents: Service[] = [];
for (const { id, address } of order.pops) {
  const dataFolder = join(order.folder, id);
  mkdirSync(dataFolder);
  const config = checkConfig(GatewayConfig, {
    ...{ site: 'backbone', gateway: id, broker: { url: order.brokerUrl } },
    drivers: [
      { driver: 'links', id: 'backbone', plan: { to: ['127.0.0.0/8'] } },
      { driver: 'stamp-reflector', listen: [address], port: order.reflectorPort, counting: 'stateful' },
    ],
  });
  const context = serviceContext({ dataFolder, configFolder: dataFolder, log: createLog('warn') });
  const agent = createGateway(config, context);
  await agent.start(new AbortController().signal);
  agents.push(agent);
}
process.once('SIGTERM', async () => {
  for (const agent of agents) await agent.stop();
  process.exit(0);
});
process.send?.('up');
