import { generateKeyPairSync, randomBytes } from 'node:crypto';
import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Tier, tiers } from './ports.ts';

/** Passwords of one cluster's logins. */
export interface DatabasePasswords {
  admin: string;
  migrator: string;
  app: string;
  system: string;
  ro: string;
}

/** An ed25519 pair: base64 PKCS8 DER and base64 SPKI DER. */
export interface SigningKey {
  private_key: string;
  public_key: string;
}

/** A demo tenant with its keys, which the API shows once. */
export interface DemoTenant {
  id: string;
  live: string;
  test: string;
  /** Address of a mailbox that may send. */
  from: string;
}

export type Signer = 'gateway' | 'worker' | 'queue';

/** Everything secret of one data directory; made once, kept over restarts. */
export interface Secrets {
  databases: Record<Tier, DatabasePasswords>;
  signing: Record<Signer, SigningKey>;
  /** base64, 32 bytes each. */
  encryption_key: string;
  hash_key: string;
  cursor_secret: string;
  platform_key: string | null;
  tenants: DemoTenant[];
}

const fileOf = (dataDirectory: string): string => join(dataDirectory, 'secrets.json');

/** The secrets of a data directory, made at its first use. */
export function loadSecrets(dataDirectory: string): Secrets {
  const file = fileOf(dataDirectory);
  if (existsSync(file)) return JSON.parse(readFileSync(file, 'utf8')) as Secrets;
  const secrets = newSecrets();
  saveSecrets(dataDirectory, secrets);
  return secrets;
}

/** Readable by this user only; replaced as a whole, so that a crash leaves the old or the new. */
export function saveSecrets(dataDirectory: string, secrets: Secrets): void {
  const draft = `${fileOf(dataDirectory)}.draft`;
  writeFileSync(draft, `${JSON.stringify(secrets, null, 2)}\n`, { mode: 0o600 });
  renameSync(draft, fileOf(dataDirectory));
}

function newSecrets(): Secrets {
  return {
    databases: record(tiers, newPasswords),
    signing: record(['gateway', 'worker', 'queue'], newSigningKey),
    encryption_key: randomBytes(32).toString('base64'),
    hash_key: randomBytes(32).toString('base64'),
    cursor_secret: randomBytes(32).toString('base64'),
    platform_key: null,
    tenants: [],
  };
}

function record<K extends string, V>(keys: readonly K[], make: () => V): Record<K, V> {
  return Object.fromEntries(keys.map((key) => [key, make()])) as Record<K, V>;
}

function newPasswords(): DatabasePasswords {
  return {
    admin: newPassword(),
    migrator: newPassword(),
    app: newPassword(),
    system: newPassword(),
    ro: newPassword(),
  };
}

/** Characters that need no escaping in a URL or in SQL. */
const newPassword = (): string => randomBytes(24).toString('base64url');

function newSigningKey(): SigningKey {
  const { privateKey, publicKey } = generateKeyPairSync('ed25519');
  return {
    private_key: privateKey.export({ type: 'pkcs8', format: 'der' }).toString('base64'),
    public_key: publicKey.export({ type: 'spki', format: 'der' }).toString('base64'),
  };
}
