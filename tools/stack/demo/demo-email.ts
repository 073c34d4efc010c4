import type { StackPlan } from '../plan.ts';
import type { DemoTenant } from '../secrets.ts';
import type { DemoEmail } from './evidence/evidence.ts';
import { callGateway } from './gateway.ts';

/** One e-mail from the tenant to a mailbox of its own domain, which the sink takes. */
export async function sendDemoEmail(
  plan: StackPlan,
  tenant: DemoTenant,
): Promise<{ email: DemoEmail; acceptedAt: Date }> {
  const sentAt = new Date();
  const to = `inbox@${tenant.from.split('@')[1]}`;
  const subject = `Hello from PenguinMails at ${sentAt.toISOString()}`;
  const accepted = await callGateway<{ id: string }>(plan, tenant.live, 'POST', '/v1/emails', {
    from: tenant.from,
    to,
    subject,
    text: 'This e-mail went through all five tiers.\n',
    html: '<p>This e-mail went through <strong>all five tiers</strong>.</p>',
    attachments: [report(sentAt)],
    tags: [{ name: 'purpose', value: 'demo' }],
  });
  const email = { plan, tenantId: tenant.id, id: accepted.id, to, subject, sentAt };
  return { email, acceptedAt: new Date() };
}

function report(at: Date): object {
  return {
    filename: 'report.csv',
    content_type: 'text/csv',
    content: Buffer.from(`what,when\ndemonstration,${at.toISOString()}\n`).toString('base64'),
    disposition: 'attachment',
  };
}
