import { AutomationDoor } from '../automation/automation-door.ts';
import { CareDesk } from '../care/care-desk.ts';
import { CommandDesk } from '../commands/command-desk.ts';
import type { EventSink } from '../events/event-sink.ts';
import { PlanDesk } from '../mesh/plan-desk.ts';
import { LiveFilter } from '../pipeline/live-filter.ts';
import type { Books } from './books.ts';
import type { Ground } from './ground.ts';

export type GatewayDesks = ReturnType<typeof createGatewayDesks>;

/** What goes to gateways (commands, care, plans) and what they tell beside readings; and the door for automation to both. */
export function createGatewayDesks(ground: Ground, { mesh, events }: Books) {
  const { config, store, clock, log, folder, host, refusals, outlet } = ground;
  const { publish } = outlet;
  const commands: CommandDesk = new CommandDesk(config.commands, {
    ...{ folder, clock, log, host, publish },
    changed: (record) => door?.commandChanged(record),
  });
  const care = new CareDesk({ folder, clock, log, host, publish });
  const door = config.automation.enabled
    ? new AutomationDoor({ clock, refusals, store, commands, publish })
    : undefined;
  const eventSink: EventSink = {
    keep(kept) {
      const fresh = events.keep(kept);
      // Also what is kept already: it comes again when something failed between there and here.
      commands.take(kept);
      care.take(kept);
      door?.events(fresh);
    },
  };
  return {
    ...{ commands, care, door, eventSink },
    live: door && new LiveFilter(door, config.liveWithinS, { store, clock }),
    plans: new PlanDesk({ mesh, host, clock, log, publish }),
  };
}
