import { describe, expect, it } from 'vitest';
import {
  CLOSED_MODEM,
  type ModemEffect,
  type ModemInput,
  type ModemState,
  stepModem,
} from './modem-session.ts';

const SMS = { kind: 'send', id: 'd1', parts: [{ length: 23, hex: 'AB' }] } as const;

/** A modem as a script: what is written to it, and what comes of it. */
class Talk {
  state: ModemState = CLOSED_MODEM;
  effects: readonly ModemEffect[] = [];
  readonly #pin: string | undefined;

  constructor(pin?: string) {
    this.#pin = pin;
  }

  on(...inputs: readonly (ModemInput | ModemInput['kind'] | string)[]): this {
    const kinds = ['opened', 'closed', 'prompt', 'timeout'];
    for (const input of inputs) {
      const one =
        typeof input !== 'string'
          ? input
          : ((kinds.includes(input) ? { kind: input } : { kind: 'line', text: input }) as ModemInput);
      const step = stepModem(this.state, one, this.#pin);
      this.state = step.state;
      this.effects = step.effects;
    }
    return this;
  }

  ready(): this {
    return this.on('opened', 'OK', 'OK', 'OK', '+CPIN: READY', 'OK', '+CREG: 0,1', 'OK', '+CSQ: 20,99', 'OK');
  }

  get written(): string {
    return this.effects.map((one) => (one.kind === 'write' ? one.text : '')).join('');
  }

  get outcome() {
    return this.effects.find((one) => one.kind === 'sent' || one.kind === 'failed');
  }
}

describe('a modem', () => {
  it('is asked who it is, whether it has a SIM and a network, and how strong', () => {
    const talk = new Talk().ready();
    expect(talk.state).toMatchObject({ phase: 'idle', trouble: undefined, signalDbm: -73 });
  });

  it('is given a message part by part, each after its prompt', () => {
    const parts = [SMS.parts[0], { length: 9, hex: 'CD' }];
    const talk = new Talk().ready().on({ ...SMS, parts });
    expect(talk.written).toBe('AT+CMGS=23\r');
    expect(talk.on('prompt').written).toBe('AB\x1a');
    expect(talk.on('+CMGS: 7', 'OK').written).toBe('AT+CMGS=9\r');
    expect(talk.on('prompt', '+CMGS: 8', 'OK').outcome).toEqual({ kind: 'sent', id: 'd1' });
    expect(talk.state).toMatchObject({ phase: 'idle', job: undefined });
  });

  it('has a message wait while it is asked how it is', () => {
    const talk = new Talk().ready().on('timeout', SMS);
    expect(talk.written).toBe('');
    expect(talk.on('+CPIN: READY', 'OK', '+CREG: 0,5', 'OK', '+CSQ: 99,99', 'OK').written).toBe(
      'AT+CMGS=23\r',
    );
    expect(talk.state.signalDbm).toBeUndefined();
  });

  it('may be called, and make noise, meanwhile', () => {
    const talk = new Talk().ready().on(SMS, 'RING', '~~x', 'prompt', '+CREG: 1', 'RING', '+CMGS: 7', 'OK');
    expect(talk.outcome).toEqual({ kind: 'sent', id: 'd1' });
  });

  it('that says OK without a reference has not sent', () => {
    expect(new Talk().ready().on(SMS, 'prompt', 'OK').outcome).toMatchObject({
      kind: 'failed',
      isForEver: false,
    });
  });

  it.each([
    [1, true],
    [304, true],
    [38, false],
    [331, false],
    [500, false],
  ])('whose network answers +CMS ERROR: %i has failed for ever: %s', (code, isForEver) => {
    const talk = new Talk().ready().on(SMS, 'prompt', `+CMS ERROR: ${code}`);
    expect(talk.outcome).toMatchObject({ kind: 'failed', isForEver });
    expect(talk.written, 'and is asked how it is').toBe('AT+CPIN?\r');
  });

  it('without a SIM, a network or at all refuses a message at once', () => {
    const noSim = new Talk().on('opened', 'OK', 'OK', 'OK', '+CME ERROR: 10');
    expect(noSim.state.trouble).toBe('no-sim');
    expect(noSim.on(SMS).outcome).toMatchObject({ kind: 'failed', isForEver: false });
    const noNet = new Talk().on('opened', 'OK', 'OK', 'OK', '+CPIN: READY', 'OK', '+CREG: 0,2', 'OK');
    expect(noNet.state.trouble).toBe('no-network');
    expect(noNet.on('timeout').written, 'asked again').toBe('AT+CPIN?\r');
    expect(new Talk().on(SMS).outcome).toMatchObject({ reason: { en: 'it is not plugged in' } });
  });

  it('is given the PIN once, and never a second time', () => {
    const talk = new Talk('4321').on('opened', 'OK', 'OK', 'OK', '+CPIN: SIM PIN', 'OK');
    expect(talk.written).toBe('AT+CPIN="4321"\r');
    expect(talk.on('+CME ERROR: 16').state.trouble).toBe('pin-wrong');
    expect(talk.on('timeout', '+CPIN: SIM PIN', 'OK').written).toBe('');
    expect(talk.on('closed').ready().on('timeout', '+CPIN: SIM PIN', 'OK').written, 'plugged in again').toBe(
      '',
    );
    expect(new Talk().on('opened', 'OK', 'OK', 'OK', '+CPIN: SIM PIN', 'OK').state.trouble).toBe(
      'pin-needed',
    );
  });

  it('that asks for the PIN again after a restart, having taken it, is given it again', () => {
    const talk = new Talk('4321').on('opened', 'OK', 'OK', 'OK', '+CPIN: SIM PIN', 'OK').on('OK');
    talk.on('+CPIN: READY', 'OK', '+CREG: 0,1', 'OK', '+CSQ: 20,99', 'OK');
    expect(talk.on('closed', 'opened', 'OK', 'OK', 'OK', '+CPIN: SIM PIN', 'OK').written).toBe(
      'AT+CPIN="4321"\r',
    );
  });

  it('that is stuck is spoken to anew, restarted, and has its lines pulled', () => {
    const talk = new Talk().ready().on(SMS, 'prompt', 'timeout');
    expect(talk.outcome).toMatchObject({ kind: 'failed', isForEver: false });
    expect(talk.written).toBe('\x1bATE0\r');
    expect(talk.on('timeout').written).toBe('\x1b\rAT+CFUN=1,1\r');
    expect(talk.effects.some(({ kind }) => kind === 'hang-up')).toBe(false);
    expect(talk.state.trouble).toBe('silent');
    talk.on('timeout', 'timeout');
    expect(talk.effects.some(({ kind }) => kind === 'hang-up')).toBe(true);
    expect(talk.on('opened').written, 'has its time to start, though the port is another').toBe('');
    expect(talk.on('timeout').written).toBe('\x1bATE0\r');
    expect(talk.on('OK').state.silences).toBe(0);
  });

  it('that is unplugged fails what it was sending', () => {
    const talk = new Talk().ready().on(SMS, 'prompt', 'closed');
    expect(talk.outcome).toMatchObject({ kind: 'failed', id: 'd1', isForEver: false });
    expect(talk.state).toMatchObject({ phase: 'closed', trouble: 'unplugged', job: undefined });
  });
});
