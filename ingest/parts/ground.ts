import { join } from 'node:path';
import type { Clock } from '../../core/clock.ts';
import type { ServiceContext } from '../../core/context.ts';
import type { Log } from '../../core/log.ts';
import type { IngestConfig } from '../config.ts';
import { Accounting } from '../pipeline/accounting.ts';
import { RefusalLog } from '../pipeline/refusal-log.ts';
import { createHostState } from '../session/host-state.ts';
import type { Store } from '../stores/store.ts';
import { Outlet } from './outlet.ts';

/** What every part of ingest stands on. */
export interface Ground {
  readonly config: IngestConfig;
  readonly context: ServiceContext;
  readonly store: Store;
  readonly clock: Clock;
  readonly log: Log;
  readonly configFolder: string;
  /** Where ingest keeps its own state. */
  readonly folder: string;
  /** What is known of gateways by their births. */
  readonly host: ReturnType<typeof createHostState>;
  readonly accounting: Accounting;
  readonly refusals: RefusalLog;
  readonly outlet: Outlet;
}

export function createGround(config: IngestConfig, context: ServiceContext, store: Store): Ground {
  const { clock, configFolder } = context;
  const log = context.log.child({ service: 'ingest' });
  const { maxSeriesPerGateway } = config.pipeline;
  return {
    ...{ config, context, store, clock, log, configFolder },
    folder: join(context.dataFolder, 'ingest'),
    host: createHostState({ ...config.session, hostId: config.hostId, maxSeriesPerGateway }),
    accounting: new Accounting(),
    refusals: new RefusalLog(log, clock),
    outlet: new Outlet(),
  };
}
