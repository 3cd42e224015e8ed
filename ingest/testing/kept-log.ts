import type { Log } from '../../core/log.ts';

/** A log that keeps what it was told, for tests that care what people would read. */
export class KeptLog {
  readonly lines: { level: string; details: Record<string, unknown>; text: string }[] = [];

  readonly log: Log = this.#make();

  texts(): string[] {
    return this.lines.map(({ text }) => text);
  }

  #make(): Log {
    const keep = (level: string) => (details: Record<string, unknown>, text: string) => {
      this.lines.push({ level, details, text });
    };
    const log = { debug: keep('debug'), info: keep('info'), warn: keep('warn'), error: keep('error') };
    return { ...log, child: () => this.log } as unknown as Log;
  }
}
