import type { SourceChange } from '../../mutants/source-change.ts';

const SAME_JOB = "${sameTenant('j.tenant_id', 'r.tenant_id')} AND j.id = r.id";

/** A result counts whoever holds the job by now, one that completes it and one that does not. */
export const noFencing: readonly SourceChange[] = ['ON', 'WHERE'].map((before) => ({
  file: 'apps/queue/dist/finish/finish.system.repository.js',
  find: `${before} ${SAME_JOB} AND j.lease_token = r.lease_token`,
  replace: `${before} ${SAME_JOB}`,
}));

/** Every event counts as new. */
export const noInbox: SourceChange = {
  file: 'libs/outbox/dist/inbox.js',
  find: `if (taken === 0)
        return new Set();
    return new Set(ids ?? eventIds.map((id) => id.toLowerCase()));`,
  replace: 'return new Set(eventIds.map((id) => id.toLowerCase()));',
};

/** An outage of the queue is not added to the running leases. */
export const outageAgesLeases: SourceChange = {
  file: 'apps/queue/dist/rescue/rescue.system.repository.js',
  find: 'await tx.query(EXTEND, [...keyColumns(rows), outageMs]);',
  replace: '',
};

/** The events of an accepted e-mail are written by themselves, a moment after its commit: both ways. */
export const publishAfterCommit: readonly SourceChange[] = [
  {
    file: 'apps/oltp/dist/email/accept-email.js',
    find: 'await this.events.write(tx, acceptanceEvents(tx.tenantId, email, domainKey));',
    replace: `const events = acceptanceEvents(tx.tenantId, email, domainKey);
   const write = () =>
     this.tenants.transaction(caller.tenantId, (own) => this.events.write(own, events));
   tx.onCommit(() => setTimeout(write, 500));`,
  },
  {
    file: 'apps/oltp/dist/email/accept-together.js',
    find: 'return this.accepted.store(tx, emails, this.events.prepare(tx, changes));',
    replace: `const storing = this.accepted.store(tx, emails, []);
   const write = async () => {
     const stored = await storing;
     for (const { n, call } of emails.filter(({ n }) => stored.has(n)))
       await this.tenants.transaction(call.caller.tenantId, (own) =>
         this.events.write(own, changes[n].events));
   };
   tx.onCommit(() => setTimeout(write, 500));
   return storing;`,
  },
];
