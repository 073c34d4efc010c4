import { FAIR_MS, inFairWeather } from '../../weather.ts';
import { type Form, shortForm } from '../form.ts';
import { Scene } from '../scene.ts';
import type { Stage } from '../stage.ts';
import { Bench } from './bench.ts';
import { holdRules } from './hold-rules.ts';
import { leaseRules } from './lease-rules.ts';
import { metricRules } from './metric-rules.ts';
import { orderRules } from './order-rules.ts';
import type { Rule } from './rule.ts';

export const rules: readonly Rule[] = [
  ...[...orderRules, ...holdRules],
  ...[...leaseRules, ...metricRules],
];

/** One line of the output. */
export interface RuleReport {
  readonly rule: string;
  readonly replicas: number;
  readonly ok: boolean;
  /** What was found instead. */
  readonly detail?: string;
  readonly ms: number;
}

/** What a hasty rule bears. */
const FAIR_TO_HASTY_MS = 150;

/** The leases of the rules are short: what they say does not depend on their length. */
const FORM: Form = shortForm;

/** All rules, one after another, against so many replicas. */
export async function runRules(
  stage: Stage,
  replicas: number,
  mutant: readonly string[],
  onReport: (report: RuleReport) => void = () => undefined,
): Promise<RuleReport[]> {
  const scene = await Scene.create(stage, FORM, { replicas, workers: 0 }, mutant);
  try {
    await scene.startQueue();
    const bench = new Bench(scene);
    const reports: RuleReport[] = [];
    for (const rule of rules) {
      const report = await inFairWeather({
        run: () => runRule(bench, rule),
        isFinal: ({ ok }) => ok,
        questions: bench.questions,
        fairMs: rule.isHasty ? FAIR_TO_HASTY_MS : FAIR_MS,
      });
      onReport(report);
      reports.push(report);
    }
    return reports;
  } finally {
    await scene.close();
    await Promise.all(scene.replicas.map((name) => scene.part(name).stop()));
  }
}

async function runRule(bench: Bench, { name, check }: Rule): Promise<RuleReport> {
  await bench.clear();
  const startedAt = performance.now();
  const said = (failure?: Error): RuleReport => ({
    rule: name,
    replicas: bench.replicas.length,
    ok: !failure,
    ...(failure && { detail: failure.message }),
    ms: Math.round(performance.now() - startedAt),
  });
  try {
    await check(bench);
    return said();
  } catch (error) {
    return said(error as Error);
  }
}

export const brokenRules = (reports: readonly RuleReport[]): string[] =>
  reports.filter(({ ok }) => !ok).map(({ rule, detail }) => `${rule}: ${detail ?? ''}`);
