import {
  Column,
  CreateDateColumn,
  Entity,
  PrimaryColumn,
  UpdateDateColumn,
  VersionColumn,
} from 'typeorm';

/** A domain that a tenant sends from. */
@Entity('domains')
export class DomainEntity {
  @PrimaryColumn('uuid', { name: 'tenant_id' })
  tenantId: string;

  @PrimaryColumn('uuid')
  id: string;

  /** In lower case. */
  @Column('text')
  name: string;

  @Column('text', { default: 'pending' })
  status: 'pending' | 'verified' | 'failed';

  /** Of the RSA key, as the next two. */
  @Column('text', { name: 'dkim_selector', nullable: true })
  dkimSelector: string | null;

  @Column('bytea', { name: 'dkim_private_key_encrypted', nullable: true })
  dkimPrivateKeyEncrypted: Buffer | null;

  @Column('text', { name: 'dkim_public_key', nullable: true })
  dkimPublicKey: string | null;

  @Column('text', { name: 'dkim_ed25519_selector', nullable: true })
  dkimEd25519Selector: string | null;

  @Column('bytea', { name: 'dkim_ed25519_private_key_encrypted', nullable: true })
  dkimEd25519PrivateKeyEncrypted: Buffer | null;

  @Column('text', { name: 'dkim_ed25519_public_key', nullable: true })
  dkimEd25519PublicKey: string | null;

  @Column('jsonb', { default: {} })
  checks: object;

  @Column('timestamptz', { name: 'verified_at', nullable: true })
  verifiedAt: Date | null;

  @VersionColumn({ name: 'row_version' })
  rowVersion: number;

  @CreateDateColumn({ name: 'created_at', type: 'timestamptz' })
  createdAt: Date;

  @UpdateDateColumn({ name: 'updated_at', type: 'timestamptz' })
  updatedAt: Date;
}
