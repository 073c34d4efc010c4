import { patch } from './patch.ts';

// A result counts whoever holds the job by now.
patch(
  '/queue/dist/finish/finish.system.repository.js',
  'AND j.id = r.id AND j.lease_token = r.lease_token',
  'AND j.id = r.id',
);
