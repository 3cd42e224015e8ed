import { request } from 'node:http';

/** Asks a simulator in another process, through its control door; the paths are in the README. */
export class ControlClient {
  readonly #socketPath: string;

  constructor(socketPath: string) {
    this.#socketPath = socketPath;
  }

  get<T = unknown>(path: string): Promise<T> {
    return this.#ask('GET', path) as Promise<T>;
  }

  async put(path: string, body: unknown): Promise<void> {
    await this.#ask('PUT', path, body);
  }

  async delete(path: string): Promise<void> {
    await this.#ask('DELETE', path);
  }

  /** Rejects with the door's own words where it refuses. */
  #ask(method: string, path: string, body?: unknown): Promise<unknown> {
    return new Promise((resolve, reject) => {
      const asked = request({ socketPath: this.#socketPath, method, path, agent: false }, (response) => {
        const parts: Buffer[] = [];
        response.on('data', (part: Buffer) => parts.push(part));
        response.on('error', reject);
        response.on('end', () => {
          const text = Buffer.concat(parts).toString('utf8');
          if (response.statusCode === 200) resolve(JSON.parse(text));
          else reject(new Error(`${method} ${path}: ${response.statusCode} ${text.trim()}`));
        });
      });
      asked.on('error', reject);
      asked.end(body === undefined ? undefined : JSON.stringify(body));
    });
  }
}
