import type { Completeness, Delivery } from '../../core/completeness.ts';
import type { SluiceError } from '../../core/errors.ts';
import type { ServiceState } from '../../core/lifecycle.ts';
import type { AccessDesk } from '../access/access-desk.ts';
import type { AuditTrail } from '../access/audit-trail.ts';
import type { AlertDesk } from '../alerts/alert-desk.ts';
import type { CareDesk } from '../care/care-desk.ts';
import type { CommandDesk } from '../commands/command-desk.ts';
import type { DiskRoom } from '../disk-room.ts';
import type { PostDesk } from '../doors/post-desk.ts';
import type { EventFilter, FoundEvent } from '../events/event-store.ts';
import type { Exporter } from '../export/exporter.ts';
import type { DeadLetters } from '../letters/dead-letters.ts';
import type { ReplayReport, ReplayRequest } from '../letters/replayer.ts';
import type { MeshViews } from '../mesh/mesh-view.ts';
import type { NotifyDesk } from '../notify/notify-desk.ts';
import type { UpkeepStatus } from '../rollups/upkeep-service.ts';
import type { BudgetDesk } from '../sla/budget/budget-desk.ts';
import type { MaintenanceBook } from '../sla/maintenance/maintenance-book.ts';
import type { OutageDesk } from '../sla/outages/outage-desk.ts';
import type { StatementDesk } from '../sla/statement/statement-desk.ts';
import type { VerdictDesk } from '../sla/verdict/verdict-desk.ts';
import type { Store } from '../stores/store.ts';
import type { ThresholdBook } from '../thresholds/threshold-book.ts';
import type { PlacementDesk } from '../zones/placement-desk.ts';
import type { WaterDesk } from '../zones/water-desk.ts';
import type { ZoneBook } from '../zones/zone-book.ts';

/** Everything that the HTTP API asks of the rest of ingest. All of it answers from memory, except `store.query`, exports, and what is judged from the evidence of links. */
export interface HttpSources {
  readonly store: Pick<Store, 'query' | 'last' | 'series'>;
  /** Who may come in. */
  readonly access: Pick<
    AccessDesk,
    | 'signIn'
    | 'signOut'
    | 'changePassword'
    | 'ofSession'
    | 'ofToken'
    | 'accounts'
    | 'addAccount'
    | 'changeAccount'
    | 'resetPassword'
    | 'removeAccount'
    | 'tokens'
    | 'addToken'
    | 'removeToken'
  >;
  /** Who changed what. Whatever changes something is put on record there before it is done. */
  readonly audit: Pick<AuditTrail, 'record' | 'find' | 'check'>;
  readonly exporter: Pick<Exporter, 'open'>;
  /** Gateways that have ever been born or have just sent something, with their devices. */
  gateways(): readonly GatewayStatus[];
  /** Readings counted since this process started: received = stored + rejected + dropped + in flight. */
  counters(): readonly GatewayCounters[];
  health(): readonly ComponentHealth[];
  /** On the disk of the data folder. */
  room?(): Promise<DiskRoom | undefined>;
  /** What became of the readings that a gateway produced, by its own count. */
  delivery(site: string, gateway: string): Delivery;
  completeness(
    site: string,
    gateway: string,
    period?: { readonly fromMs: number; readonly toMs: number },
  ): Completeness;
  /** Newest first. */
  events(filter: EventFilter): readonly FoundEvent[];
  /** What was refused for good. */
  readonly letters: Pick<DeadLetters, 'find' | 'get' | 'counts' | 'countsOf'>;
  replay(request: ReplayRequest): Promise<ReplayReport>;
  readonly commands: Pick<CommandDesk, 'submit' | 'get' | 'find'>;
  /** Roll-ups and retention, of a store that has them. */
  upkeep?(): UpkeepStatus;
  readonly readings: Pick<PostDesk, 'enter' | 'post'>;
  /** Statements on links, where there is a mesh. */
  readonly statements?: Pick<StatementDesk, 'open' | 'key'>;
  readonly mesh: Pick<MeshViews, 'mesh' | 'links'>;
  readonly verdicts: Pick<VerdictDesk, 'verdict' | 'matrix' | 'latency'>;
  readonly maintenance: Pick<MaintenanceBook, 'enter' | 'change' | 'withdraw' | 'get' | 'find' | 'changes'>;
  readonly care: Pick<CareDesk, 'submit' | 'get' | 'find' | 'stateOf'>;
  /** Of the configuration: what is older is not live any more. */
  readonly liveWithinS: number;
  readonly thresholds: Pick<ThresholdBook, 'all' | 'get' | 'add' | 'change' | 'remove' | 'history'>;
  readonly alerts: Pick<
    AlertDesk,
    'find' | 'get' | 'peek' | 'suppressed' | 'wrongByThresholds' | 'open' | 'raised'
  >;
  readonly notify: Pick<
    NotifyDesk,
    | 'acknowledge'
    | 'silence'
    | 'silencedBy'
    | 'counts'
    | 'contacts'
    | 'addContact'
    | 'changeContact'
    | 'dropContact'
    | 'silences'
    | 'addSilence'
    | 'endSilence'
    | 'deliveries'
    | 'test'
    | 'status'
  >;
  readonly outages: Pick<OutageDesk, 'ofLink' | 'ofAll'>;
  readonly budgets: Pick<BudgetDesk, 'ofLink'>;
  readonly zones: Pick<ZoneBook, 'find' | 'add' | 'change' | 'remove' | 'importGeoJson'>;
  readonly placements: Pick<PlacementDesk, 'list' | 'place' | 'unplace'>;
  readonly water: Pick<WaterDesk, 'over'>;
}

/** Online: born and not dead, as its Sparkplug session knows it; `sinceMs` is when that last changed. */
export interface Presence {
  readonly online: boolean;
  /** `unknown`: alive when this host last had a connection, and not heard of since. */
  readonly presence: 'online' | 'offline' | 'unknown';
  readonly sinceMs: number;
  readonly lastSeenMs: number;
}

export interface DeviceStatus extends Presence {
  readonly device: string;
}

export interface GatewayStatus extends Presence {
  readonly site: string;
  readonly gateway: string;
  readonly devices: readonly DeviceStatus[];
  /** Messages that never came, as far as their Sparkplug `seq` shows, since this process started. */
  readonly missedMessages: number;
}

export interface GatewayCounters {
  readonly site: string;
  readonly gateway: string;
  readonly received: number;
  /** Known to be stored or rejected already; not in `received`. */
  readonly repeated: number;
  /** Not taken for want of room while the store was slow or away; their gateways send them again. Not in `received`. */
  readonly deferred: number;
  readonly stored: number;
  readonly rejected: number;
  /** What `rejected` is made of, by error code. */
  readonly rejectedByCode: ReadonlyMap<string, number>;
  readonly dropped: number;
  /** The time that the dropped readings cover; meaningless where none was. */
  readonly droppedFromMs: number;
  readonly droppedToMs: number;
  readonly inFlight: number;
}

export interface ComponentHealth {
  readonly name: string;
  readonly state: ServiceState['state'];
  /** Without it no reading can be taken in or shown, so the whole counts as down. */
  readonly essential: boolean;
  /** Why it is down. */
  readonly error?: SluiceError;
}
