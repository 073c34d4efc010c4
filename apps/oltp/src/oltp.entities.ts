import { ApiKeyEntity } from './api-key/api-key.entity.js';
import { DomainEntity } from './mailbox/domain.entity.js';
import { MailboxEntity } from './mailbox/mailbox.entity.js';
import { TenantEntity } from './tenant/tenant.entity.js';
import { UserEntity } from './tenant/user.entity.js';

/** What TypeORM maps; the hot tables are reached by SQL alone. */
export const entities = [ApiKeyEntity, DomainEntity, MailboxEntity, TenantEntity, UserEntity];
