import type { CoapContent } from '../../../core/coap/endpoint-state.ts';
import { CODES, type CoapMessage, formatCode } from '../../../core/coap/message.ts';
import { OPTIONS, pathOptions, textOption, uintOption } from '../../../core/coap/option.ts';
import { SluiceError } from '../../../core/errors.ts';
import { encodeContent } from '../../../core/lwm2m/content.ts';
import { FORMATS } from '../../../core/lwm2m/content-format.ts';
import { parsePath } from '../../../core/lwm2m/path.ts';
import type { Asking, CoapOutcome, CoapTransport } from './coap-transport.ts';
import type { WriteStep } from './write-steps.ts';

/** TLV is what LwM2M 1.0 obliges every client to; the others are for those that came after and left it out. */
const WRITE_FORMATS = [FORMATS.tlv, FORMATS.text, FORMATS.senmlCbor, FORMATS.senmlJson, FORMATS.legacyTlv];
const NOTHING = new Uint8Array();

/** The operations of LwM2M on one node, at the address and under the root that it registered with. */
export class NodeClient {
  readonly #transport: CoapTransport;
  readonly #device: string;
  readonly #peer: string;
  readonly #root: string;

  constructor(transport: CoapTransport, device: string, peer: string, root: string) {
    this.#transport = transport;
    this.#device = device;
    this.#peer = peer;
    this.#root = root;
  }

  /** Without Accept: clients answer 4.06 to formats that they lack, and each answers in one that is known here. */
  readRequest(path: string): CoapContent {
    return { code: CODES.get, options: pathOptions(this.#root + path), payload: NOTHING };
  }

  async read(path: string, how: Asking = {}): Promise<CoapMessage | SluiceError> {
    const outcome = await this.#transport.ask(this.#peer, this.readRequest(path), how);
    const request = `GET ${path}`;
    if (outcome.kind === 'failed') return this.#timeout(request);
    return this.refusal(outcome.message, request) ?? outcome.message;
  }

  /** `id` names what is told from then on. */
  observe(id: string, path: string): Promise<CoapOutcome> {
    const { code, options, payload } = this.readRequest(path);
    const request = { code, options: [uintOption(OPTIONS.observe, 0), ...options], payload };
    return this.#transport.observe(id, this.#peer, request);
  }

  /** Write-Attributes (LwM2M 1.1, 6.3.4): how often a resource is to be told. */
  writeAttributes(path: string, attributes: Readonly<Record<string, number>>): Promise<CoapOutcome> {
    const queries = Object.entries(attributes).map(([name, value]) =>
      textOption(OPTIONS.uriQuery, `${name}=${value}`),
    );
    const options = [...pathOptions(this.#root + path), ...queries];
    return this.#transport.ask(this.#peer, { code: CODES.put, options, payload: NOTHING });
  }

  /** `undefined` where the node has confirmed it. */
  async carryOut(step: WriteStep, how: Asking): Promise<SluiceError | undefined> {
    const path = pathOptions(this.#root + step.path);
    if (step.kind === 'execute') {
      const request = { code: CODES.post, options: path, payload: NOTHING };
      return this.#confirmed(await this.#transport.ask(this.#peer, request, how), `POST ${step.path}`);
    }
    let error: SluiceError | undefined;
    for (const format of WRITE_FORMATS) {
      const payload = encodeContent(format, parsePath(step.path)!, step.value, step.type);
      if (!payload) continue;
      const options = [...path, uintOption(OPTIONS.contentFormat, format)];
      const outcome = await this.#transport.ask(this.#peer, { code: CODES.put, options, payload }, how);
      error = this.#confirmed(outcome, `PUT ${step.path}`);
      if (outcome.kind === 'failed' || !isFormatRefused(outcome.message)) return error;
    }
    return error;
  }

  /** What the node had against a request; `undefined` where it did as it was asked. */
  refusal(message: CoapMessage, request: string): SluiceError | undefined {
    if (message.code >> 5 === 2) return undefined;
    // The words of a node are a few at most, and go into a log.
    const words = Buffer.from(message.payload)
      .toString('utf8')
      .replace(/[^\x20-\x7e\u4e00-\u9fff]/g, '')
      .slice(0, 80);
    const answer = `${formatCode(message.code)} ${words}`.trim();
    return new SluiceError('COAP_REFUSED', { device: this.#device, request, answer });
  }

  #confirmed(outcome: CoapOutcome, request: string): SluiceError | undefined {
    return outcome.kind === 'failed' ? this.#timeout(request) : this.refusal(outcome.message, request);
  }

  #timeout(request: string): SluiceError {
    return new SluiceError('COAP_TIMEOUT', { device: this.#device, request });
  }
}

function isFormatRefused({ code }: CoapMessage): boolean {
  return code === CODES.unsupportedFormat || code === CODES.notAcceptable;
}
