import { isIP } from 'node:net';
import type { DatagramLoop, DatagramSocket } from '../../../core/datagrams/datagram-loop.ts';
import { reasonOf } from '../../../core/errors.ts';
import type { StampFlow, StampSession } from './stamp-session.ts';

/** RFC 8762 says nothing, RFC 5357, 4.1.2 does: hops can be counted only from the largest. */
const TTL = 255;
const RECEIVE_BUFFER_BYTES = 4_000_000;
const OPEN_AGAIN_MS = 30_000;

interface SharedSocket {
  readonly group: Group;
  readonly socket: DatagramSocket;
  /** By address and port of the peer. */
  readonly peers: Map<string, StampFlow>;
}

/** The sockets of one family and planned source port, of which 0 may have several. */
interface Group {
  readonly family: 4 | 6;
  readonly sourcePort: number;
  readonly sockets: SharedSocket[];
  /** On how many of them a peer is in use. */
  readonly uses: Map<string, number>;
  /** Links that want one of the sockets that are being opened, by their peer: each of one peer needs another. */
  readonly waiting: Map<string, Set<StampSession>>;
  opening: number;
  refused: { readonly reason: string; readonly againMs: number } | undefined;
}

/**
 * The sockets of all links: one for each source port and family serves every link whose peer no other link has on it, for an
 * answer is told by the socket, the peer and the number. Links to one peer from a port of the system's choice have one each.
 */
export class StampSockets {
  readonly #loop: DatagramLoop;
  /** There is a socket for this link now. */
  readonly #onOpen: (session: StampSession) => void;
  readonly #groups = new Map<string, Group>();
  readonly #shared = new Map<DatagramSocket, SharedSocket>();

  constructor(loop: DatagramLoop, onOpen: (session: StampSession) => void) {
    this.#loop = loop;
    this.#onOpen = onOpen;
  }

  find(socket: DatagramSocket, address: string, port: number): StampFlow | undefined {
    return this.#shared.get(socket)?.peers.get(keyOf(address, port));
  }

  flowsOf(socket: DatagramSocket): Iterable<StampFlow> {
    return this.#shared.get(socket)?.peers.values() ?? [];
  }

  /**
   * Gives each flow of `session` that has none a socket, if there is one; where one has to be opened first, `onOpen` says
   * when to come again. Returns what is in the way.
   */
  equip(
    session: StampSession,
    make: (socket: DatagramSocket, index: number) => StampFlow,
  ): string | undefined {
    const { address, spec, flows } = session;
    if (address === undefined) return undefined;
    if (spec.dscp > 0 && this.#loop.kind === 'dgram') return 'this platform cannot set a DSCP';
    const key = keyOf(address, spec.port);
    let trouble: string | undefined;
    for (const [index, sourcePort] of spec.sourcePorts.entries()) {
      if (flows[index]) continue;
      const group = this.#groupOf(isIP(address) as 4 | 6, sourcePort);
      const { sockets, uses } = group;
      const used = uses.get(key) ?? 0;
      if (used < sockets.length) {
        const free = sockets.find(({ peers }) => !peers.has(key))!;
        const flow = make(free.socket, index);
        flows[index] = flow;
        free.peers.set(key, flow);
        uses.set(key, used + 1);
      } else if (used > 0 && sourcePort > 0) {
        const other = sockets[0]!.peers.get(key)!.session.link;
        trouble = `link ${other} probes ${address} from port ${sourcePort} already`;
      } else trouble ??= this.#wait(group, key, session);
    }
    return trouble;
  }

  /** Takes a flow off its socket, and closes that when it was the last. */
  release(flow: StampFlow): void {
    const shared = this.#shared.get(flow.socket);
    const key = keyOf(flow.address, flow.session.spec.port);
    if (shared?.peers.get(key) !== flow) return;
    const { sockets, uses } = shared.group;
    shared.peers.delete(key);
    const left = uses.get(key)! - 1;
    if (left > 0) uses.set(key, left);
    else uses.delete(key);
    if (shared.peers.size > 0) return;
    this.#shared.delete(flow.socket);
    sockets.splice(sockets.indexOf(shared), 1);
    flow.socket.close();
  }

  #groupOf(family: 4 | 6, sourcePort: number): Group {
    const name = `${family} ${sourcePort}`;
    let group = this.#groups.get(name);
    if (!group) {
      const rest = { waiting: new Map<string, Set<StampSession>>(), opening: 0, refused: undefined };
      group = { family, sourcePort, sockets: [], uses: new Map(), ...rest };
      this.#groups.set(name, group);
    }
    return group;
  }

  #wait(group: Group, key: string, session: StampSession): string | undefined {
    const { refused, waiting, uses, sockets } = group;
    if (refused && this.#loop.monotonicMs() < refused.againMs) return refused.reason;
    const ofPeer = waiting.get(key) ?? new Set();
    waiting.set(key, ofPeer.add(session));
    const wanted = group.sourcePort > 0 ? 1 : (uses.get(key) ?? 0) + ofPeer.size;
    if (wanted > sockets.length + group.opening) this.#open(group);
    return undefined;
  }

  #open(group: Group): void {
    const { family, sourcePort, waiting, sockets } = group;
    group.opening++;
    const options = { family, address: '', port: sourcePort, dscp: 0, ttl: TTL };
    void this.#loop
      .open({ ...options, receiveBufferBytes: RECEIVE_BUFFER_BYTES })
      .then((socket) => {
        group.refused = undefined;
        const shared: SharedSocket = { group, socket, peers: new Map() };
        sockets.push(shared);
        this.#shared.set(socket, shared);
      })
      .catch((error) => {
        group.refused = { reason: reasonOf(error), againMs: this.#loop.monotonicMs() + OPEN_AGAIN_MS };
      })
      .then(() => {
        group.opening--;
        // It is one more for each peer; where it was refused or is the only one, all are told.
        const isForAll = group.refused || sourcePort > 0;
        for (const session of isForAll ? takeAll(waiting) : takeOneOfEach(waiting))
          if (!session.isOver) this.#onOpen(session);
      });
  }
}

function takeAll(waiting: Group['waiting']): StampSession[] {
  const all = [...waiting.values()].flatMap((ofPeer) => [...ofPeer]);
  waiting.clear();
  return all;
}

function takeOneOfEach(waiting: Group['waiting']): StampSession[] {
  return [...waiting].flatMap(([key, ofPeer]) => {
    for (const session of ofPeer) {
      ofPeer.delete(session);
      if (ofPeer.size === 0) waiting.delete(key);
      if (!session.isOver) return [session];
    }
    return [];
  });
}

function keyOf(address: string, port: number): string {
  return `${address} ${port}`;
}
