import {
  Column,
  CreateDateColumn,
  Entity,
  PrimaryColumn,
  UpdateDateColumn,
  VersionColumn,
} from 'typeorm';

export type UnknownOutcomePolicy = 'retry_once' | 'park';
export type MailboxStatus = 'active' | 'paused' | 'failing';
export type SmtpSecurity = 'none' | 'starttls' | 'tls';

/** An address that a tenant sends from. Without a server of its own the platform's relay is used. */
@Entity('mailboxes')
export class MailboxEntity {
  @PrimaryColumn('uuid', { name: 'tenant_id' })
  tenantId: string;

  @PrimaryColumn('uuid')
  id: string;

  @Column('uuid', { name: 'domain_id' })
  domainId: string;

  @Column('text')
  address: string;

  @Column('text', { name: 'address_norm' })
  addressNorm: string;

  @Column('text', { name: 'display_name', nullable: true })
  displayName: string | null;

  @Column('text', { name: 'smtp_host', nullable: true })
  smtpHost: string | null;

  @Column('integer', { name: 'smtp_port', nullable: true })
  smtpPort: number | null;

  @Column('text', { name: 'smtp_security', nullable: true })
  smtpSecurity: SmtpSecurity | null;

  @Column('text', { name: 'smtp_username', nullable: true })
  smtpUsername: string | null;

  @Column('bytea', { name: 'secret_encrypted', nullable: true })
  secretEncrypted: Buffer | null;

  @Column('integer', { name: 'daily_cap', nullable: true })
  dailyCap: number | null;

  @Column('integer', { name: 'per_minute_cap', nullable: true })
  perMinuteCap: number | null;

  @Column('date', { name: 'warmup_started_on', nullable: true })
  warmupStartedOn: string | null;

  @Column('text', { name: 'unknown_outcome_policy', default: 'retry_once' })
  unknownOutcomePolicy: UnknownOutcomePolicy;

  @Column('text', { default: 'active' })
  status: MailboxStatus;

  @VersionColumn({ name: 'row_version' })
  rowVersion: number;

  @CreateDateColumn({ name: 'created_at', type: 'timestamptz' })
  createdAt: Date;

  @UpdateDateColumn({ name: 'updated_at', type: 'timestamptz' })
  updatedAt: Date;
}
