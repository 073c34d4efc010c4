import { hash } from 'node:crypto';
import { PLATFORM_TENANT_ID } from '@penguinmails/contracts';

/** A key as it was shown, taken apart; nothing says yet that it exists. */
export interface ParsedKey {
  /** The platform tenant for platform keys. */
  readonly tenantId: string;
  /** SHA-256 of the whole text, hex: what is looked up. The text itself is not kept. */
  readonly sha256: string;
}

const TENANT_PREFIXES = ['pm_live_', 'pm_test_'];
const PREFIX_LENGTH = 8;
const TENANT_LENGTH = 22;
const SECRET_LENGTH = 43;
const TENANT_KEY_LENGTH = PREFIX_LENGTH + TENANT_LENGTH + 1 + SECRET_LENGTH;
const PLATFORM_PREFIX = 'pm_platform_';
const PLATFORM_KEY_LENGTH = PLATFORM_PREFIX.length + SECRET_LENGTH;
const KEY_TEXT = /^[A-Za-z0-9_-]+$/;

/**
 * Parses `pm_live_<22>_<43>`, `pm_test_<22>_<43>` or `pm_platform_<43>`. Parts are cut by length, since
 * base64url contains `_` itself.
 * @returns null when the text cannot be a key
 */
export function parseApiKey(text: string): ParsedKey | null {
  const tenantId = tenantOf(text);
  if (tenantId === null || !KEY_TEXT.test(text)) return null;
  return { tenantId, sha256: hash('sha256', text) };
}

/** True for text that starts like one of our keys, wherever it turns up. */
export function looksLikeKey(text: string): boolean {
  return [...TENANT_PREFIXES, PLATFORM_PREFIX].some((prefix) => text.startsWith(prefix));
}

function tenantOf(text: string): string | null {
  if (text.startsWith(PLATFORM_PREFIX))
    return text.length === PLATFORM_KEY_LENGTH ? PLATFORM_TENANT_ID : null;
  if (text.length !== TENANT_KEY_LENGTH) return null;
  if (!TENANT_PREFIXES.includes(text.slice(0, PREFIX_LENGTH))) return null;
  const end = PREFIX_LENGTH + TENANT_LENGTH;
  return text[end] === '_' ? decodeTenant(text.slice(PREFIX_LENGTH, end)) : null;
}

/** 22 characters hold 132 bits: the four left over must be zero, else two texts name one tenant. */
function decodeTenant(text: string): string | null {
  const bytes = Buffer.from(text, 'base64url');
  if (bytes.toString('base64url') !== text) return null;
  const id = bytes.toString('hex').replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
  // A tenant key of the platform tenant is no thing that exists.
  return id === PLATFORM_TENANT_ID ? null : id;
}
