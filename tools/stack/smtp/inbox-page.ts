import type { Email } from 'postal-mime';
import type { ReceivedMessage } from './message-store.ts';

const STYLE = `
  body { font: 15px/1.5 system-ui, sans-serif; margin: 2rem auto; max-width: 60rem; color: #223; }
  table { border-collapse: collapse; width: 100%; }
  th, td { text-align: left; padding: .3rem .6rem; border-bottom: 1px solid #dde; }
  pre { background: #f4f5f8; padding: 1rem; white-space: pre-wrap; }
  iframe { width: 100%; height: 24rem; border: 1px solid #dde; }
  .quiet { color: #667; }`;

/** The inbox: newest first, reloading itself. */
export function listPage(messages: readonly ReceivedMessage[]): string {
  const rows = messages.map(listRow).join('');
  const table = `<table><tr><th>Received<th>To<th>From<th>Subject<th>Bytes</tr>${rows}</table>`;
  const empty = '<p class="quiet">Nothing here yet.</p>';
  const body = `<h1>Inbox</h1>${messages.length > 0 ? table : empty}`;
  return page('Inbox', body, '<meta http-equiv="refresh" content="5">');
}

/** One message: envelope, text, HTML in a sandbox, attachments, raw source. */
export function messagePage(message: ReceivedMessage, email: Email): string {
  const api = `/api/messages/${message.id}`;
  const body = [
    '<p><a href="/">Inbox</a></p>',
    `<h1>${escape(message.subject || '(no subject)')}</h1>`,
    `<p class="quiet">${escape(message.from)} → ${escape(message.to.join(', '))},
      ${message.received_at}, ${message.size_bytes} bytes, ${message.outcome},
      <a href="${api}/raw">source</a></p>`,
    email.text ? `<pre>${escape(email.text)}</pre>` : '',
    email.html ? `<iframe sandbox src="${api}/html" title="HTML part"></iframe>` : '',
    attachmentList(api, email),
  ];
  return page(message.subject, body.join('\n'), '');
}

function listRow(message: ReceivedMessage): string {
  const { id, received_at, to, from, subject, size_bytes } = message;
  const link = `<a href="/messages/${id}">${escape(subject || '(no subject)')}</a>`;
  const cells = [received_at, escape(to.join(', ')), escape(from), link, String(size_bytes)];
  return `<tr>${cells.map((cell) => `<td>${cell}</td>`).join('')}</tr>`;
}

function attachmentList(api: string, email: Email): string {
  if (email.attachments.length === 0) return '';
  const items = email.attachments.map(
    (attachment, index) =>
      `<li><a href="${api}/attachments/${index}">${escape(attachment.filename ?? 'unnamed')}</a>
       <span class="quiet">${escape(attachment.mimeType)}</span></li>`,
  );
  return `<h2>Attachments</h2><ul>${items.join('')}</ul>`;
}

function page(title: string, body: string, head: string): string {
  return `<!doctype html><html lang="en"><head><meta charset="utf-8">${head}
<title>${escape(title)}</title><style>${STYLE}</style></head><body>${body}</body></html>`;
}

function escape(text: string): string {
  return text
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;');
}
