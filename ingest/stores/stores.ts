import { type Static, Type } from 'typebox';
import type { ServiceContext } from '../../core/context.ts';
import { EmbeddedConfig } from './embedded/config.ts';
import { EmbeddedStore } from './embedded/embedded-store.ts';
import { InfluxConfig } from './influx/config.ts';
import { InfluxStore } from './influx/influx-store.ts';
import type { Store } from './store.ts';

/** Where readings are kept; `kind` says which adapter. */
export const StoreConfig = Type.Union([EmbeddedConfig, InfluxConfig], {
  type: 'object',
  discriminator: { propertyName: 'kind' },
});
export type StoreConfig = Static<typeof StoreConfig>;

type Adapters = {
  readonly [Kind in StoreConfig['kind']]: (
    config: Extract<StoreConfig, { kind: Kind }>,
    context: ServiceContext,
  ) => Store;
};

const ADAPTERS: Adapters = {
  embedded: (_config, context) => new EmbeddedStore(context),
  influx: (config, context) => new InfluxStore(config, context),
};

export function createStore(config: StoreConfig, context: ServiceContext): Store {
  const create = ADAPTERS[config.kind] as (config: StoreConfig, context: ServiceContext) => Store;
  return create(config, context);
}
