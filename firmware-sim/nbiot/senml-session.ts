import { CODES } from '../../core/coap/message.ts';
import { OPTIONS, pathOptions, uintOption } from '../../core/coap/option.ts';
import { FORMATS } from '../../core/lwm2m/content-format.ts';
import type { SenmlRecord } from '../../core/senml/senml.ts';
import { encodeSenmlCbor } from '../../core/senml/senml-cbor.ts';
import { encodeSenmlJson } from '../../core/senml/senml-json.ts';
import type { NodeConfig } from './node-config.ts';
import { fieldOf } from './read-answer.ts';
import { type Resource, Resources } from './resources.ts';
import type { NodeEffect, NodeInput, NodeSession } from './session.ts';

/** What it keeps of readings that nobody has acknowledged; the oldest are lost. */
const MOST_KEPT = 20;

/**
 * A node that posts its readings as SenML and nothing else. What was not acknowledged goes along with the next post,
 * under its own time.
 */
export class SenmlSession implements NodeSession {
  readonly isRegistered = false;
  readonly #config: NodeConfig;
  readonly #resources: Resources;
  readonly #nodeTimeS: (nowMs: number) => number;
  #kept: (readonly SenmlRecord[])[] = [];
  #underWay = 0;
  #measureAtMs: number;

  constructor(
    config: NodeConfig,
    measured: Readonly<Record<string, Resource>>,
    nodeTimeS: (nowMs: number) => number,
    startMs: number,
  ) {
    this.#config = config;
    this.#resources = new Resources(measured);
    this.#nodeTimeS = nodeTimeS;
    this.#measureAtMs = startMs;
  }

  /** It waits for its acknowledgement and hears nothing else. */
  isAwake(): boolean {
    return this.#underWay > 0;
  }

  nextDueMs(): number {
    return this.#measureAtMs;
  }

  reboot(nowMs: number): void {
    this.#kept = [];
    this.#underWay = 0;
    this.#measureAtMs = nowMs;
  }

  step(input: NodeInput, nowMs: number): NodeEffect[] {
    switch (input.kind) {
      case 'time':
        return nowMs >= this.#measureAtMs ? this.#post(nowMs) : [];
      case 'response':
        // What the server refuses it would refuse again.
        this.#kept = this.#kept.slice(this.#underWay);
        this.#underWay = 0;
        return [];
      case 'failed':
        this.#underWay = 0;
        return [];
      case 'request':
      case 'delivered':
        return [];
    }
  }

  #post(nowMs: number): NodeEffect[] {
    this.#measureAtMs = nowMs + this.#config.measureS * 1000;
    this.#kept.push(this.#records(nowMs));
    // One post at a time: what is under way is not sent a second time under another message id.
    if (this.#underWay > 0) {
      this.#kept = this.#kept.slice(-MOST_KEPT);
      return [];
    }
    this.#kept = this.#kept.slice(-MOST_KEPT);
    const { id, path, format, isConfirmable } = this.#config;
    const isJson = format === 'senml-json';
    const payload = (isJson ? encodeSenmlJson : encodeSenmlCbor)(this.#kept.flat());
    this.#underWay = this.#kept.length;
    const options = [
      ...pathOptions(`${path}/${id}`),
      uintOption(OPTIONS.contentFormat, isJson ? FORMATS.senmlJson : FORMATS.senmlCbor),
    ];
    if (!isConfirmable) this.#kept = [];
    return [{ kind: 'post', id: 'post', request: { code: CODES.post, options, payload }, isConfirmable }];
  }

  #records(nowMs: number): readonly SenmlRecord[] {
    const timeS = this.#nodeTimeS(nowMs);
    return this.#resources.measured.map(({ resource, value }, index) => ({
      ...(index === 0 ? { bt: timeS } : {}),
      n: resource.senml!.name,
      ...(resource.senml!.unit === undefined ? {} : { u: resource.senml!.unit }),
      ...fieldOf(value),
    }));
  }
}
