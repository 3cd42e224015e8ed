import { type ChildProcess, execFile } from 'node:child_process';
import { once } from 'node:events';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { promisify } from 'node:util';
import { connectAsync } from 'mqtt';
import { eventually } from '../../core/testing/eventually.ts';
import { freePort } from '../../core/testing/free-port.ts';
import { spawnTethered } from '../../core/testing/spawn-tethered.ts';

/** Where Debian has the programs themselves; those on the path insist on their own user and folders. */
const PROGRAMS = '/usr/lib/rabbitmq/bin';
const STARTED_WITHIN_MS = 240_000;

export interface RabbitServer {
  readonly name: string;
  readonly amqpPort: number;
  readonly mqttPort: number;
}

/**
 * Servers of RabbitMQ on loopback that form a cluster, with nothing of this machine's own: name service, cookie, data and
 * ports are theirs. Each takes one processor and little memory.
 */
export class RabbitCluster {
  readonly servers: readonly RabbitServer[];
  readonly #folder = mkdtempSync(join(tmpdir(), 'sluice-rabbit-'));
  readonly #epmdPort: number;
  readonly #distributionPorts: readonly number[];
  readonly #processes = new Map<RabbitServer, ChildProcess>();
  #epmd: ChildProcess | undefined;

  private constructor(
    servers: readonly RabbitServer[],
    epmdPort: number,
    distributionPorts: readonly number[],
  ) {
    this.servers = servers;
    this.#epmdPort = epmdPort;
    this.#distributionPorts = distributionPorts;
  }

  static isInstalled(): boolean {
    return existsSync(join(PROGRAMS, 'rabbitmq-server'));
  }

  /** Resolves when all have started and found each other. */
  static async start(size: number): Promise<RabbitCluster> {
    const servers: RabbitServer[] = [];
    const distributionPorts: number[] = [];
    const epmdPort = await freePort();
    for (let at = 0; at < size; at++) {
      const name = `sluice-${at}@localhost`;
      servers.push({ name, amqpPort: await freePort(), mqttPort: await freePort() });
      distributionPorts.push(await freePort());
    }
    const cluster = new RabbitCluster(servers, epmdPort, distributionPorts);
    try {
      await cluster.#start();
    } catch (error) {
      const words = cluster.#lastWords();
      await cluster.stop();
      throw new Error(`RabbitMQ did not start:\n${words}`, { cause: error });
    }
    return cluster;
  }

  /** As a power cut would. */
  async kill(server: RabbitServer): Promise<void> {
    const child = this.#processes.get(server);
    this.#processes.delete(server);
    await endGroup(child);
  }

  /** Of its virtual machine, which writes it where the script looks for it. */
  pid(server: RabbitServer): number {
    const file = join(this.#folder, `${this.servers.indexOf(server)}`, `${server.name}.pid`);
    return Number(readFileSync(file, 'utf8'));
  }

  async stop(): Promise<void> {
    for (const server of this.servers) await this.kill(server);
    await endGroup(this.#epmd);
    rmSync(this.#folder, { recursive: true, force: true });
  }

  async #start(): Promise<void> {
    writeFileSync(join(this.#folder, '.erlang.cookie'), 'SLUICETEST', { mode: 0o400 });
    writeFileSync(join(this.#folder, 'plugins'), '[rabbitmq_mqtt].\n');
    const env = this.#environment();
    const address = ['-address', '127.0.0.1', '-port', `${this.#epmdPort}`];
    this.#epmd = spawnTethered('epmd', address, { env });
    await eventually(() => isListening(this.#epmdPort), { withinMs: STARTED_WITHIN_MS });
    // The MQTT plug-ins agree among each other who may connect. Those of servers that start all at once may never find
    // each other, so the first one is let go ahead.
    const [first, ...others] = this.servers;
    this.#run(first!);
    await this.#takesGateways(first!);
    await this.#mirrorSubscriptions(first!);
    for (const server of others) this.#run(server);
    for (const server of others) await this.#takesGateways(server);
  }

  /**
   * The plug-in keeps what a gateway subscribed to at QoS 1 in a classic queue of one server. While that one is down,
   * nobody can declare it again, and its gateway cannot connect anywhere: so each has a mirror.
   */
  async #mirrorSubscriptions({ name }: RabbitServer): Promise<void> {
    const policy = JSON.stringify({ 'ha-mode': 'exactly', 'ha-params': 2 });
    const words = [
      '-n',
      name,
      'set_policy',
      '--apply-to',
      'queues',
      'gateways',
      '^mqtt-subscription-',
      policy,
    ];
    await promisify(execFile)(join(PROGRAMS, 'rabbitmqctl'), words, { env: this.#environment() });
  }

  async #takesGateways({ mqttPort }: RabbitServer): Promise<void> {
    await eventually(
      async () => {
        const options = { protocolVersion: 4, reconnectPeriod: 0, connectTimeout: 5_000 } as const;
        const client = await connectAsync(`mqtt://127.0.0.1:${mqttPort}`, options);
        await client.endAsync();
        return true;
      },
      { withinMs: STARTED_WITHIN_MS, everyMs: 250 },
    );
  }

  #run(server: RabbitServer): void {
    const at = this.servers.indexOf(server);
    const folder = join(this.#folder, `${at}`);
    mkdirSync(folder);
    const config = join(folder, 'rabbitmq.conf');
    writeFileSync(config, this.#configText(server));
    const env = {
      ...this.#environment(),
      RABBITMQ_NODENAME: server.name,
      RABBITMQ_DIST_PORT: `${this.#distributionPorts[at]}`,
      RABBITMQ_MNESIA_BASE: folder,
      RABBITMQ_LOG_BASE: folder,
      RABBITMQ_CONFIG_FILE: config,
      RABBITMQ_ADVANCED_CONFIG_FILE: join(folder, 'none'),
      RABBITMQ_ENABLED_PLUGINS_FILE: join(this.#folder, 'plugins'),
      // One scheduler, which sleeps when it has nothing to do.
      RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS:
        '+S 1:1 +sbwt none +sbwtdcpu none +sbwtdio none -kernel inet_dist_use_interface {127,0,0,1} -start_epmd false',
    };
    this.#processes.set(server, spawnTethered(join(PROGRAMS, 'rabbitmq-server'), [], { env, cwd: folder }));
  }

  #environment(): NodeJS.ProcessEnv {
    return {
      PATH: `${process.env.PATH}${delimiter}/usr/bin${delimiter}/bin`,
      HOME: this.#folder,
      LANG: 'C.UTF-8',
      ERL_EPMD_PORT: `${this.#epmdPort}`,
      ERL_EPMD_ADDRESS: '127.0.0.1',
      RABBITMQ_CONF_ENV_FILE: '/dev/null',
      // It would start a name service of its own, which goes on for ever.
      RABBITMQ_CTL_ERL_ARGS: '-start_epmd false',
    };
  }

  #configText({ amqpPort, mqttPort }: RabbitServer): string {
    const nodes = this.servers.map(
      ({ name }, at) => `cluster_formation.classic_config.nodes.${at + 1} = ${name}`,
    );
    return `
listeners.tcp.1 = 127.0.0.1:${amqpPort}
mqtt.listeners.tcp.1 = 127.0.0.1:${mqttPort}
mqtt.sparkplug = true
mqtt.allow_anonymous = true
cluster_formation.peer_discovery_backend = classic_config
cluster_formation.randomized_startup_delay_range.min = 0
cluster_formation.randomized_startup_delay_range.max = 1
disk_free_limit.absolute = 10MB
vm_memory_high_watermark.absolute = 256MB
log.file.level = warning
${nodes.join('\n')}
`;
  }

  /** Of every server, for whoever has to find out why. */
  #lastWords(): string {
    return this.servers
      .map((_, at) => {
        const folder = join(this.#folder, `${at}`);
        const logs = readdirSync(folder).filter((name) => name.endsWith('.log'));
        return logs.map((name) => readFileSync(join(folder, name), 'utf8').slice(-2_000)).join('\n');
      })
      .join('\n');
  }
}

/** A script, and the virtual machine that it started, are a group of their own. */
async function endGroup(child: ChildProcess | undefined): Promise<void> {
  if (!child || child.exitCode !== null || child.signalCode !== null) return;
  const exited = once(child, 'exit');
  process.kill(-child.pid!, 'SIGKILL');
  await exited;
}

async function isListening(port: number): Promise<boolean> {
  const socket = connect(port, '127.0.0.1');
  try {
    await once(socket, 'connect');
    return true;
  } finally {
    socket.destroy();
  }
}
