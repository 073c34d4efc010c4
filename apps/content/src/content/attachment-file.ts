import type { ProblemItem } from '@penguinmails/http/problem';
import { isWellFormed } from './unicode.js';

/** One file of a message, checked and decoded. */
export interface AttachmentFile {
  readonly filename: string;
  readonly contentType: string;
  readonly disposition: 'attachment' | 'inline';
  readonly contentId: string | null;
  readonly bytes: Buffer;
}

const MAX_FILENAME = 255;
const MAX_CONTENT_TYPE = 100;
const MAX_CONTENT_ID = 255;

// Control characters, path separators, and the marks that make "exe.pdf" read "fdp.exe".
const UNSAFE_FILENAME = /[\p{Cc}/\\\u200e\u200f\u202a-\u202e\u2066-\u2069]/u;
// RFC 6838 names, then parameters whose values are tokens (RFC 2045).
const CONTENT_TYPE = /^[a-z0-9][\w.+-]*\/[a-z0-9][\w.+-]*(?:; ?[\w-]+=[\w.+-]+)*$/i;
// The left and right side of a msg-id (RFC 5322) without its angle brackets.
const CONTENT_ID = /^[\w!#$%&'*+/=?^`{|}~.@-]+$/;

type Described = Omit<AttachmentFile, 'bytes'>;

/** What is wrong with name, type and id of a file; pointers below `at`. */
export function checkDescription(file: Described, at: string): ProblemItem[] {
  const checks: [boolean, string, string, string][] = [
    [isFilename(file.filename), 'filename', 'invalid_filename', 'must be a plain file name'],
    [
      isContentType(file.contentType),
      'content_type',
      'invalid_content_type',
      'must be type/subtype',
    ],
    [isContentId(file.contentId), 'content_id', 'invalid_content_id', 'must be a content id'],
  ];
  return checks
    .filter(([good]) => !good)
    .map(([, field, code, detail]) => ({ pointer: `${at}/${field}`, code, detail }));
}

function isFilename(name: string): boolean {
  if (name.length === 0 || name.length > MAX_FILENAME || !isWellFormed(name)) return false;
  return !UNSAFE_FILENAME.test(name) && name !== '.' && name !== '..';
}

function isContentType(type: string): boolean {
  return type.length <= MAX_CONTENT_TYPE && CONTENT_TYPE.test(type);
}

function isContentId(id: string | null): boolean {
  return id === null || (id.length <= MAX_CONTENT_ID && CONTENT_ID.test(id));
}

const EXECUTABLE_NAME = /\.(?:exe|dll|com|scr|msi|sys|efi|cpl|so|bin|out|o|elf|dylib)$/i;
const EXECUTABLE_STARTS = ['7f454c46', 'feedface', 'feedfacf', 'cefaedfe', 'cffaedfe'];
const DOS_HEADER_BYTES = 64;

/**
 * A program that calls itself something else (ASVS 5.0 5.2.2). A program under its own name passes:
 * whether to accept those is the recipient's policy.
 */
export function isDisguisedProgram(filename: string, bytes: Buffer): boolean {
  return isProgram(bytes) && !EXECUTABLE_NAME.test(filename) && filename.includes('.');
}

function isProgram(bytes: Buffer): boolean {
  if (EXECUTABLE_STARTS.includes(bytes.toString('hex', 0, 4))) return true;
  // Text may begin with "MZ" too, but has no zero bytes.
  return bytes.toString('latin1', 0, 2) === 'MZ' && bytes.subarray(0, DOS_HEADER_BYTES).includes(0);
}
