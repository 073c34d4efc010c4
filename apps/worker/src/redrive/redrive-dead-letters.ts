import { type JobPayload, validateJobPayload } from '@penguinmails/contracts';
import type { QueueClient, RedriveStep } from '../clients/queue.client.js';
import type { HeldJob } from '../lease/held-jobs.js';
import type { Step, SteppedWork } from '../stepped/stepped-work.js';

type Payload = JobPayload<'dead_letters_redrive'>;

/** Most letters that the queue takes at once. */
const STEP_LETTERS = 500;

/**
 * Job type `dead_letters_redrive`: makes jobs of all dead letters that fit a filter. Letters that die
 * while it runs are left: a job that dies at once would go round for ever.
 */
export class RedriveDeadLetters implements SteppedWork {
  readonly type = 'dead_letters_redrive';

  constructor(private readonly queue: Pick<QueueClient, 'redrive'>) {}

  total(job: HeldJob): number | null {
    return payloadOf(job).expected ?? null;
  }

  async *steps(job: HeldJob): AsyncIterable<Step> {
    const filter = boundedFilter(payloadOf(job), job.created_at);
    let step: RedriveStep;
    do {
      step = await this.queue.redrive(filter, STEP_LETTERS);
      yield { done: step.redriven.length, failed: 0 };
    } while (step.more && step.redriven.length > 0);
  }
}

/** @throws ContractViolationError for a row that no use case of the queue has written */
function payloadOf({ payload }: HeldJob): Payload {
  const given: unknown = payload;
  validateJobPayload('dead_letters_redrive', given);
  return given;
}

function boundedFilter({ filter }: Payload, createdAt: string): Payload['filter'] {
  const asked = filter.died_before;
  const isEarlier = asked !== undefined && Date.parse(asked) < Date.parse(createdAt);
  return { ...filter, died_before: isEarlier ? asked : createdAt };
}
