import type { FastifySchemaValidationError } from 'fastify/types/schema.js';
import type { SluiceError } from '../../core/errors.ts';
import { quoted } from './quoted.ts';
import { requestInvalid } from './request-invalid.ts';

const LONGEST_NAME = 80;

/** What Ajv adds under `verbose`. */
interface Verbose {
  readonly parentSchema?: { readonly properties?: Readonly<Record<string, unknown>> };
  readonly data?: unknown;
}

function wrongType(field: string, type: unknown): SluiceError {
  const names = [type].flat().join(', ');
  const what = field === '' ? 'body' : field;
  return requestInvalid(what, { en: `must be of the JSON type ${names}`, zh: `必须是 JSON 类型 ${names}` });
}

/** Turns Ajv's first complaint about a query or a body into the field that is wrong and what is allowed. */
export function schemaError(errors: readonly FastifySchemaValidationError[], where: string): SluiceError {
  const isBody = where === 'body';
  const error = errors[0]! as FastifySchemaValidationError & Verbose;
  const field = error.instancePath.split('/')[1] ?? '';
  const params = error.params as Readonly<Record<string, unknown>>;
  switch (error.keyword) {
    case 'additionalProperties': {
      const allowed = Object.keys(error.parentSchema?.properties ?? {}).join(', ');
      return requestInvalid(String(params.additionalProperty).slice(0, LONGEST_NAME), {
        en: `unknown parameter; ${allowed === '' ? 'none is allowed here' : `allowed: ${allowed}`}`,
        zh: `未知参数；${allowed === '' ? '此接口不接受参数' : `可用参数：${allowed}`}`,
      });
    }
    case 'required':
      return requestInvalid(String(params.missingProperty), {
        en: 'missing; it must be set',
        zh: '缺少此参数',
      });
    case 'type':
      if (isBody) return wrongType(field, params.type);
      return requestInvalid(field, {
        en: 'given more than once; give it once',
        zh: '重复出现；只能给出一次',
      });
    case 'enum': {
      const allowed = (params.allowedValues as unknown[]).join(', ');
      return requestInvalid(field, {
        en: `${quoted(String(error.data))} is not one of ${allowed}`,
        zh: `${quoted(String(error.data))} 无效；可用值：${allowed}`,
      });
    }
    case 'minLength':
      return requestInvalid(field, {
        en: 'is empty; leave it out or give it a value',
        zh: '为空；请给出值或省略',
      });
    case 'maxLength':
      return requestInvalid(field, {
        en: `${quoted(String(error.data))} is longer than ${params.limit} characters`,
        zh: `${quoted(String(error.data))} 超过 ${params.limit} 个字符`,
      });
    case 'maxItems':
      return requestInvalid(field, {
        en: `given more than ${params.limit} times; ask for fewer at once`,
        zh: `重复超过 ${params.limit} 次；请减少数量`,
      });
    default:
      return requestInvalid(field, {
        en: `${quoted(String(error.data))} ${error.message ?? 'is not valid'}`,
        zh: `${quoted(String(error.data))} 无效`,
      });
  }
}
