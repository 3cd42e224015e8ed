import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { reasonOf } from '../../core/errors.ts';
import { eventually } from '../../core/testing/eventually.ts';
import { type ChaosPlan, ChaosRig } from './chaos-rig.ts';
import { type Comparison, compareFleet, compareGateway } from './compare.ts';
import { strike } from './strike.ts';

const USAGE = `Usage: npm run chaos -- [options]

  --minutes N              for how long things are broken; default 2
  --seed S                 decides what is broken when; default: one that is printed
  --store embedded|influx  default influx: a real InfluxDB, which is broken as well
  --ledger on|off          off: gateways do not wait for confirmations; it must fail then
  --help                   this text

A fleet publishes numbered readings while gateways, broker, ingest and InfluxDB are killed with -9, frozen and cut off, their disks
fill and connections tear. At the end the store is read back and compared point by point. Exit status 0: nothing is missing, extra or
changed; 1: something is; 78: the options are wrong. Disks are filled where this user may mount a tmpfs (root on Linux).
`;

const UP_WITHIN_MS = 240_000;
const SETTLED_WITHIN_MS = 300_000;
/** Without a ledger nothing comes again: what is not there by now never will be. */
const LOST_WITHIN_MS = 10_000;
const WRONG_OPTIONS = 78;
const INTERRUPTED = 130;
/** Characters of each program's log that a run without an end shows. */
const MOST_OUTPUT = 3_000;

function planOf(args: readonly string[]): ChaosPlan | string {
  try {
    const { values } = parseArgs({
      args: [...args],
      options: {
        minutes: { type: 'string', default: '2' },
        seed: { type: 'string', default: String(Date.now() % 1_000_000) },
        store: { type: 'string', default: 'influx' },
        ledger: { type: 'string', default: 'on' },
        help: { type: 'boolean', short: 'h' },
      },
    });
    const { store, ledger } = values;
    const [minutes, seed] = [Number(values.minutes), Number(values.seed)];
    if (values.help) return USAGE;
    if (!(minutes > 0)) return `--minutes ${values.minutes}: a number above 0\n\n${USAGE}`;
    if (!Number.isInteger(seed)) return `--seed ${values.seed}: a whole number\n\n${USAGE}`;
    if (store !== 'embedded' && store !== 'influx') return `--store ${store}: embedded or influx\n\n${USAGE}`;
    if (ledger !== 'on' && ledger !== 'off') return `--ledger ${ledger}: on or off\n\n${USAGE}`;
    return { seed, seconds: Math.ceil(minutes * 60), store, ledger: ledger === 'on' };
  } catch (error) {
    return `${reasonOf(error)}\n\n${USAGE}`;
  }
}

async function run(plan: ChaosPlan): Promise<readonly string[]> {
  const startMs = Date.now();
  const say = (text: string) =>
    print(`${((Date.now() - startMs) / 1_000).toFixed(1).padStart(7)} s  ${text}`);
  print(
    `seed ${plan.seed}, ${plan.seconds} s, ${plan.store === 'influx' ? 'InfluxDB' : 'embedded store'}, ledger ${plan.ledger ? 'on' : 'off'}`,
  );
  const rig = await ChaosRig.start(plan);
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.once(signal, () => void rig.stop().finally(() => process.exit(INTERRUPTED)));
  }
  try {
    if (!rig.hasDisks && process.env.CI)
      throw new Error('no tmpfs can be mounted here, and CI skips nothing');
    if (!rig.hasDisks) print('no disk is filled: this user may not mount a tmpfs');
    await eventually(
      async () => {
        for (const gateway of rig.gateways)
          if ((await rig.gatewayCompleteness(gateway)).stored < 20) return false;
        return true;
      },
      { withinMs: UP_WITHIN_MS, everyMs: 250 },
    );
    say('everything is up');
    const { counts, deaf, disksSeenMs } = await strike(rig, plan.seed, plan.seconds, say);
    say('everything is mended');
    await sleep(Math.max(0, disksSeenMs - Date.now()));
    const unsettled = await settle(rig, plan.ledger ? SETTLED_WITHIN_MS : LOST_WITHIN_MS);
    say(unsettled.length === 0 ? 'everything is settled' : 'not everything is settled');
    const { plan: load, produced } = await rig.fleetReport(SETTLED_WITHIN_MS);
    const compared: Comparison[] = await Promise.all(
      rig.gateways.map((gateway) => compareGateway(rig, gateway, deaf.get(gateway)!)),
    );
    compared.push(await compareFleet(rig, load, produced));
    const faults = [...counts]
      .sort(([a], [b]) => a.localeCompare(b))
      .map(([kind, times]) => `${kind} ${times}`);
    const sum = [...counts.values()].reduce((total, times) => total + times, 0);
    print(`${sum} faults: ${faults.join(', ')}`);
    for (const { told } of compared) print(told);
    return [...unsettled, ...compared.flatMap((one) => one.faults)];
  } catch (error) {
    for (const name of rig.programs)
      print(`--- the last of ${name}\n${rig.output(name).slice(-MOST_OUTPUT)}`);
    throw error;
  } finally {
    await rig.stop();
  }
}

/**
 * Every gateway hears its slave again; then its slave says nothing more, and what there is finds its way. The answer says what did
 * not within this time.
 */
async function settle(rig: ChaosRig, withinMs: number): Promise<string[]> {
  const heard = new Map(rig.gateways.map((gateway) => [gateway, rig.slaves.get(gateway)!.answers.length]));
  const hears = (gateway: string) => rig.slaves.get(gateway)!.answers.length > heard.get(gateway)! + 10;
  await eventually(() => rig.gateways.every(hears), { withinMs: SETTLED_WITHIN_MS, everyMs: 100 });
  await rig.endOfMeasuring();
  const unsettled = await Promise.all(
    rig.gateways.map(async (gateway) => {
      const latest = rig.slaves.get(gateway)!.answers.slice(-2);
      const look = async () => {
        const now = await rig.gatewayCompleteness(gateway);
        const stored = await rig.countedBy(gateway);
        // Until the gateway is back, ingest does not know how much there is.
        if (now.inFlight === 0 && latest.some(({ value }) => stored.has(value))) return true;
        throw new Error(JSON.stringify(now));
      };
      try {
        await eventually(look, { withinMs, everyMs: 500 });
        return [];
      } catch (error) {
        return [`${gateway} is not settled: ${reasonOf((error as Error).cause)}`];
      }
    }),
  );
  return unsettled.flat();
}

function print(line: string): void {
  process.stdout.write(`${line}\n`);
}

const plan = planOf(process.argv.slice(2));
if (typeof plan === 'string') {
  process[plan === USAGE ? 'stdout' : 'stderr'].write(plan);
  process.exitCode = plan === USAGE ? 0 : WRONG_OPTIONS;
} else {
  try {
    const faults = await run(plan);
    for (const fault of faults) print(`FAULT ${fault}`);
    print(
      faults.length === 0 ? 'nothing is missing, nothing extra, nothing changed' : `${faults.length} faults`,
    );
    process.exitCode = faults.length === 0 ? 0 : 1;
  } catch (error) {
    const { message, cause } = error as Error;
    process.stderr.write(`chaos: ${message}${cause === undefined ? '' : `: ${reasonOf(cause)}`}\n`);
    process.exitCode = 1;
  }
}
