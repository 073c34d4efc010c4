import { patch } from './patch.ts';

// The events of an accepted e-mail are written by themselves, a moment after its commit.
patch(
  '/oltp/dist/email/accept-email.js',
  'await this.events.write(tx, acceptanceEvents(tx.tenantId, email, domainKey));',
  `const events = acceptanceEvents(tx.tenantId, email, domainKey);
   const write = () =>
     this.tenants.transaction(caller.tenantId, (own) => this.events.write(own, events));
   tx.onCommit(() => setTimeout(write, 500));`,
);
