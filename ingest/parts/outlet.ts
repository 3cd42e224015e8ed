import { SluiceError } from '../../core/errors.ts';
import type { ClusterLink } from '../cluster/cluster-link.ts';
import { Subscriber } from '../session/subscriber.ts';

/** How long the broker may take to acknowledge an alert. */
const BROKER_ANSWER_MS = 10_000;

type Connection = Subscriber | ClusterLink;

/**
 * What the parts say to the broker goes out here: they are made before the connection, which needs most of them. Nothing is said before
 * the services start, and by then it is there.
 */
export class Outlet {
  #connection: Connection | undefined;

  open(connection: Connection): void {
    this.#connection = connection;
  }

  /** As of `Subscriber`: lost where there is no connection. */
  readonly publish = (...said: Parameters<Subscriber['publish']>): void => this.connection.publish(...said);

  /** Throws `WAY_NOT_SET_UP` in a worker of a cluster, else as `Subscriber.publishSurely`. */
  publishSurely(topic: string, payload: string): Promise<void> {
    const { connection } = this;
    return connection instanceof Subscriber
      ? connection.publishSurely(topic, payload, BROKER_ANSWER_MS)
      : Promise.reject(new SluiceError('WAY_NOT_SET_UP', { way: 'mqtt' }));
  }

  get connection(): Connection {
    return this.#connection!;
  }
}
