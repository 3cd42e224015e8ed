import { readSecret } from '../../core/read-secret.ts';
import { formatTopic } from '../../core/sparkplug/topic.ts';
import { AccessDesk } from '../access/access-desk.ts';
import { AuditTrail } from '../access/audit-trail.ts';
import { EventStore } from '../events/event-store.ts';
import { confirmCommands } from '../ledger/confirm-command.ts';
import { LedgerBook } from '../ledger/ledger-book.ts';
import { DeadLetters } from '../letters/dead-letters.ts';
import { MeshBook } from '../mesh/mesh-book.ts';
import { BirthCache } from '../session/births/birth-cache.ts';
import { MaintenanceBook } from '../sla/maintenance/maintenance-book.ts';
import { ThresholdBook } from '../thresholds/threshold-book.ts';
import { ZoneBook } from '../zones/zone-book.ts';
import type { Ground } from './ground.ts';

const HOUR_MS = 3_600_000;

export type Books = ReturnType<typeof createBooks>;

/** What ingest has promised or was told, each in a file of its own; none of them needs another part but the trail. */
export function createBooks(ground: Ground) {
  const { config, clock, log, folder, configFolder, host } = ground;
  const audit = new AuditTrail({ folder, clock, log });
  return {
    audit,
    access: createAccess(ground, audit),
    zones: new ZoneBook(config.zones, { folder, configFolder, clock, log, audit }),
    ledger: createLedger(ground),
    births: new BirthCache(folder, { host, clock, log }),
    events: new EventStore(config.events, { folder, clock }),
    letters: new DeadLetters(config.letters, { folder, clock, log }),
    mesh: new MeshBook(config.mesh, {
      ...{ clock, log, configFolder, folder },
      maxSeriesOfAgent: config.pipeline.maxSeriesPerGateway,
    }),
    maintenance: new MaintenanceBook({ folder, clock, log }),
    thresholds: new ThresholdBook({ folder, clock, log, audit }),
  };
}

function createAccess({ config, context, clock, folder, configFolder }: Ground, audit: AuditTrail) {
  const { signIn, session, firstPasswordFile } = config.http;
  return new AccessDesk({
    ...{ folder, clock, audit, limits: { idleMs: HOUR_MS * session.idleH, mostMs: HOUR_MS * session.mostH } },
    ...(signIn === 'required' && {
      first: {
        password: () => (firstPasswordFile ? readSecret(firstPasswordFile, configFolder) : undefined),
        tell: (name, password) =>
          context.announce(`First sign-in: ${name}, password ${password} (shown only once / 仅显示这一次)`),
      },
    }),
  });
}

/** What is on the disk is confirmed to its gateway. */
function createLedger({ config, clock, log, folder, outlet }: Ground): LedgerBook {
  return new LedgerBook(
    { folder, maxGateways: config.session.maxGateways, isShared: config.cluster !== undefined },
    {
      clock,
      log,
      confirm(site, gateway, confirmation) {
        const topic = formatTopic({ site, type: 'NCMD', gateway });
        for (const payload of confirmCommands(confirmation, clock.nowMs())) outlet.publish(topic, payload);
      },
    },
  );
}
