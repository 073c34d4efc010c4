import { patch } from './patch.ts';

// An outage of the queue is not added to the running leases.
patch(
  '/queue/dist/rescue/rescue.system.repository.js',
  'await tx.query(EXTEND_ALL, [outageMs]);',
  '',
);
