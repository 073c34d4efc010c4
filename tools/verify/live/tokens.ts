import {
  createHmac,
  generateKeyPairSync,
  type KeyObject,
  createPrivateKey,
  sign,
} from 'node:crypto';
import { loadSecrets, type Signer } from '../../stack/secrets.ts';

const TYPE = 'pm-service+jwt';

/** Who signs, for whom, and what it says: everything that can be wrong can be given. */
export interface TokenWish {
  readonly issuer?: string;
  readonly audience: string;
  readonly claims?: object;
  readonly key?: KeyObject;
  readonly header?: object;
  readonly lifeSeconds?: number;
  readonly ageSeconds?: number;
}

const part = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url');

/** The signing keys of a stack, for tokens as its own services make them and for forged ones. */
export class Forge {
  readonly #keys: Record<Signer, KeyObject>;
  readonly #publicKeys: Record<Signer, string>;

  constructor(dataDirectory: string) {
    const { signing } = loadSecrets(dataDirectory);
    const of = (name: Signer): KeyObject =>
      createPrivateKey({
        key: Buffer.from(signing[name].private_key, 'base64'),
        format: 'der',
        type: 'pkcs8',
      });
    this.#keys = { gateway: of('gateway'), worker: of('worker'), queue: of('queue') };
    this.#publicKeys = {
      gateway: signing.gateway.public_key,
      worker: signing.worker.public_key,
      queue: signing.queue.public_key,
    };
  }

  token(signer: Signer, wish: TokenWish): string {
    const text = this.#unsigned(signer, wish, { alg: 'EdDSA', typ: TYPE, ...wish.header });
    const key = wish.key ?? this.#keys[signer];
    return `${text}.${sign(null, Buffer.from(text), key).toString('base64url')}`;
  }

  #unsigned(signer: Signer, wish: TokenWish, header: object): string {
    const iat = Math.floor(Date.now() / 1000) - (wish.ageSeconds ?? 0);
    const exp = iat + (wish.lifeSeconds ?? 60);
    const { issuer = signer, audience, claims } = wish;
    return `${part(header)}.${part({ iss: issuer, aud: audience, iat, exp, ...claims })}`;
  }

  /** Identities that no route may take, by what is wrong with them. */
  wrong(tier: string, tenantId: string): Record<string, string | undefined> {
    const actor = { kind: 'api_key', id: tenantId };
    const claims = { tid: tenantId, act: actor, mode: 'live', scp: ['emails:read'] };
    const good = { audience: tier, claims };
    const other = tier === 'oltp' ? 'queue' : 'oltp';
    const stranger = generateKeyPairSync('ed25519').privateKey;
    const none = this.#unsigned('gateway', good, { alg: 'none', typ: TYPE });
    const hs = this.#unsigned('gateway', good, { alg: 'HS256', typ: TYPE });
    const mac = createHmac('sha256', Buffer.from(this.#publicKeys.gateway, 'base64')).update(hs);
    return {
      nobody: undefined,
      'no token': 'x',
      'alg none': `${none}.`,
      'HS256 under the public key': `${hs}.${mac.digest('base64url')}`,
      'a key of a stranger': this.token('gateway', { ...good, key: stranger }),
      'another audience': this.token('gateway', { ...good, audience: other }),
      expired: this.token('gateway', { ...good, ageSeconds: 3_600 }),
      'not yet': this.token('gateway', { ...good, ageSeconds: -3_600 }),
      'a long life': this.token('gateway', { ...good, lifeSeconds: 86_400 }),
      'another type': this.token('gateway', { ...good, header: { typ: 'JWT' } }),
      'a tenant of the worker': this.token('worker', good),
      'the queue as gateway': this.token('queue', { ...good, issuer: 'gateway' }),
      'of the queue': this.token('queue', good),
      'a tenant without actor': this.token('gateway', { ...good, claims: { tid: tenantId } }),
      'jwk in the header': this.token('gateway', {
        ...good,
        key: stranger,
        header: { jku: 'http://127.0.0.1/', kid: 'x' },
      }),
    };
  }
}
