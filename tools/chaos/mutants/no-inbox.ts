import { patch } from './patch.ts';

// Every event counts as new.
patch(
  '/outbox/dist/inbox.js',
  'return new Set(rows.map(({ event_id }) => event_id));',
  'return new Set(eventIds.map((id) => id.toLowerCase()));',
);
