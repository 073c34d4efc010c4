import { randomBytes, randomFillSync } from 'node:crypto';

/** Owner of everything that belongs to no tenant: platform keys, platform system events. */
export const PLATFORM_TENANT_ID = '00000000-0000-0000-0000-000000000000';

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;
const STORAGE_KEY = /^cnt_[A-Za-z0-9_-]{22}$/;
const STORAGE_KEY_PREFIX = 'cnt_';

const COUNTER_MAX = 0xfff;
const COUNTER_SEED_MASK = 0x7ff;
/** A clock set back by less than this goes on with the last time, so that ids keep rising. */
const CLOCK_STEP_TOLERATED_MS = 10_000;
const RANDOM_BYTES_PER_ID = 10;

const pool = Buffer.alloc(RANDOM_BYTES_PER_ID * 400);
let poolOffset = pool.length;
let lastMs = 0;
let counter = 0;

/** @returns a UUIDv7 (RFC 9562, method 1: 12-bit counter), rising within one process. */
export function newId(): string {
  return format(nextBytes());
}

/**
 * @returns a UUIDv7 whose low 16 bits have their top bit set: an e-mail that has a row of its own.
 * In campaign mail these 16 bits are the ordinal within the batch (top bit clear).
 */
export function newEmailId(): string {
  const bytes = nextBytes();
  bytes[14] |= 0x80;
  return format(bytes);
}

/** @returns an opaque content key: `cnt_` and 128 random bits in base64url (26 characters). */
export function newStorageKey(): string {
  return STORAGE_KEY_PREFIX + randomBytes(16).toString('base64url');
}

/** True for the canonical lower-case form of any UUID, the nil one included. */
export function isUuid(value: unknown): value is string {
  return typeof value === 'string' && UUID.test(value);
}

/** True for what {@link newStorageKey} makes. */
export function isStorageKey(value: unknown): value is string {
  return typeof value === 'string' && STORAGE_KEY.test(value);
}

/**
 * The millisecond at which a UUIDv7 was made.
 * @throws RangeError when the id is not a UUIDv7
 */
export function uuidTime(id: string): Date {
  if (!isUuid(id) || id[14] !== '7') throw new RangeError('not a UUIDv7');
  return new Date(Number.parseInt(id.slice(0, 8) + id.slice(9, 13), 16));
}

/** 48 bits of time, version and counter, variant and 62 random bits. */
function nextBytes(): Buffer {
  const random = takeRandom();
  advance(pool.readUInt16BE(random));
  const id = Buffer.allocUnsafe(16);
  id.writeUIntBE(lastMs, 0, 6);
  id.writeUInt16BE(0x7000 | counter, 6);
  pool.copy(id, 8, random + 2, random + RANDOM_BYTES_PER_ID);
  id[8] = (id[8] & 0x3f) | 0x80;
  return id;
}

/** Moves time on, or the counter within one millisecond; a full counter borrows the next one. */
function advance(seed: number): void {
  const now = Date.now();
  const moved = now > lastMs || now < lastMs - CLOCK_STEP_TOLERATED_MS;
  if (!moved && counter < COUNTER_MAX) {
    counter += 1;
    return;
  }
  lastMs = moved ? now : lastMs + 1;
  counter = seed & COUNTER_SEED_MASK;
}

/**
 * Random bytes are drawn in bulk: one call into the generator serves 400 ids.
 * @returns where in the pool those of the next id begin
 */
function takeRandom(): number {
  if (poolOffset === pool.length) {
    randomFillSync(pool);
    poolOffset = 0;
  }
  poolOffset += RANDOM_BYTES_PER_ID;
  return poolOffset - RANDOM_BYTES_PER_ID;
}

function format(bytes: Buffer): string {
  const hex = bytes.toString('hex');
  const middle = `${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}`;
  return `${hex.slice(0, 8)}-${middle}-${hex.slice(20)}`;
}
