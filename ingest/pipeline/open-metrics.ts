import { asSluiceError } from '../../core/errors.ts';
import { seriesIdentity } from '../../core/reading.ts';
import { SeriesTable } from '../../core/reading-batch.ts';
import { gatewayName } from '../gateway-name.ts';
import type { MetricDefinition } from '../session/host-state.ts';
import type { PlainPlace } from '../session/plain-data.ts';
import type { GatewayAccount } from './accounting.ts';
import { type Refusal, refusal } from './check-reading.ts';
import { bindMetric, type MetricBinding } from './metric-binding.ts';
import type { RefusalLog } from './refusal-log.ts';

/** A metric that may be stored, with the series that its readings go to. */
export interface OpenMetric extends MetricBinding {
  readonly seriesId: number;
}

/** Where devices stand whose gateway does not say so; empty for nowhere. */
export interface Placements {
  zoneOf(site: string, gateway: string, device: string): string;
}

/** What is known of metrics, worked out when the first reading of one comes and kept until its next birth, or `rebind`. */
export class OpenMetrics {
  readonly table = new SeriesTable();
  readonly #maxSeriesPerGateway: number;
  readonly #refusals: RefusalLog;
  /** By series id. */
  readonly #accounts: GatewayAccount[] = [];
  readonly #identities = new Map<GatewayAccount, Set<string>>();
  readonly #placements: Placements | undefined;
  #metrics = new WeakMap<MetricDefinition, OpenMetric | Refusal>();
  /** What places keep beside what was worked out for them: another one, and it is worked out anew. */
  #owner = {};

  constructor(maxSeriesPerGateway: number, refusals: RefusalLog, placements?: Placements) {
    this.#maxSeriesPerGateway = maxSeriesPerGateway;
    this.#refusals = refusals;
    this.#placements = placements;
  }

  /** Devices stand in other zones from now on. */
  rebind(): void {
    this.#metrics = new WeakMap();
    this.#owner = {};
  }

  /** Whose readings go to this series. */
  accountOf(seriesId: number): GatewayAccount {
    return this.#accounts[seriesId]!;
  }

  open(definition: MetricDefinition, account: GatewayAccount): OpenMetric | Refusal {
    const known = this.#metrics.get(definition);
    if (known) return known;
    const opened = this.#bind(definition, account);
    this.#metrics.set(definition, opened);
    return opened;
  }

  openPlace(place: PlainPlace, account: GatewayAccount): OpenMetric | Refusal {
    if (place.owner !== this.#owner) {
      place.opened = this.open(place.definition, account);
      place.owner = this.#owner;
    }
    return place.opened as OpenMetric | Refusal;
  }

  #bind(definition: MetricDefinition, account: GatewayAccount): OpenMetric | Refusal {
    try {
      const { site, gateway, device } = definition;
      const binding = bindMetric(definition, this.#placements?.zoneOf(site, gateway, device));

      for (const error of binding.ignored) {
        this.#refusals.note(gatewayName(account), error.code, 1, () => error);
      }
      const identities = this.#identities.get(account) ?? new Set();
      this.#identities.set(account, identities);
      const identity = seriesIdentity(binding.key);
      const limit = this.#maxSeriesPerGateway;
      if (!identities.has(identity) && identities.size >= limit) {
        return refusal('SERIES_LIMIT', { gateway: account.gateway, limit });
      }
      identities.add(identity);
      const { id } = this.table.intern(binding.key);
      this.#accounts[id] = account;
      return { ...binding, seriesId: id };
    } catch (thrown) {
      const error = asSluiceError(thrown);
      return { code: error.code, describe: () => error };
    }
  }
}
