import type { ValidationError } from 'class-validator';
import type { ProblemItem } from '../problem/problem.js';
import { escapePointer } from './json-shape.js';

/** class-validator's name for a property that the class does not have. */
const UNKNOWN = 'whitelistValidation';
const MAX_ITEMS = 50;
const MAX_TEXT = 256;

/** One failed rule: where, which, and class-validator's words for it. */
export interface FailedRule {
  readonly path: readonly string[];
  /** snake_case, such as `is_not_empty`; `unknown_field` for a property the class does not have. */
  readonly code: string;
  readonly detail: string;
}

/** The failed rules of a tree of errors, in its order, 50 at most. */
export function failedRules(errors: readonly ValidationError[]): FailedRule[] {
  return errors.flatMap((error) => rulesOf(error, [])).slice(0, MAX_ITEMS);
}

function rulesOf(error: ValidationError, parent: readonly string[]): FailedRule[] {
  const path = [...parent, error.property];
  const own = Object.entries(error.constraints ?? {}).map(([rule, message]) => ({
    path,
    code: rule === UNKNOWN ? 'unknown_field' : snakeCase(rule),
    detail: rule === UNKNOWN ? 'There is no such field.' : message.slice(0, MAX_TEXT),
  }));
  return [...own, ...(error.children ?? []).flatMap((child) => rulesOf(child, path))];
}

export function toBodyItem({ path, code, detail }: FailedRule): ProblemItem {
  const pointer = path.map((step) => `/${escapePointer(step)}`).join('');
  return { pointer: pointer.slice(0, MAX_TEXT), code, detail };
}

export function toQueryItem({ path, code, detail }: FailedRule): ProblemItem {
  const isUnknown = code === 'unknown_field';
  return {
    parameter: path.join('.').slice(0, MAX_TEXT),
    code: isUnknown ? 'unknown_parameter' : code,
    detail: isUnknown ? 'There is no such parameter.' : detail,
  };
}

function snakeCase(rule: string): string {
  return rule.replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`).replace(/^_/, '');
}
