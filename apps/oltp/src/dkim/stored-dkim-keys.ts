import type { DomainEntity } from '../mailbox/domain.entity.js';
import type { SecretBox, SecretOwner } from '../mailbox/secret-box.js';
import { type DkimAlgorithm, DkimKeyError, type DkimKey } from './dkim-key.js';

/** The columns of a domain that hold its keys: RSA in those the seed has, ed25519 beside them. */
export type DkimColumns = Pick<
  DomainEntity,
  | 'dkimSelector'
  | 'dkimPrivateKeyEncrypted'
  | 'dkimPublicKey'
  | 'dkimEd25519Selector'
  | 'dkimEd25519PrivateKeyEncrypted'
  | 'dkimEd25519PublicKey'
>;

type DomainName = Pick<DomainEntity, 'tenantId' | 'id'>;

/** What a worker signs with. Holds private keys: for its memory only. */
export interface DkimTransport {
  readonly domain: string;
  readonly keys: readonly {
    readonly selector: string;
    readonly algorithm: DkimAlgorithm;
    /** PKCS #8 DER, base64. */
    readonly private_key: string;
  }[];
}

/** Seals both keys of a domain. @throws DkimKeyError one of the two is missing */
export function sealKeys(
  box: SecretBox,
  domain: DomainName,
  keys: readonly DkimKey[],
): DkimColumns {
  const [rsa, ed25519] = [ofAlgorithm(keys, 'rsa-sha256'), ofAlgorithm(keys, 'ed25519-sha256')];
  return {
    dkimSelector: rsa.selector,
    dkimPrivateKeyEncrypted: box.seal(ownerOf(domain, rsa.algorithm), rsa.privateKey),
    dkimPublicKey: rsa.publicKey,
    dkimEd25519Selector: ed25519.selector,
    dkimEd25519PrivateKeyEncrypted: box.seal(
      ownerOf(domain, ed25519.algorithm),
      ed25519.privateKey,
    ),
    dkimEd25519PublicKey: ed25519.publicKey,
  };
}

/**
 * The keys that sign a domain's mail; null where it has none or is not verified: nobody could look up
 * what the signature names.
 * @throws SealedSecretError a key does not open
 */
export function openKeys(box: SecretBox, domain: DomainEntity): DkimTransport | null {
  const stored = [
    ['rsa-sha256', domain.dkimSelector, domain.dkimPrivateKeyEncrypted],
    ['ed25519-sha256', domain.dkimEd25519Selector, domain.dkimEd25519PrivateKeyEncrypted],
  ] as const;
  if (domain.status !== 'verified') return null;
  const keys = stored.flatMap(([algorithm, selector, sealed]) =>
    selector === null || sealed === null
      ? []
      : [{ selector, algorithm, private_key: box.open(ownerOf(domain, algorithm), sealed) }],
  );
  return keys.length === 0 ? null : { domain: domain.name, keys };
}

function ofAlgorithm(keys: readonly DkimKey[], algorithm: DkimAlgorithm): DkimKey {
  const key = keys.find((one) => one.algorithm === algorithm);
  if (!key) throw new DkimKeyError(`no key for ${algorithm}`);
  return key;
}

/** The two keys of a row do not open in each other's place. */
function ownerOf({ tenantId, id }: DomainName, algorithm: DkimAlgorithm): SecretOwner {
  return { tenantId, id: `${id}:${algorithm}` };
}
