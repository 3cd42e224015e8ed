import { execFile } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import type { Clock } from '../../core/clock.ts';
import type { SystemEvidence } from './clock-machine.ts';
import type { ClockConfig } from './config.ts';

/** systemd-timesyncd makes the folder when it starts and touches the file with each answer of a server. */
const TIMESYNC = '/run/systemd/timesync';
const RTC = '/sys/class/rtc/rtc0/since_epoch';
const RTC_AGREES_MS = 5_000;
const ASK_EVERY_MS = 60_000;
const ASK_TIMEOUT_MS = 5_000;

/**
 * Whether anything disciplines the system clock, found out without root. Files are looked at each time; programs are
 * asked at most once a minute, and what they said last is what counts.
 */
export class SystemClockEvidence {
  readonly #clock: Clock;
  readonly #trust: ClockConfig['trustSystemClock'];
  readonly #ask: Ask;
  readonly #root: string;
  #askedAtMs = Number.NEGATIVE_INFINITY;
  /** Until they have answered once, nothing is taken for granted. */
  #said: 'disciplined' | 'undisciplined' | 'unknown' = 'undisciplined';
  #asking: Promise<void> | undefined;

  constructor(clock: Clock, trust: ClockConfig['trustSystemClock'], ask: Ask = askProgram, root = '/') {
    this.#clock = clock;
    this.#trust = trust;
    this.#ask = ask;
    this.#root = root;
  }

  now(): SystemEvidence {
    if (this.#trust === 'always') return 'disciplined';
    if (this.#trust === 'never') return 'undisciplined';
    if (existsSync(this.#root + TIMESYNC)) {
      return existsSync(`${this.#root}${TIMESYNC}/synchronized`) ? 'disciplined' : 'undisciplined';
    }
    if (this.#clock.monotonicMs() - this.#askedAtMs >= ASK_EVERY_MS) void this.refresh();
    return this.#said === 'unknown' && this.#agreesWithRtc() ? 'rtc' : this.#said;
  }

  /** Resolves when the programs have been asked once more; they cannot fail. */
  refresh(): Promise<void> {
    this.#askedAtMs = this.#clock.monotonicMs();
    this.#asking ??= this.#askPrograms().then((said) => {
      this.#said = said;
      this.#asking = undefined;
    });
    return this.#asking;
  }

  async #askPrograms(): Promise<'disciplined' | 'undisciplined' | 'unknown'> {
    const tracking = await this.#ask('chronyc', ['-c', '-n', 'tracking']);
    // The last column is the leap status: Normal, Insert second, Delete second, Not synchronised.
    if (tracking !== undefined)
      return tracking.trim().endsWith('Not synchronised') ? 'undisciplined' : 'disciplined';
    const properties = await this.#ask('timedatectl', ['show', '-p', 'NTP', '-p', 'NTPSynchronized']);
    if (properties?.includes('NTPSynchronized=yes')) return 'disciplined';
    return properties?.includes('NTP=yes') ? 'undisciplined' : 'unknown';
  }

  #agreesWithRtc(): boolean {
    try {
      const rtcMs = Number(readFileSync(this.#root + RTC, 'latin1')) * 1_000;
      return Math.abs(rtcMs - this.#clock.nowMs()) <= RTC_AGREES_MS;
    } catch {
      return false;
    }
  }
}

/** What a program prints; `undefined` where there is none or it fails. */
type Ask = (program: string, parameters: readonly string[]) => Promise<string | undefined>;

const askProgram: Ask = (program, parameters) =>
  new Promise((resolve) => {
    execFile(program, [...parameters], { timeout: ASK_TIMEOUT_MS }, (error, stdout) => {
      resolve(error ? undefined : stdout);
    });
  });
