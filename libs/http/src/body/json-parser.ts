import { isUtf8 } from 'node:buffer';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { badRequest } from '../problem/problems.js';
import { isDeeperThan, MAX_JSON_DEPTH } from './json-shape.js';

type Done = (error: Error | null, body?: unknown) => void;
type DefaultParser = ReturnType<FastifyInstance['getDefaultJsonParser']>;

/**
 * Replaces Fastify's parsers: only application/json is read; depth is checked before anything is
 * built; `__proto__` and `constructor.prototype` as keys are refused. Everything else is 415.
 */
export function useJsonParser(instance: FastifyInstance): void {
  const parse = instance.getDefaultJsonParser('error', 'error');
  instance.removeAllContentTypeParsers();
  instance.addContentTypeParser<Buffer>(
    'application/json',
    { parseAs: 'buffer' },
    (request, body, done) => parseJson(parse, request, body, done as Done),
  );
}

function parseJson(parse: DefaultParser, request: FastifyRequest, body: Buffer, done: Done): void {
  if (isDeeperThan(body, MAX_JSON_DEPTH)) {
    const detail = `The body nests deeper than ${MAX_JSON_DEPTH} levels.`;
    return done(badRequest('json_too_deep', detail));
  }
  if (!isUtf8(body)) return done(malformed());
  const text = body.toString();
  if (!mayNamePrototype(text)) return parsePlain(text, done);
  void parse(request, text, (error, value) => done(error ? malformed() : null, value));
}

/**
 * Only such a text can hold one of the refused keys, spelled out or with escapes (or a byte order mark):
 * Fastify's parser then looks for them with patterns, which cost more than parsing.
 */
function mayNamePrototype(text: string): boolean {
  return (
    text.includes('\\u') ||
    text.includes('__proto__') ||
    text.includes('constructor') ||
    text.startsWith('\uFEFF')
  );
}

function parsePlain(text: string, done: Done): void {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return done(malformed());
  }
  done(null, value);
}

function malformed() {
  return badRequest('malformed_json', 'The body is not acceptable JSON.');
}
