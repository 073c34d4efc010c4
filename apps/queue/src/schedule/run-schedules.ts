import { Injectable } from '@nestjs/common';
import { SystemDatabase, type SystemTransaction } from '@penguinmails/database';
import { counter, metrics } from '@penguinmails/observability';
import { EventWriter } from '@penguinmails/outbox';
import { EnqueueJobs } from '../enqueue/enqueue-jobs.js';
import { JobTypes } from '../job-type/job-types.js';
import { defectOf, scheduleDisabled } from './schedule-event.js';
import { type DueSchedule, jobsOf, type PlannedRuns, planRuns } from './schedule.js';
import { ScheduleSystemRepository } from './schedule.system.repository.js';

/** Schedules of one round; more wait for the next. */
const BATCH = 100;

/** What one round did. */
export interface ScheduleRound {
  /** False: another replica is at it. */
  readonly led: boolean;
  readonly jobs: number;
}

/** Why a schedule can never run. */
interface Defect {
  readonly schedule: DueSchedule;
  readonly code: string;
}

/**
 * Makes jobs of what is due. The jobs and the next time are written in one transaction under an advisory
 * lock, so a run is started once, however many replicas look and whenever one of them dies.
 */
@Injectable()
export class RunSchedules {
  constructor(
    private readonly database: SystemDatabase,
    private readonly repository: ScheduleSystemRepository,
    private readonly enqueueJobs: EnqueueJobs,
    private readonly events: EventWriter,
    private readonly types: JobTypes,
  ) {}

  execute(): Promise<ScheduleRound> {
    return this.database.transaction((tx) => this.round(tx));
  }

  private async round(tx: SystemTransaction): Promise<ScheduleRound> {
    if (!(await this.repository.tryLead(tx))) return { led: false, jobs: 0 };
    const types = this.types.all().map(({ type }) => type);
    const due = await this.repository.lockDue(tx, types, BATCH);
    const planned = due.map((schedule) => plan(schedule, schedule.now));
    await this.disable(tx, planned.filter(isDefect));
    const runs = planned.flatMap((one) => (isDefect(one) ? [] : [one]));
    return { led: true, jobs: await this.start(tx, runs) };
  }

  private async start(tx: SystemTransaction, runs: readonly PlannedRuns[]): Promise<number> {
    const requests = runs.flatMap(jobsOf);
    await this.enqueueJobs.enqueue(tx, requests);
    await this.repository.advance(tx, runs);
    tx.onCommit(() => {
      for (const { type } of requests)
        counter(metrics.scheduledRuns).add(1, { 'penguinmails.job.type': type });
    });
    return requests.length;
  }

  private async disable(tx: SystemTransaction, defects: readonly Defect[]): Promise<void> {
    if (defects.length === 0) return;
    await this.repository.disable(
      tx,
      defects.map(({ schedule }) => schedule),
    );
    const events = defects.map(({ schedule, code }) => scheduleDisabled(schedule, code));
    await this.events.write(tx, events);
  }
}

/** One that can never run must not keep the others from running. */
function plan(schedule: DueSchedule, now: Date): PlannedRuns | Defect {
  try {
    return planRuns(schedule, now);
  } catch (error) {
    const code = defectOf(error);
    if (code === undefined) throw error;
    return { schedule, code };
  }
}

function isDefect(planned: PlannedRuns | Defect): planned is Defect {
  return 'code' in planned;
}
