import type { ServiceContext } from '../core/context.ts';
import type { SluiceError } from '../core/errors.ts';
import { type Service, type ServiceState, Supervisor } from '../core/lifecycle.ts';
import { Accounting } from './accounting.ts';
import type { IngestConfig } from './config.ts';
import { createHostState } from './host-state.ts';
import { createHttp, type HttpService } from './http/create-http.ts';
import type { ComponentHealth } from './http/sources.ts';
import { Pipeline } from './pipeline.ts';
import { RefusalLog } from './refusal-log.ts';
import { gatewayStatuses } from './registry.ts';
import type { Store } from './stores/store.ts';
import { createStore } from './stores/stores.ts';
import { Subscriber } from './subscriber.ts';

/** Ingest as one service: store, pipeline, HTTP and the broker connection, each with its own fate. */
export function createIngest(config: IngestConfig, context: ServiceContext): readonly Service[] {
  return [new Ingest(config, createStore(config.store, context), context)];
}

/** For `createIngest`, and for tests that bring a store of their own. */
export class Ingest implements Service {
  readonly name = 'ingest';
  readonly accounting = new Accounting();
  readonly http: HttpService;
  readonly #store: Store;
  readonly #pipeline: Pipeline;
  readonly #subscriber: Subscriber;
  readonly #supervisor: Supervisor;

  constructor(config: IngestConfig, store: Store, context: ServiceContext) {
    const { clock } = context;
    const log = context.log.child({ service: this.name });
    const refusals = new RefusalLog(log, clock);
    const host = createHostState({ ...config.session, hostId: config.hostId });
    this.#store = store;
    this.#pipeline = new Pipeline(config.pipeline, {
      store,
      accounting: this.accounting,
      refusals,
      clock,
      log,
    });
    this.#subscriber = new Subscriber(config.broker, {
      host,
      pipeline: this.#pipeline,
      refusals,
      clock,
      log,
      configFolder: context.configFolder,
    });
    const sources = {
      store,
      gateways: () => gatewayStatuses(host),
      counters: () => this.accounting.counters(),
      health: () => this.health(),
    };
    this.http = createHttp(config.http, sources, { clock, log });
    const services = [this.#store, this.#pipeline, this.http, this.#subscriber];
    this.#supervisor = new Supervisor(services, clock, log);
  }

  start(): Promise<void> {
    return this.#supervisor.start();
  }

  stop(): Promise<void> {
    return this.#supervisor.stop();
  }

  /** What runs and what does not: a service that has started may still be cut off from its server. */
  health(): ComponentHealth[] {
    return [
      component('store', this.#stateOf(this.#store), this.#pipeline.storeError),
      component('broker', this.#brokerState(), this.#subscriber.error),
      component('http', this.#stateOf(this.http)),
    ];
  }

  #stateOf(service: Service): ServiceState {
    return this.#supervisor.states().get(service.name)!;
  }

  #brokerState(): ServiceState {
    const state = this.#stateOf(this.#subscriber);
    return state.state === 'up' && !this.#subscriber.isUp ? { state: 'starting' } : state;
  }
}

function component(name: string, state: ServiceState, lost?: SluiceError): ComponentHealth {
  const error = state.state === 'down' ? state.error : lost;
  return { name, state: error ? 'down' : state.state, essential: true, ...(error ? { error } : {}) };
}
